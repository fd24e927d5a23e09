"""Writes or checks arrays of Zarr v2 with zarr-python: 2.18, or 3 with zarr_format=2.

    peer2.py write|read zarr|tensorstore CASES.json DIR

Each case is an array DIR/NAME. What its elements are is in NAME.bin, in C order and
the machine's byte order, or in NAME.json if they have any length. For each case a
line is printed: NAME, a tab, and nothing or what went wrong, as a JSON string.
"""

import base64
import json
import os
import sys
import warnings

import numcodecs
import numpy as np

warnings.simplefilter("ignore")


def dtype(case):
    d = case["dtype"]
    return np.dtype([tuple(f) for f in d]) if isinstance(d, list) else np.dtype(d)


def values(case):
    d, shape = dtype(case), tuple(case["shape"])
    n = int(np.prod(shape, dtype=object))
    i = np.arange(n)
    if d.kind == "O":
        words = ["", "a", "é", "日本", "x" * 50]
        v = [words[k % 5] if case["objects"] == "text" else words[k % 5].encode() for k in range(n)]
        a = np.empty(n, object)
        a[:] = v
    elif d.kind == "b":
        a = (i * i) % 3 == 1
    elif d.kind in "iu":
        a = ((i * 7919) % 251 - (100 if d.kind == "i" else 0)).astype(d)
    elif d.kind == "f":
        a = ((i % 17) * 0.25 - 2 if case.get("coarse") else np.sin(i) * 100).astype(d)
        if n > 5 and not case.get("coarse"):
            a[[1, 3, 5]] = np.nan, np.inf, -0.0
    elif d.kind == "c":
        a = (np.sin(i) + 1j * i).astype(d)
    elif d.kind in "mM":
        a = (i * 86400 - 5).astype("i8").view(d.newbyteorder("=")).astype(d)
    elif d.kind == "U":
        a = np.array([["", "é", "xyz"][k % 3] for k in range(n)], d)
    elif d.kind == "S":
        a = np.array([[b"", b"ab", b"\xff\x00z"][k % 3] for k in range(n)], d)
    else:
        a = np.zeros(n, d)
        a.view("u1").reshape(n, -1)[:] = (np.arange(n * d.itemsize) % 199).reshape(n, -1)
        if d.names:
            for f in d.names:
                if d[f].kind == "b":
                    a[f] = i % 2
    a = a.reshape(shape)
    if len(shape) and case["hole"]:
        a[: case["chunks"][0]] = fill(case)  # not stored by those who leave out what is all fill
    return a


def fill(case):
    d = dtype(case)
    if case["fill"] is None:
        return np.zeros((), d)[()] if d.kind != "O" else ("" if case["objects"] == "text" else b"")
    if d.kind in "SV":
        raw = base64.b64decode(case["fill"])
        return np.frombuffer(raw, d)[0] if d.kind == "V" else np.array(raw, d)[()]
    if d.kind == "O":
        return case["fill"] if case["objects"] == "text" else base64.b64decode(case["fill"])
    if d.kind in "mM":
        return np.array(case["fill"], "i8").view(d.newbyteorder("="))[()]
    if d.kind == "c":
        return d.type(complex(*map(float, case["fill"])))
    return np.array(float(case["fill"]) if d.kind == "f" else case["fill"], d)[()]


def dump(path, a):
    if a.dtype.kind == "O":
        with open(path + ".json", "w") as f:
            json.dump([v if isinstance(v, str) else base64.b64encode(v).decode() for v in a.ravel()], f)
        return
    with open(path + ".bin", "wb") as f:
        f.write(np.ascontiguousarray(a.astype(a.dtype.newbyteorder("="))).tobytes())


class Zarr:
    def __init__(self):
        import zarr

        self.zarr = zarr
        self.old = zarr.__version__.startswith("2.")

    def write(self, path, case):
        a = values(case)
        kw = dict(
            shape=case["shape"], chunks=case["chunks"], dtype=dtype(case), order=case["order"], fill_value=None if case["fill"] is None else fill(case),
            filters=[numcodecs.get_codec(f) for f in case["filters"]] if case["filters"] else None,
            compressor=numcodecs.get_codec(case["compressor"]) if case["compressor"] else None,
            dimension_separator=case["separator"], overwrite=True, store=path,
        )
        if not self.old:
            kw["zarr_format"] = 2
        if dtype(case).kind == "O" and self.old:
            kw["object_codec"] = kw["filters"].pop(0)
        elif dtype(case).kind == "O":
            kw["dtype"] = self.zarr.dtype.VariableLengthUTF8() if case["objects"] == "text" else self.zarr.dtype.VariableLengthBytes()
        z = self.zarr.create(**kw)
        if case["attributes"]:
            z.attrs.update(case["attributes"])
        z[...] = a
        dump(path, a)

    def read(self, path, case):
        z = self.zarr.open(path, mode="r") if self.old else self.zarr.open_array(path, mode="r", zarr_format=2)
        return z[...], dict(z.attrs)


class TensorStore:
    def __init__(self):
        import tensorstore

        self.ts = tensorstore

    def spec(self, path):
        return {"driver": "zarr", "kvstore": {"driver": "file", "path": path}}

    def write(self, path, case):
        d = case["dtype"]
        meta = {
            "shape": case["shape"], "chunks": case["chunks"], "dtype": d, "order": case["order"], "fill_value": case["fill"],
            "filters": None, "compressor": case["compressor"], "dimension_separator": case["separator"],
        }
        a = values(case)
        self.ts.open({**self.spec(path), "metadata": meta}, create=True, delete_existing=True).result()[...].write(a).result()
        dump(path, a)

    def read(self, path, case):
        a = self.ts.open(self.spec(path)).result().read().result()
        return a, None


PEERS = {"zarr": Zarr, "tensorstore": TensorStore}


def check(case, got, attributes):
    want = values(case)
    got = np.asarray(got, None if np.shape(got) else want.dtype)  # a scalar has lost its length
    if want.dtype.kind == "O":
        have = [v.encode() if isinstance(v, str) and case["objects"] != "text" else v for v in got.ravel().tolist()]
        return "" if have == want.ravel().tolist() and got.shape == want.shape else f"got {got!r}"
    if got.dtype.newbyteorder("=") != want.dtype.newbyteorder("=") or got.shape != want.shape:
        return f"got {got.dtype} {got.shape}, want {want.dtype} {want.shape}"
    a, b = (np.ascontiguousarray(x.astype(x.dtype.newbyteorder("="))).tobytes() for x in (got, want))
    if a != b:
        return f"elements differ: {got.ravel()[:8]}…, want {want.ravel()[:8]}…"
    if attributes is not None and attributes != case["attributes"]:
        return f"attributes {attributes}, want {case['attributes']}"
    return ""


def main(verb, peer, cases, root):
    peer = PEERS[peer]()
    with open(cases) as f:
        cases = json.load(f)
    for case in cases:
        path = os.path.join(root, case["name"])
        try:
            fault = peer.write(path, case) or "" if verb == "write" else check(case, *peer.read(path, case))
        except Exception as e:
            fault = f"{type(e).__name__}: {e}"
        print(case["name"], json.dumps(fault), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
