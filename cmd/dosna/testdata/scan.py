"""Makes scan.nxs, a small NeXus file, for the scripts.  scan.py FILE"""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "w", userblock_size=512) as f:
    f.attrs["default"] = "entry"
    e = f.create_group("entry")
    e.attrs["NX_class"] = "NXentry"
    e["title"] = "a small scan"
    e["start_time"] = np.bytes_("2026-01-01T12:00:00")
    d = e.create_dataset("data/data", (120, 8, 6), "<u2", chunks=(1, 8, 6), maxshape=(None, 8, 6), compression="gzip", shuffle=True)
    d[...] = np.arange(120 * 48).reshape(120, 8, 6)
    d.attrs["units"], d.attrs["scale"] = "counts", 0.5
    g = e["data"]
    g.attrs["NX_class"], g.attrs["signal"], g.attrs["axes"] = "NXdata", "data", ["frame", "y", "x"]
    g["frame"] = np.arange(120, dtype="<i4")
    g["latest"] = h5py.SoftLink("/entry/data/data")
    e["sample/temperature"] = 293.5
    e["sample/state"] = np.array([0, 1, 1], h5py.enum_dtype({"off": 0, "on": 1}, "u1"))
    e["table"] = np.array([(1, 2.5, b"a"), (2, -1, b"bc")], [("n", "<i4"), ("x", "<f8"), ("name", "S4")])
    e.create_dataset("lzf", data=np.arange(64, dtype=">f4").reshape(8, 8), chunks=(4, 4), compression="lzf")
