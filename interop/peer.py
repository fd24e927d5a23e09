"""Writes or checks the arrays of a list of cases with another implementation.

    peer.py write|read zarr-python|tensorstore|zarrs CASES.json DIR

Each case is an array DIR/NAME. For each a line is printed: NAME, a tab, and
nothing or what went wrong, as a JSON string.

The values of the elements follow from the case alone. The Go side computes the
same ones (value_test.go); both sides compare them bit for bit.
"""

import json
import os
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")


def unsigned(dtype):
    """The unsigned integers that have the bits of dtype, or of its parts."""
    return np.dtype(f"u{dtype.itemsize // (2 if dtype.kind == 'c' else 1)}")


def specials(dtype):
    """Bits of values that are easy to get wrong."""
    n = 8 * dtype.itemsize
    if dtype.kind in "iu":
        return [0, 2**n - 1, 2 ** (n - 1), 2 ** (n - 1) - 1]
    mantissa = {16: 10, 32: 23, 64: 52}[n]
    inf = (2 ** (n - 1 - mantissa) - 1) << mantissa
    sign = 1 << (n - 1)
    return [inf | 1 << (mantissa - 1), inf, sign | inf, sign, inf - 1, 1, 1 << mantissa, sign | inf | 3 << (mantissa - 2)]


def values(case):
    dtype = np.dtype(case["dtype"])
    shape = tuple(case["shape"])
    word = unsigned(dtype)
    parts = dtype.itemsize // word.itemsize
    i = np.arange(int(np.prod(shape, dtype=object)) * parts, dtype=np.uint64)
    noise = (i + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    noise ^= noise >> np.uint64(32)
    ramp = (i % np.uint64(13)).astype(np.int64) - 6
    if dtype.kind == "b":
        bits = (noise & np.uint64(1)).astype(word)
    else:
        part = np.dtype(f"f{word.itemsize}") if dtype.kind in "fc" else dtype
        bits = np.where(i // np.uint64(16) % np.uint64(2) == 0, noise.astype(word), ramp.astype(part).view(word))
        special = np.array(specials(part), word)
        k = i % np.uint64(5 * len(special))
        bits = np.where(k % np.uint64(5) == 3, special[(k // np.uint64(5)).astype(int)], bits)
    a = bits.astype(word).view(dtype).reshape(shape)
    a[absent(case)] = fill(case)
    return a


def absent(case):
    """Which elements are left at the fill value: whole chunks, and whole inner chunks of shards."""
    sums = []
    for box in (case["chunks"], case["inner"]):
        s = np.zeros(case["shape"], int)
        for axis, (n, c) in enumerate(zip(case["shape"], box)):
            s += (np.arange(n) // c).reshape([-1 if j == axis else 1 for j in range(len(box))])
        sums.append(s)
    return (sums[0] % 4 == 3) | (sums[1] % 3 == 2)


def fill(case):
    """The fill value, from its bits."""
    return np.frombuffer(bytes.fromhex(case["fill_bits"]), case["dtype"])[0]


def metadata(case):
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": case["shape"],
        "data_type": case["dtype"],
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": case["chunks"]}},
        "chunk_key_encoding": case["keys"],
        "fill_value": case["fill"],
        "codecs": case["codecs"],
        "attributes": case["attributes"],
        **({"dimension_names": case["names"]} if case["names"] else {}),
    }


class ZarrPython:
    def __init__(self):
        import zarr

        self.zarr = zarr

    def write(self, path, case):
        a = self.zarr.create(
            store=path, zarr_format=3, overwrite=True, shape=case["shape"], chunks=case["chunks"], dtype=case["dtype"],
            fill_value=fill(case), codecs=case["codecs"], chunk_key_encoding=case["keys"],
            dimension_names=case["names"] or None, attributes=case["attributes"],
        )
        a[...] = values(case)

    def read(self, path):
        a = self.zarr.open_array(path, mode="r", zarr_format=3)
        names = a.metadata.dimension_names
        return a[...], a.attrs.asdict(), names and list(names)


class Zarrs(ZarrPython):
    def __init__(self):
        super().__init__()
        import zarrs  # noqa: F401

        self.zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline", "codec_pipeline.strict": True})


class TensorStore:
    def __init__(self):
        import tensorstore

        self.ts = tensorstore
        self.context = tensorstore.Context()

    def open(self, path, **kw):
        spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": path}, **kw}
        return self.ts.open(spec, context=self.context, create="metadata" in kw, delete_existing="metadata" in kw).result()

    def write(self, path, case):
        self.open(path, metadata=metadata(case))[...].write(values(case)).result()

    def read(self, path):
        a = self.open(path)
        with open(os.path.join(path, "zarr.json")) as f:
            attributes = json.load(f).get("attributes", {})  # which its interface does not show
        names = [label or None for label in a.domain.labels]
        return a.read().result(), attributes, names


PEERS = {"zarr-python": ZarrPython, "tensorstore": TensorStore, "zarrs": Zarrs}


def check(case, got, attributes, names):
    want = values(case)
    got = np.asarray(got)
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"got {got.dtype} {got.shape}, want {want.dtype} {want.shape}"
    if got.tobytes() != want.tobytes():
        item = want.dtype.itemsize
        a, b = (np.frombuffer(x.tobytes(), f"V{item}") for x in (got, want))
        bad = np.flatnonzero(a != b)
        return f"{len(bad)} of {len(b)} elements differ, first at flat index {bad[0]}: {bytes(a[bad[0]]).hex()}, want {bytes(b[bad[0]]).hex()}"
    if attributes != case["attributes"]:
        return f"attributes {attributes}, want {case['attributes']}"
    if (names or [None] * len(case["shape"])) != (case["names"] or [None] * len(case["shape"])):
        return f"dimension names {names}, want {case['names']}"
    return ""


def main(verb, peer, cases, root):
    peer = PEERS[peer]()
    with open(cases) as f:
        cases = json.load(f)
    for case in cases:
        path = os.path.join(root, case["name"])
        fault = ""
        try:
            if verb == "write":
                peer.write(path, case)
            else:
                fault = check(case, *peer.read(path))
        except BaseException as e:  # also the panics of Rust
            if isinstance(e, KeyboardInterrupt):
                raise
            fault = f"{type(e).__name__}: {e}"
        print(case["name"], json.dumps(fault), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
