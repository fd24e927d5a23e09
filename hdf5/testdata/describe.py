"""Says in JSON what h5py reads in files. It stands before values.py and programs.py, which make them in the directory of the first argument."""
import base64
import ctypes
import json
import os
import sys
import zlib

import h5py
import hdf5plugin
import netCDF4
import numpy as np
import tables
import xarray

os.chdir(sys.argv[1])
rng = np.random.default_rng(7)


def little(dt):
    """The type without padding and little-endian, as elements are in memory."""
    if dt.names is not None:
        return np.dtype([(n, little(dt.fields[n][0])) for n in dt.names])
    if dt.subdtype:
        return np.dtype((little(dt.subdtype[0]), dt.subdtype[1]))
    if h5py.check_dtype(ref=dt) or dt.kind in "OV":
        return dt
    if dt.kind == "f" and dt.itemsize > 8:
        return np.dtype("<f8")
    return dt.newbyteorder("<")


def plain(v, file):
    """A value as JSON has it."""
    if isinstance(v, h5py.RegionReference):
        if not v:
            return None
        return {"path": file[v].name, "selection": "…"}
    if isinstance(v, h5py.Reference):
        return file[v].name if v else None
    if isinstance(v, h5py.Empty) or v is None:
        return None
    if isinstance(v, bytes):
        try:
            return v.decode()
        except UnicodeDecodeError:
            return v.decode("latin-1")
    if isinstance(v, str):
        return v
    if isinstance(v, np.ndarray):
        return [plain(x, file) for x in v]
    if isinstance(v, np.void):
        if v.dtype.names:
            if v.dtype.names == ("r", "i"):
                return [plain(v["r"], file), plain(v["i"], file)]
            return {n: plain(v[n], file) for n in v.dtype.names}
        return base64.b64encode(v.tobytes()).decode()
    if isinstance(v, (np.datetime64, np.timedelta64)):
        return base64.b64encode(v.tobytes()).decode()
    if isinstance(v, (bool, np.bool_)):
        return bool(v)
    if isinstance(v, (int, np.integer)):
        return int(v)
    if isinstance(v, (complex, np.complexfloating)):
        return [plain(v.real, file), plain(v.imag, file)]
    if isinstance(v, (float, np.floating)):
        if np.isnan(v):
            return "NaN"
        if np.isinf(v):
            return "Infinity" if v > 0 else "-Infinity"
        return float(str(v))
    raise TypeError(type(v))


def is_text(dt):
    """Whether elements become texts."""
    if dt.names is not None:
        return any(is_text(dt.fields[n][0]) for n in dt.names)
    if dt.subdtype:
        return is_text(dt.subdtype[0])
    return dt.kind == "O"


LARGER = {"float of 22 bits": "float32", "nbit f4": "float32", "bfloat16": "bfloat16"}  # that NumPy has not


def meaning(dt, top=True):
    """The data type of Zarr that elements have, and the dimensions that they add."""
    def named(name, **config):
        return {"name": name, "configuration": config} if config else name
    if dt.subdtype and top:
        base, shape = meaning(dt.subdtype[0])
        return base, list(dt.subdtype[1]) + shape
    if is_text(dt) or top and dt.kind == "S" and dt.itemsize > 1 or h5py.check_dtype(ref=dt) or h5py.check_dtype(vlen=dt):
        return "string", []
    if dt.subdtype:
        base, shape = dt.subdtype
        for n in reversed(shape):
            base = np.dtype([(str(i), base) for i in range(n)])
        return meaning(base, False)
    if dt.names == ("r", "i") and dt["r"].kind == "f":
        return {"float32": "complex64", "float64": "complex128"}[dt["r"].name], []
    if dt.names is not None:
        return named("struct", fields=[{"name": n, "data_type": meaning(dt.fields[n][0], False)[0]} for n in dt.names]), []
    if dt.kind == "S":
        return named("null_terminated_bytes", length_bytes=dt.itemsize), []
    if dt.kind in "Mm":
        unit, scale = np.datetime_data(dt)
        return named("numpy.datetime64" if dt.kind == "M" else "numpy.timedelta64", unit=unit, scale_factor=scale), []
    if dt.kind == "V":
        return named("raw_bytes", length_bytes=dt.itemsize), []
    return {"float128": "float64"}.get(dt.name, dt.name), []


def describe(d, file, name):
    n = {"shape": list(d.shape or ()), "attrs": {}}
    try:
        n["type"], n["more"] = meaning(d.dtype)
    except TypeError:
        n["type"], n["more"] = "int32", []
    n["type"] = LARGER.get(name, n["type"])
    if d.chunks:
        chunks = []
        d.id.chunk_iter(lambda c: chunks.append([*(a // b for a, b in zip(c.chunk_offset, d.chunks)), c.byte_offset, c.size, c.filter_mask]))
        n["chunks"] = sorted(chunks)
    for attr in d.attrs:
        n["attrs"][attr] = plain(d.attrs[attr], file)
    try:
        a = d[()]
        dt = d.dtype
    except TypeError:  # NumPy has no integers of three bytes
        a = np.empty(d.shape, "<i4")
        d.id.read(h5py.h5s.ALL, h5py.h5s.ALL, a, h5py.h5t.NATIVE_INT32)
        dt = a.dtype
    if h5py.check_string_dtype(dt) is not None and dt.itemsize > 1:
        n["texts"] = [plain(x, file) for x in np.ravel(a)] if d.shape is not None else []
    elif d.shape is None:
        n["data"] = ""
    elif is_text(dt) or h5py.check_dtype(ref=dt) or h5py.check_dtype(vlen=dt):
        n["json"] = [plain(x, file) for x in (a.ravel() if isinstance(a, np.ndarray) else [a])]
    else:
        a = np.asarray(a, dtype=dt) if not isinstance(a, np.ndarray) else a
        if name in ("float of 22 bits", "nbit f4"):  # NumPy has them larger than need be
            a = a.astype("<f4")
        if name == "bfloat16":  # the upper half of a float
            a = np.ascontiguousarray(a.astype("<f4")).view("<u2")[1::2]
        n["data"] = base64.b64encode(np.ascontiguousarray(a.astype(little(a.dtype)))).decode()
    return n


cases = {}


def case(f):
    for libver in ("earliest", "latest"):
        name = f"{f.__name__}-{libver}.h5"
        with h5py.File(f"{name}", "w", libver=libver, **getattr(f, "options", {})) as h5:
            f(h5)
        look(name)


def look(name):
    with h5py.File(name, locking=False) as h5:  # PyTables has indexes open for longer
        found = {}

        def visit(path, o):
            if isinstance(o, h5py.Dataset):
                found["/" + path] = describe(o, h5, path)
            else:
                found["/" + path] = {"attrs": {a: plain(o.attrs[a], h5) for a in o.attrs}}
        h5.visititems(visit)
        cases[name] = found


def low(h5, name, t, a=None, plist=None, shape=(4,), memory=None):
    d = h5py.h5d.create(h5.id, name.encode(), t, h5py.h5s.create_simple(shape), plist)
    if a is not None:
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, a, memory)
    return d
