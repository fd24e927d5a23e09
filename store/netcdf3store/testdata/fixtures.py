"""Makes netCDF classic files with all that writes them, and says in JSON what netCDF4 reads in them.

usage: fixtures.py DIRECTORY
"""
import base64
import json
import os
import sys

import netCDF4
import numpy as np
import xarray as xr
from scipy.io import netcdf_file

os.chdir(sys.argv[1])
formats = {1: "NETCDF3_CLASSIC", 2: "NETCDF3_64BIT_OFFSET", 5: "NETCDF3_64BIT_DATA"}
rng = np.random.default_rng(7)


def create(name, version):
    return netCDF4.Dataset(f"{name}-{version}.nc", "w", format=formats[version])


def attributes(o, version):
    o.setncattr("text", "Größe in °C")
    o.setncattr("empty", "")
    for t in ["i1", "i2", "i4", "f4", "f8"] + ["u1", "u2", "u4", "i8", "u8"] * (version == 5):
        o.setncattr("one_" + t, np.array(100 / 3, t))
        o.setncattr("many_" + t, np.array([1, 0, 100 / 7, np.iinfo(t).max if t[0] in "iu" else 1e20], t))
        o.setncattr("none_" + t, np.array([], t))
    o.setncattr("special", np.array([np.nan, np.inf, -np.inf, -0.0]))


for version in formats:
    types = ["i1", "i2", "i4", "f4", "f8"] + ["u1", "u2", "u4", "i8", "u8"] * (version == 5)
    with create("types", version) as d:
        attributes(d, version)
        for name, n in ("time", None), ("y", 3), ("x", 7), ("alone", 4), ("w", 1):
            d.createDimension(name, n)
        for t in types + ["S1"]:
            for dims in (), ("x",), ("time",), ("y", "x"), ("time", "x"), ("time", "y", "x"), ("w", "y", "w", "x"):
                fill = None
                if dims == ("time", "x"):
                    fill = b"*" if t == "S1" else 42
                v = d.createVariable(f"{t}_{'_'.join(dims)}".rstrip("_"), t, dims, fill_value=fill)
                shape = [5 if n == "time" else len(d.dimensions[n]) for n in dims]
                if t == "S1":
                    v[...] = rng.integers(65, 91, shape, "u1").view("S1") if shape else b"Q"
                elif fill is None:
                    v[...] = rng.integers(0, 100, shape)
                else:
                    v[1:3] = rng.integers(0, 100, shape)[1:3]
                if dims == ("y", "x"):
                    attributes(v, version)
    for t in types + ["S1"]:  # the only record variable: its records are not filled up
        for n in 0, 1, 5:
            with create(f"single-{t}-{n}", version) as d:
                d.createDimension("time", None)
                d.createDimension("x", 3)
                d.createVariable("fixed", "i2", ("x",))[:] = [1, 2, 3]
                v = d.createVariable("v", t, ("time", "x"))
                v[0:n] = rng.integers(65, 91, (n, 3), "u1").view("S1") if t == "S1" else rng.integers(0, 100, (n, 3))
    with create("none", version) as d:
        pass
    with create("dimensions", version) as d:
        d.createDimension("time", None)
        d.createDimension("x", 3)
    with create("empty", version) as d:
        d.createDimension("time", None)
        d.createDimension("x", 3)
        d.createVariable("a", "f4", ("time", "x"))
        d.createVariable("b", "f8", ("time",))
        d.createVariable("unwritten", "f8", ("x",))
    with create("names", version) as d:
        d.createDimension("ß", 2)
        for i, name in enumerate(["Größe", "a b", "zarr.json", "c", "0", "a%b+c.d@e", "__x__"]):
            d.createVariable(name, "i4", ("ß",))[:] = [i, i + 1]
            d[name].setncattr("dosna", "theirs")
        d.setncattr("dosna", "theirs")
    with create("small-records", version) as d:
        d.createDimension("time", None)
        d.createVariable("time", "f8", ("time",))[:] = np.arange(200_000) / 4
        d.createVariable("flag", "i1", ("time",))[:] = rng.integers(0, 100, 200_000)

with create("large", 2) as d:
    d.createDimension("time", None)
    d.createDimension("y", 811)
    d.createDimension("x", 709)
    d.createDimension("many", 1_300_003)
    d.createVariable("fixed", "f8", ("y", "x"))[:] = rng.random((811, 709))
    d.createVariable("line", "i4", ("many",))[:] = np.arange(1_300_003)
    d.createVariable("records", "f8", ("time", "y", "x"))[:] = rng.random((2, 811, 709))
    d.createVariable("other", "i2", ("time", "x"))[:] = rng.integers(0, 100, (2, 709))

for version in 1, 2:
    with netcdf_file(f"scipy-{version}.nc", "w", version=version) as d:
        d.history = "made by scipy"
        d.createDimension("time", None)
        d.createDimension("x", 5)
        for t in "i1", "i2", "i4", "f4", "f8":
            d.createVariable("r" + t, t, ("time", "x"))[:] = rng.integers(0, 100, (4, 5))
            d.createVariable("f" + t, t, ("x",))[:] = rng.integers(0, 100, 5)
        d.createVariable("s", "S1", ("x",))[:] = list("abcde")
        d.variables["ri2"].scale_factor = 0.5
    with netcdf_file(f"scipy-single-{version}.nc", "w", version=version) as d:
        d.createDimension("time", None)
        d.createDimension("x", 3)
        d.createVariable("v", "i2", ("time", "x"))[:] = rng.integers(0, 100, (4, 3))

ds = xr.Dataset(
    {"t": (("time", "x"), rng.random((6, 4)), {"units": "K"}), "n": ("x", np.arange(4)), "s": ("x", np.array(["ab", "c", "", "défg"]))},
    {"time": np.arange("2026-01-01", "2026-01-07", dtype="M8[D]").astype("M8[ns]"), "x": np.arange(4) * 0.5},
    {"title": "made by xarray"})
ds.t.values[2, 1] = np.nan
ds.to_netcdf("xarray-scipy-1.nc", engine="scipy", format="NETCDF3_CLASSIC", unlimited_dims=["time"])
ds.to_netcdf("xarray-scipy-2.nc", engine="scipy", format="NETCDF3_64BIT")
ds.to_netcdf("xarray-netcdf4-1.nc", engine="netcdf4", format="NETCDF3_CLASSIC")
ds.to_netcdf("xarray-netcdf4-2.nc", engine="netcdf4", format="NETCDF3_64BIT", unlimited_dims=["time"],
             encoding={"t": {"dtype": "i2", "scale_factor": 0.001, "_FillValue": -1}})


def plain(v):
    if isinstance(v, (str, bytes)):
        return v if isinstance(v, str) else v.decode()
    if isinstance(v, np.ndarray):
        return [plain(x) for x in v]
    if np.isnan(v):
        return "NaN"
    if np.isinf(v):
        return "Infinity" if v > 0 else "-Infinity"
    return int(v) if v.dtype.kind in "iu" else float(str(v))  # the digits that tell it from others of its type


def attrs(o):
    return {name: plain(o.getncattr(name)) for name in o.ncattrs()}


out = {}
for name in sorted(os.listdir(".")):
    if not name.endswith(".nc"):
        continue
    with netCDF4.Dataset(name) as d:
        d.set_auto_maskandscale(False)
        d.set_auto_chartostring(False)
        out[name] = {"attrs": attrs(d), "format": d.data_model, "variables": {}}
        for v in d.variables.values():
            data = np.asarray(v[...])
            little = data.dtype.newbyteorder("<")
            out[name]["variables"][v.name] = {
                "shape": list(v.shape), "dims": list(v.dimensions), "type": little.str, "attrs": attrs(v),
                "data": base64.b64encode(np.ascontiguousarray(data.astype(little)).tobytes()).decode()}
with open("values.json", "w") as f:
    json.dump(out, f)
