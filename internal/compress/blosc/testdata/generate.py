#!/usr/bin/env python3
"""Makes numcodecs.zip: chunks by c-blosc, through numcodecs, for the Go tests.

    python generate.py            # writes numcodecs.zip beside this file
    python generate.py --read DIR # decodes what the Go test wrote to DIR

The name of an entry says how it was made; its plain bytes are made anew by the
reader, from the kind and the length, by the two functions below.
"""

import functools
import pathlib
import sys
import zipfile

from numcodecs import blosc


def ramp(n, size):
    """A slowly changing counter in each element, with a byte that is not."""
    return bytes(
        (i // size >> 8 * (i % size) & 255) if i % size < 3 else i // size * 7 // 50 & 255
        for i in range(n)
    )


def noise(n, size):
    out, x = bytearray(), 12345 + size
    for _ in range(n):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(x >> 24)
    return bytes(out)


@functools.cache
def made(kind, n, size):
    return {"ramp": ramp, "noise": noise}[kind](n, size)


def plain(name):
    f = dict(item.split("=") for item in name.split(","))
    return made(f["kind"], int(f["n"]), int(f["size"]))


def entries():
    for cname in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
        for shuffle in range(3):
            for size in [1, 2, 3, 4, 8, 16, 17, 255]:
                lengths = [0, 1, 127, 128, 129, 1000, 256 * min(size, 8), 2053]
                for n in lengths:
                    yield cname, 5, shuffle, size, 0, n, "ramp"
                yield cname, 5, shuffle, size, 0, 133, "noise"
            for size in [2, 4]:
                if shuffle != 0:
                    yield cname, 9, shuffle, size, 0, 70001, "ramp"
                    yield cname, 1, shuffle, size, 0, 140001, "ramp"
                yield cname, 5, shuffle, size, 1000, 5001, "ramp"
                yield cname, 5, shuffle, size, 1024, 5001, "noise"
                yield cname, 0, shuffle, size, 0, 1000, "ramp"


def read(directory):
    count = 0
    for path in sorted(directory.iterdir()):
        try:
            got = blosc.decompress(path.read_bytes())
        except RuntimeError as e:
            sys.exit(f"{path.name}: {e}")
        if bytes(got) != plain(path.name):
            sys.exit(f"{path.name}: decoded to other bytes")
        count += 1
    print(count)


def write():
    target = pathlib.Path(__file__).with_name("numcodecs.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as z:
        for cname, level, shuffle, size, block, n, kind in entries():
            name = f"cname={cname},level={level},shuffle={shuffle},size={size},block={block},n={n},kind={kind}"
            data = plain(name)
            chunk = blosc.compress(data, cname.encode(), level, shuffle, block, size)
            z.writestr(zipfile.ZipInfo(name), bytes(chunk), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(pathlib.Path(sys.argv[2]))
    else:
        write()
