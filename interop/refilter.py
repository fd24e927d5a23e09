"""Reads arrays with codecs of numcodecs, and writes the same anew.

    refilter.py NAMES.json DIR

Of each array DIR/ours/NAME, what is read is to be the bytes DIR/NAME.back. Then
DIR/NAME.data is written to DIR/theirs/NAME, under the same metadata, and what is
read of that goes to DIR/NAME.theirs. For each a line is printed: NAME, a tab, and
nothing or what went wrong, as a JSON string.
"""

import json
import pathlib
import shutil
import sys
import warnings

import numpy as np
import zarr

warnings.simplefilter("ignore")


def check(root, name):
    ours = zarr.open_array(str(root / "ours" / name), mode="r")
    back = np.frombuffer((root / f"{name}.back").read_bytes(), ours.dtype.newbyteorder("=")).reshape(ours.shape)
    got = np.ascontiguousarray(ours[...], dtype=back.dtype)
    if got.tobytes() != back.tobytes():
        at = np.argwhere(got.view("u1") != back.view("u1"))[0]
        return f"reads {got.flat[0]!r}… where {back.flat[0]!r}… are, first at {at}"
    theirs = root / "theirs" / name
    theirs.mkdir(parents=True)
    shutil.copy(root / "ours" / name / "zarr.json", theirs)
    a = zarr.open_array(str(theirs), mode="r+")
    a[...] = np.frombuffer((root / f"{name}.data").read_bytes(), back.dtype).reshape(ours.shape)
    (root / f"{name}.theirs").write_bytes(np.ascontiguousarray(a[...], dtype=back.dtype).tobytes())
    return ""


def main():
    root = pathlib.Path(sys.argv[2])
    for name in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        try:
            fault = check(root, name)
        except Exception as e:
            fault = f"{type(e).__name__}: {e}"
        print(f"{name}\t{json.dumps(fault)}")


main()
