"""Makes netCDF-4 files, and compares what xarray sees in them with what it sees through references.

hdf5.py make DIR        makes DIR/daily.nc and DIR/other.nc
hdf5.py compare FILE REFERENCES GROUP PROTOCOL [ENDPOINT]
"""
import sys, warnings

import numpy as np
import xarray as xr

warnings.simplefilter("ignore")


def make(folder):
    import netCDF4
    rng = np.random.default_rng(1)
    t = rng.normal(280, 10, (3, 4, 5)).astype("f4")
    t[0, 0, 0] = np.nan
    daily = xr.Dataset(
        {"t": (("time", "lat", "lon"), t, {"units": "K", "levels": np.array([1.5]), "range": np.array([0, 400], "i2")}),
         "packed": (("lat", "lon"), np.linspace(0, 1, 20).reshape(4, 5)),
         "flag": (("lat",), np.array([True, False, True, True])),
         "names": (("lat",), np.array(["north", "tropic", "süd", ""], object)),
         "letters": (("lat",), np.array([b"north", b"tropic", b"s", b""], "S6")),
         "delta": (("time",), np.array([1, 2, 3], "m8[D]").astype("m8[ns]"))},
        {"time": np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[ns]"), "lat": [60., 20., -20., -60.], "lon": np.arange(5, dtype="i4")},
        {"title": "made by xarray", "version": 3})
    coding = {"t": {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": (2, 4, 3), "_FillValue": 1e20},
              "packed": {"dtype": "i2", "scale_factor": 0.001, "add_offset": 0.5, "_FillValue": -1}}
    daily.to_netcdf(f"{folder}/daily.nc", engine="netcdf4", encoding=coding, unlimited_dims=["time"])
    with netCDF4.Dataset(f"{folder}/other.nc", "w") as f:
        g = f.createGroup("run/1")
        f.createDimension("x", 6)
        f.createDimension("bounds", 2)  # and no variable
        g.createDimension("y", None)
        v = g.createVariable("chunked", "i2", ("y", "x"), zlib=True, fletcher32=True, fill_value=-7, chunksizes=(2, 4))
        v[:5] = np.arange(30).reshape(5, 6)
        v[6] = 1
        g.createVariable("big", ">f8", ("x", "bounds"), endian="big")[:] = np.arange(12.).reshape(6, 2)
        g.createVariable("x", "f4", ("bounds",))[:] = [1, 2]  # a variable with the name of another dimension
        g.createVariable("unwritten", "f4", ("bounds", "x"), fill_value=1e30)
        g.createVariable("number", "u1", ())[...] = 9
        g.number = 7


def compare(file, references, group, protocol, endpoint=None):
    import fsspec, zarr
    options = {"asynchronous": True}
    if endpoint:
        options["client_kwargs"] = {"endpoint_url": endpoint}
    fs = fsspec.filesystem("reference", fo=references, remote_protocol=protocol, asynchronous=True, remote_options=options)
    store = zarr.storage.FsspecStore(fs, read_only=True, path="")
    want = xr.open_dataset(file, group=group or None).load()
    got = xr.open_dataset(store, engine="zarr", consolidated=True, chunks=None, group=group or None).load()
    for name, v in got.variables.items():
        if v.dtype.kind == "T":  # one has texts in NumPy's own type, and the other in another
            got[name] = got[name].copy(data=np.array([str(x) for x in v.values.ravel()]).reshape(v.shape))
    xr.testing.assert_identical(got, want)
    print(len(got.variables), "equal")


{"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])
