"""Makes the small files in this folder: netCDF4's three classic formats.

usage: small.py DIRECTORY
"""
import os
import sys

import netCDF4
import numpy as np

for version, form in (1, "NETCDF3_CLASSIC"), (2, "NETCDF3_64BIT_OFFSET"), (5, "NETCDF3_64BIT_DATA"):
    with netCDF4.Dataset(os.path.join(sys.argv[1], f"small-{version}.nc"), "w", format=form) as d:
        d.title = "small"
        d.numbers = np.arange(3, dtype="i2")
        for name, n in ("time", None), ("x", 5), ("chars", 8), ("alone", 3):
            d.createDimension(name, n)
        v = d.createVariable("t", "f4", ("time", "x"), fill_value=-9.5)
        v.units = "K"
        v[:] = np.arange(35).reshape(7, 5)
        v = d.createVariable("time", "f8", ("time",))
        v.units = "hours since 2026-01-01"
        v[:] = np.arange(7) / 2
        d.createVariable("flags", "i1", ("time",))[:] = np.arange(7) - 3
        d.createVariable("wide", "f8", ("time", "alone", "x"))[:] = np.arange(105).reshape(7, 3, 5)
        d.createVariable("names", "S1", ("x", "chars"))[:] = netCDF4.stringtochar(np.array(["ab", "c", "", "defg", "12345678"], "S8"))
        d.createVariable("grid", "i4", ("x", "chars"))[:] = np.arange(40).reshape(5, 8)
        d.createVariable("one", "i2", ())[...] = 7
        if version == 5:
            d.createVariable("large", "u8", ("x",))[:] = np.arange(5, dtype="u8") + 2**63
