"""Files that other programs make."""

with netCDF4.Dataset("netcdf.nc", "w") as nc:
    nc.createDimension("time", None)
    nc.createDimension("lat", 5)
    nc.createDimension("lon", 7)
    nc.createVariable("time", "f8", ("time",))[:] = np.arange(4)
    nc.createVariable("lat", "f4", ("lat",))[:] = np.linspace(-90, 90, 5)
    v = nc.createVariable("temperature", "i2", ("time", "lat", "lon"), zlib=True, shuffle=True, fletcher32=True, fill_value=-999)
    v[:] = np.arange(4 * 35).reshape(4, 5, 7)
    v.units, v.scale_factor = "K", 0.01
    g = nc.createGroup("model/run")
    g.createDimension("n", 3)
    g.createVariable("names", str, ("n",))[:] = np.array(["a", "bc", "µ"], object)
    g.createVariable("lonely", "f8", ("lon",))[:] = np.arange(7)
    nc.title, nc.number = "a title", 5
look("netcdf.nc")

with netCDF4.Dataset("netcdf-types.nc", "w") as nc:
    nc.createDimension("x", 4)
    nc.createDimension("y", None)
    for t in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"):
        nc.createVariable(t, t, ("x",))[:] = np.array([0, 1, 100, 7])
        nc.createVariable("big " + t, ">" + t, ("y", "x"), endian="big", zlib=t < "i", complevel=3)[:3] = np.arange(12).reshape(3, 4)
    nc.createVariable("char", "S1", ("x",))[:] = np.array([b"a", b"b", b"", b"d"])
    nc.createVariable("scalar", "f8", ())[...] = 2.5
    nc.createVariable("contiguous", "i4", ("x",), contiguous=True)[:] = np.arange(4)
    nc.createVariable("chunked", "i4", ("y", "x"), chunksizes=(3, 2), fill_value=-1)[2:5] = np.arange(12).reshape(3, 4)
    nc.createVariable("unwritten", "f4", ("x",))
    t = nc.createCompoundType(np.dtype([("a", "<i4"), ("b", "<f8", (2,))]), "pair")
    nc.createVariable("compound", t, ("x",))[:] = np.array([(i, (i, -i)) for i in range(4)], t.dtype)
    t = nc.createVLType("<i4", "ragged")
    v = nc.createVariable("vlen", t, ("x",))
    for i in range(4):
        v[i] = np.arange(i + 1, dtype="i4")
    t = nc.createEnumType("u1", "cloud", {"clear": 0, "some": 1, "missing": 255})
    nc.createVariable("enum", t, ("x",), fill_value=255)[:] = [0, 1, 0, 255]
    nc.createVariable("texts", str, ("x", "y"))[:, :2] = np.array([["a", "b"], ["", "Grüße"], ["c", "d"], ["e", "f"]], object)
    for name in ("zstd", "bzip2", "blosc_lz4", "blosc_zstd", "szip"):
        if getattr(nc, f"has_{name.split('_')[0]}_filter")():
            try:
                nc.createVariable(name, "<i4", ("y", "x"), compression=name, chunksizes=(20, 4))[:50] = np.arange(200).reshape(50, 4)
            except RuntimeError:
                continue
    nc.texts, nc.numbers = ["a", "bc"], np.arange(3.)
look("netcdf-types.nc")

times = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[ns]")
ds = xarray.Dataset(
    {"t": (("time", "lat", "lon"), rng.normal(280, 10, (3, 4, 5)).astype("f4"), {"units": "K"}),
     "packed": (("lat", "lon"), np.linspace(0, 1, 20).reshape(4, 5)),
     "flag": (("lat",), np.array([True, False, True, True])),
     "names": (("lat",), np.array(["north", "tropic", "süd", ""], object)),
     "delta": (("time",), np.array([1, 2, 3], "m8[D]").astype("m8[ns]"))},
    {"time": times, "lat": [60., 20., -20., -60.], "lon": np.arange(5, dtype="i4")}, {"title": "made by xarray", "version": 3})
for engine in ("h5netcdf", "netcdf4"):
    coding = {"t": {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": (2, 4, 3)}, "packed": {"dtype": "i2", "scale_factor": 0.001, "add_offset": 0.5, "_FillValue": -1}}
    ds.to_netcdf(f"xarray-{engine}.nc", engine=engine, encoding=coding, unlimited_dims=["time"])
    look(f"xarray-{engine}.nc")
    ds[["t"]].to_netcdf(f"xarray-group-{engine}.nc", engine=engine, group="a/b", format="NETCDF4")
    look(f"xarray-group-{engine}.nc")

with tables.open_file("pytables.h5", "w") as f:
    f.create_table("/", "table", np.array([(1, b"ab", 2.5), (2, b"c", 1e9)], [("a", "<i4"), ("s", "S4"), ("x", "<f8")]))
    e = f.create_earray("/group", "growing", tables.Int16Atom(), (0, 5), filters=tables.Filters(5, "blosc"), createparents=True)
    e.append(np.arange(500, dtype="i2").reshape(100, 5))
    f.create_carray("/group", "zlib", obj=np.arange(1000.).reshape(10, 100), filters=tables.Filters(5, "zlib", fletcher32=True))
    f.create_carray("/group", "blosc2", obj=np.arange(1000.).reshape(10, 100), filters=tables.Filters(5, "blosc2:zstd"), chunkshape=(4, 30))
    f.create_carray("/group", "bzip2", obj=np.arange(1000.).reshape(10, 100), filters=tables.Filters(5, "bzip2"))
    for library in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in ("shuffle", "bitshuffle"):
            filters = tables.Filters(5, "blosc:" + library, **{shuffle: True})
            f.create_carray("/blosc", f"{library}_{shuffle}", obj=np.arange(3000, dtype="<i4").reshape(30, 100), filters=filters, chunkshape=(20, 30), createparents=True)
    nested = np.dtype([("id", "<i8"), ("pos", [("x", "<f4"), ("y", "<f4")]), ("flag", "?"), ("list", "<i2", (3,)), ("c", "<c16")])
    t = f.create_table("/", "nested", nested, filters=tables.Filters(3, "blosc:zstd"), chunkshape=7)
    t.append(np.array([(i, (i / 2, -i), i % 2, (i, i, i), i + 1j) for i in range(20)], nested))
    t.flush()
    t.cols.id.create_index()
    f.create_array("/", "array", np.arange(12).reshape(3, 4))
    f.create_array("/", "strings", np.array([b"one", b"three"]))
    f.create_array("/", "boolean", np.array([[True, False]]))
    v = f.create_vlarray("/", "ragged", tables.Int32Atom())
    v.append([1, 2, 3])
    v.append([4])
    f.create_soft_link("/group", "soft", "/table")
    f.create_hard_link("/group", "hard", "/array")
    f.root.table.attrs.units = "mm"
look("pytables.h5")

for libver in ("earliest", "latest"):
    name = f"matlab-{libver}.mat"
    with h5py.File(name, "w", userblock_size=512, libver=libver) as h5:
        def put(path, a, what, **attrs):
            d = h5.create_dataset(path, data=a, **({"chunks": a.shape, "compression": "gzip", "compression_opts": 3} if a.size > 4 else {}))
            d.attrs["MATLAB_class"] = np.bytes_(what)
            for k, v in attrs.items():
                d.attrs[k] = v
            return d
        put("x", np.arange(12.).reshape(3, 4), "double")
        put("text", np.frombuffer("Grüße".encode("utf-16-le"), "<u2").reshape(-1, 1), "char", MATLAB_int_decode=np.int32(2))
        put("logical", np.array([[1, 0, 1]], "u1"), "logical", MATLAB_int_decode=np.int32(1))
        put("empty", np.array([0, 0], "<u8"), "double", MATLAB_empty=np.uint8(1))
        put("complex", np.array([[(1, 2), (3, 4)]], [("real", "<f8"), ("imag", "<f8")]), "double")
        h5["#refs#/a"], h5["#refs#/b"] = np.arange(3.).reshape(3, 1), np.array([[7]], "<i2")
        put("cell", np.array([[h5["#refs#/a"].ref], [h5["#refs#/b"].ref]], h5py.ref_dtype), "cell")
        g = h5.create_group("struct")
        put("struct/first", np.array([[1.5]]), "double")
        put("struct/second", np.frombuffer("ab".encode("utf-16-le"), "<u2").reshape(-1, 1), "char")
        g.attrs["MATLAB_class"] = np.bytes_("struct")
        letter = h5py.vlen_dtype(np.dtype("S1"))
        fields = np.empty(2, object)
        fields[:] = [np.array([c.encode() for c in n], "S1") for n in ("first", "second")]
        g.attrs.create("MATLAB_fields", fields, dtype=letter)
        g = h5.create_group("sparse")
        put("sparse/data", np.array([1., 2.]), "double")
        put("sparse/ir", np.array([0, 3], "<u8"), "uint64")
        put("sparse/jc", np.array([0, 1, 2, 2, 2], "<u8"), "uint64")
        g.attrs["MATLAB_sparse"] = np.uint64(4)
    with open(name, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\0\2IM")
    look(name)

with open("values.json", "w") as f:
    json.dump(cases, f)
