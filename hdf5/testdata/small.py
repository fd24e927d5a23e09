"""Makes the small files that the tests of damage begin with.

usage: small.py DIRECTORY
"""
import sys

import h5py
import numpy as np

for libver in ("earliest", "latest"):
    with h5py.File(f"{sys.argv[1]}/small-{libver}.h5", "w", libver=libver) as h5:
        h5["a/b"] = np.arange(6, dtype=">i2").reshape(2, 3)
        h5["a/b"].attrs["text"] = "µ"
        h5["a/b"].attrs["list"] = [1.5, 2.5]
        h5["soft"] = h5py.SoftLink("/a/b")
        h5["out"] = h5py.ExternalLink("x.h5", "/y")
        h5.create_dataset("c", data=np.arange(20, dtype="u1"), chunks=(7,), maxshape=(None,), compression="gzip", shuffle=True, fletcher32=True)
        h5["s"] = np.array(["one", "two"], dtype=h5py.string_dtype())
        h5["t"] = np.zeros(2, [("x", "f4"), ("e", h5py.enum_dtype({"A": 1}, "i1")), ("in", [("y", "S2", (2,))])])
        h5["r"] = np.array([h5["a"].ref], dtype=h5py.ref_dtype)
        v = h5py.VirtualLayout((2, 6), "u1")
        v[0] = h5py.VirtualSource(".", "c", (20,))[3:9]
        h5.create_virtual_dataset("v", v)
