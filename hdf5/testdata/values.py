"""Files of all types, layouts and filters."""


@case
def numbers(h5):
    for t in "i1 u1 <i2 >i2 <u2 >u2 <i4 >i4 <u4 >u4 <i8 >i8 <u8 >u8".split():
        info = np.iinfo(t)
        h5[t.replace("<", "le ").replace(">", "be ")] = np.array([info.min, info.max, 0, 1, 77, info.max // 3], t)
    for t in "<f2 >f2 <f4 >f4 <f8 >f8 <c8 >c8 <c16 >c16".split():
        h5[t.replace("<", "le ").replace(">", "be ")] = np.array([0, -0.0, 1.5, np.inf, np.nan, -1e-5, 3e4], t)
    h5["bool"] = np.array([True, False, True])
    h5["enum"] = np.array([1, 42, 0], dtype=h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 42}, basetype=">i2"))
    h5["long double"] = np.array([0, 1, -2.5, 1e300, 1 / 3, np.inf, np.nan], np.longdouble)
    h5["scalar"] = np.float32(2.5)
    h5["null"] = h5py.Empty("f8")
    h5["none"] = np.zeros((3, 0, 2), "i4")
    h5["complex as compound"] = np.array([(1, 2), (3, 4)], [("r", "<f4"), ("i", "<f4")])
    for order, base in (("le", h5py.h5t.STD_I32LE), ("be", h5py.h5t.STD_I32BE), ("unsigned", h5py.h5t.STD_U32LE)):
        t = base.copy()
        t.set_precision(20)
        t.set_offset(3)
        low(h5, f"20 bits from 3 on {order}", t, np.array([1, -2, 500000, -500000] if order != "unsigned" else [1, 2, 1000000, 0], "i4"))
    t = h5py.h5t.STD_I32LE.copy()
    t.set_precision(20)
    t.set_size(3)
    low(h5, "3 bytes", t, np.array([1, -2, 500000, -500000], "i4"))
    t = h5py.h5t.IEEE_F32LE.copy()
    t.set_fields(15, 10, 5, 0, 10)
    t.set_size(2)
    t.set_ebias(15)
    low(h5, "half made of float", t, np.array([1, -2.5, np.inf, 6e-8], "f4"))
    t = h5py.h5t.IEEE_F32LE.copy()
    t.set_fields(31, 24, 7, 10, 14)
    t.set_offset(10)
    t.set_precision(22)
    t.set_ebias(63)
    low(h5, "float of 22 bits", t, np.array([1, -2.5, 0.1, 1e5], "f4"))
    t = h5py.h5t.IEEE_F32LE.copy()
    t.set_fields(15, 7, 8, 0, 7)
    t.set_size(2)
    t.set_ebias(127)
    low(h5, "bfloat16", t, np.array([1, -2.5, 0.1, 1e30], "f4"))
    low(h5, "bits", h5py.h5t.STD_B16BE, np.array([1, 2, 0xffff, 5], "<u2"), memory=h5py.h5t.STD_B16LE)
    if h5.libver[0] != "earliest":
        for order in "LB":
            t = getattr(h5py.h5t, f"COMPLEX_IEEE_F32{order}E")
            low(h5, f"complex of 2.0 {order}", t, np.array([1 + 2j, 3, -1j, 0.5], "c8"), memory=h5py.h5t.NATIVE_FLOAT_COMPLEX)


@case
def texts(h5):
    h5["variable"] = np.array(["a", "Grüße", "", "𝄞" * 50], dtype=h5py.string_dtype())
    h5["ascii"] = np.array(["a", "bc", ""], dtype=h5py.string_dtype("ascii"))
    h5["fixed"] = np.array([b"abc", b"", b"abcdefg"], "S7")
    h5["fixed utf8"] = np.array(["µm".encode(), b"x"], dtype=h5py.string_dtype("utf-8", 9))
    h5["scalar"] = "text"
    h5.create_dataset("chunked", data=np.array([f"text {i}" * (i % 5) for i in range(100)], dtype=object).reshape(10, 10), dtype=h5py.string_dtype(), chunks=(3, 4), compression="gzip")
    h5.create_dataset("unwritten", (3,), h5py.string_dtype())
    h5.create_dataset("filled", (3,), h5py.string_dtype(), fillvalue="none")
    h5.create_dataset("fixed chunked", data=np.array([b"abc", b"de", b"f"] * 5, "S3"), chunks=(4,), shuffle=True, compression="lzf")
    for pad in ("SPACEPAD", "NULLTERM"):
        t = h5py.h5t.C_S1.copy()
        t.set_size(6)
        t.set_strpad(getattr(h5py.h5t, f"STR_{pad}"))
        low(h5, pad, t, np.array([b"abc", b"", b"abcde", b"xy"], "S6"))
    d = h5.create_dataset("latin", (1,), "S5")
    d[...] = "Grüße".encode("latin-1")


@case
def compounds(h5):
    t = np.dtype([("x", "<f4"), ("y", ">i2"), ("in", [("a", "<i2"), ("b", ">u8", (2, 3))]), ("name", "S3"), ("flag", "?"), ("z", "<c8")])
    a = np.zeros(5, t)
    for i in range(5):
        a[i] = (i / 3, -i, (i, np.arange(6).reshape(2, 3) * i), b"ab"[:i], i % 2, i + 1j)
    h5["mixed"] = a
    h5["plain"] = np.array([(1, 2.5), (3, 4.5)], [("a", "<i4"), ("b", "<f8")])
    h5["big"] = np.array([(1, 2.5), (3, 4.5)], [("a", ">i4"), ("b", ">f8")])
    h5["padded"] = np.array([(1, 2.5), (3, 4.5)], np.dtype([("a", "i1"), ("b", "<f8")], align=True))
    h5.create_dataset("chunked", data=np.resize(a, (7, 9)), chunks=(4, 4), compression="gzip", shuffle=True)
    h5["vlen in it"] = np.array([(1, "text"), (2, "µ")], [("a", "i4"), ("s", h5py.string_dtype())])
    h5["array"] = np.arange(24, dtype="<i2").reshape(2, 3, 4).view(np.dtype(("<i2", (4,)))) if False else np.zeros(0)
    d = h5py.h5d.create(h5.id, b"array of array", h5py.h5t.array_create(h5py.h5t.STD_I16BE, (3, 2)), h5py.h5s.create_simple((4,)))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(24, dtype=">i2"), h5py.h5t.array_create(h5py.h5t.STD_I16BE, (3, 2)))
    h5["opaque"] = np.array([b"1234567", b"abcdefg"], "V7")
    h5["time"] = np.array(["2020-01-01", "2021-01-01"], "M8[s]").astype(h5py.opaque_dtype("M8[s]"))
    h5["span"] = np.array([5, -7], "m8[ms]").astype(h5py.opaque_dtype("m8[ms]"))
    h5["named"] = np.dtype([("x", "i4"), ("y", "f4")])
    h5.create_dataset("committed", data=np.array([(1, 2)], [("x", "i4"), ("y", "f4")]), dtype=h5["named"])


@case
def vlens(h5):
    a = np.empty(3, object)
    a[:] = [np.arange(n, dtype="<i4") for n in (2, 0, 5)]
    h5.create_dataset("ints", data=a, dtype=h5py.vlen_dtype("<i4"))
    a = np.empty(2, object)
    a[:] = [np.array([0.1, np.nan]), np.array([1e300])]
    h5.create_dataset("floats", data=a, dtype=h5py.vlen_dtype("<f8"))
    h5.create_dataset("unwritten", (2,), h5py.vlen_dtype("<i4"))
    h5["target"] = np.zeros(10)
    h5["group/deep"] = np.zeros((10, 20))
    h5["refs"] = np.array([h5["target"].ref, h5["group"].ref, h5py.Reference()], dtype=h5py.ref_dtype)
    h5["regions"] = np.array([h5["group/deep"].regionref[2:4, ::3]], dtype=h5py.regionref_dtype)
    h5["target"].attrs["ref"] = h5["group"].ref


@case
def attributes(h5):
    g = h5.create_group("g")
    g.attrs["int"] = np.int8(-5)
    g.attrs["large"] = np.uint64(2**64 - 1)
    g.attrs["float"] = 0.1
    g.attrs["single"] = np.float32(0.1)
    g.attrs["list"] = np.arange(6.).reshape(2, 3)
    g.attrs["special"] = np.array([np.nan, np.inf, -np.inf, 0])
    g.attrs["text"] = "Grüße"
    g.attrs["fixed"] = np.bytes_("abc")
    g.attrs["texts"] = ["a", "bc"]
    g.attrs["bool"] = True
    g.attrs["complex"] = 1 + 2j
    g.attrs["none"] = h5py.Empty("f4")
    g.attrs["empty"] = np.zeros(0)
    g.attrs["compound"] = np.array((1, "x"), [("a", "i4"), ("b", "S2")])
    g.attrs["enum"] = np.array(3, h5py.enum_dtype({"A": 3}, "u1"))
    for i in range(60):
        h5.attrs[f"many {i}"] = i
    many = h5.create_group("many")
    for i in range(60):
        many.attrs[f"a{i}"] = f"value {i}"
    if h5.libver[0] != "earliest":
        many.attrs.create("larger than 64 KiB", np.arange(20000))


def filtered(h5, name, a, chunks, plist=None, **kw):
    h5.create_dataset(name, data=a, chunks=chunks, **kw)


@case
def filters(h5):
    smooth = (1000 * np.sin(np.arange(41 * 37) / 50)).reshape(41, 37)
    noise = rng.integers(0, 256, (41, 37))
    for t in ("u1", "<i2", ">i4", "<f4", "<f8"):
        for what, a in (("smooth", smooth), ("noise", noise)):
            with np.errstate(invalid="ignore"):
                a = a.astype(np.dtype(t) if t != "u1" else "i4").astype(t)
            for name, kw in {
                "gzip": {"compression": "gzip"},
                "gzip shuffle fletcher32": {"compression": "gzip", "shuffle": True, "fletcher32": True},
                "fletcher32": {"fletcher32": True},
                "lzf": {"compression": "lzf"},
                "lzf shuffle": {"compression": "lzf", "shuffle": True},
                "szip nn": {"compression": "szip", "compression_opts": ("nn", 8)},
                "szip ec": {"compression": "szip", "compression_opts": ("ec", 16)},
                "bzip2": hdf5plugin.BZip2(),
                "lz4": hdf5plugin.LZ4(),
                "lz4 small": hdf5plugin.LZ4(nbytes=300),
                "zstd": hdf5plugin.Zstd(),
                "bitshuffle": hdf5plugin.Bitshuffle(cname="none"),
                "bitshuffle lz4": hdf5plugin.Bitshuffle(cname="lz4"),
                "bitshuffle zstd": hdf5plugin.Bitshuffle(cname="zstd"),
                "bitshuffle small": hdf5plugin.Bitshuffle(nelems=64, cname="lz4"),
            }.items():
                h5.create_dataset(f"{name} {t} {what}", data=a, chunks=(20, 17), **kw)
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in (0, 1, 2):
            h5.create_dataset(f"blosc {cname} {shuffle}", data=smooth.astype("<f4"), chunks=(20, 17), **hdf5plugin.Blosc(cname=cname, shuffle=shuffle))
            h5.create_dataset(f"blosc2 {cname} {shuffle}", data=smooth.astype("<f4"), chunks=(20, 17), **hdf5plugin.Blosc2(cname=cname, filters=shuffle))
            h5.create_dataset(f"blosc2 flat {cname} {shuffle}", data=smooth.ravel(), chunks=(500,), **hdf5plugin.Blosc2(cname=cname, filters=shuffle))
    h5.create_dataset("blosc2 delta", data=smooth.astype("<i4"), chunks=(20, 17), **hdf5plugin.Blosc2(filters=3))
    h5.create_dataset("blosc2 large", data=np.arange(300000, dtype="<i4").reshape(3, 100, 1000), chunks=(2, 100, 700), **hdf5plugin.Blosc2())
    h5.create_dataset("blosc2 noise", data=noise.astype("u1"), chunks=(20, 17), **hdf5plugin.Blosc2())
    h5.create_dataset("blosc2 zeros", data=np.zeros((41, 37)), chunks=(20, 17), **hdf5plugin.Blosc2())
    h5.create_dataset("blosc2 flat zeros", data=np.zeros(1000), chunks=(300,), **hdf5plugin.Blosc2())
    h5.create_dataset("szip lines", data=np.resize(smooth, (100, 300)).astype("<u2"), chunks=(50, 300), compression="szip", compression_opts=("nn", 32))
    h5.create_dataset("szip zeros", data=np.where(np.resize(noise, (200, 300)) == 7, 1, 0).astype("<u2"), chunks=(200, 300), compression="szip", compression_opts=("nn", 32))
    h5.create_dataset("szip f8", data=smooth, chunks=(41, 37), compression="szip", compression_opts=("nn", 4))


@case
def scaled(h5):
    a = np.arange(41 * 37).reshape(41, 37) % 1000
    for t in ("i1", "u1", "<i2", ">i2", "<u4", ">i4", "<i8", ">u8"):
        h5.create_dataset(f"{t[-2:]} {t[0]}", data=(a % 100).astype(t), chunks=(20, 17), scaleoffset=0)
    h5.create_dataset("signed", data=(a - 500).astype("<i4"), chunks=(20, 17), scaleoffset=0)
    h5.create_dataset("wide", data=np.array([np.iinfo("i8").min, np.iinfo("i8").max]), chunks=(2,), scaleoffset=0)
    h5.create_dataset("same", data=np.full(100, 7), chunks=(50,), scaleoffset=0)
    h5.create_dataset("bits", data=a.astype("<i4"), chunks=(20, 17), scaleoffset=12)
    h5.create_dataset("filled", data=np.where(a % 3 == 0, -1, a), chunks=(20, 17), scaleoffset=0, fillvalue=-1)
    for t in ("<f4", ">f4", "<f8", ">f8"):
        h5.create_dataset(f"float {t[0] == '<'} {t[1:]}", data=(a / 7 - 20).astype(t), chunks=(20, 17), scaleoffset=3)
    for name, t, memory in (("i4", h5py.h5t.STD_I32LE, "<i4"), ("be", h5py.h5t.STD_I32BE, "<i4"), ("i2", h5py.h5t.STD_U16LE, "<i4"), ("f4", h5py.h5t.IEEE_F32LE, "<f4")):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((20, 17))
        plist.set_filter(h5py.h5z.FILTER_NBIT)
        t = t.copy()
        if name != "f4":
            t.set_precision(17 if name != "i2" else 13)
            t.set_offset(3 if name != "i2" else 0)
        else:
            t.set_fields(26, 20, 6, 7, 13)
            t.set_offset(7)
            t.set_precision(20)
            t.set_ebias(31)
        low(h5, "nbit " + name, t, (a % 500).astype(memory), plist, a.shape)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((7,))
    plist.set_filter(h5py.h5z.FILTER_NBIT)
    part = h5py.h5t.STD_I16LE.copy()
    part.set_precision(9)
    t = h5py.h5t.create(h5py.h5t.COMPOUND, 24)
    t.insert(b"a", 0, part)
    t.insert(b"b", 4, h5py.h5t.array_create(part, (3,)))
    t.insert(b"c", 12, h5py.h5t.IEEE_F64LE)
    low(h5, "nbit compound", t, np.array([(i % 16, (1, 2, i % 9), i / 3) for i in range(20)], [("a", "<i2"), ("b", "<i2", (3,)), ("c", "<f8")]), plist, (20,))


@case
def layouts(h5):
    a = rng.integers(0, 1000, (37, 53)).astype("<i4")
    h5["contiguous"] = a
    h5.create_dataset("cube", data=rng.integers(0, 1000, (7, 11, 5)).astype("<i2"))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    low(h5, "compact", h5py.h5t.STD_I32LE, a[:3], plist, (3, 53))
    for name, kw in {"chunked": {}, "gzip": {"compression": "gzip", "shuffle": True}, "growing": {"maxshape": (None, 53)}, "growing both": {"maxshape": (None, None)}}.items():
        h5.create_dataset(name, data=a, chunks=(10, 7), **kw)
    h5.create_dataset("unwritten", (5, 6), "f4", fillvalue=2.5)
    d = h5.create_dataset("sparse", (100, 100), "<i2", chunks=(10, 10), fillvalue=-7)
    d[5, 5] = 1
    d[55:58, 90:] = 2
    d = h5.create_dataset("left out", (20, 14), "<i4", chunks=(10, 7), compression="gzip", shuffle=True)
    d.id.write_direct_chunk((10, 7), a[10:20, 7:14].tobytes(), filter_mask=3)
    d[:10] = a[:10, :14]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    for i in range(3):
        plist.set_external(f"{h5.filename}-{i}.raw".encode(), 16 * i, 4 * 500 if i < 2 else h5py.h5f.UNLIMITED)
    low(h5, "external", h5py.h5t.STD_I32LE, a, plist, (37, 53))
    if h5.libver[0] != "earliest":
        lib = ctypes.CDLL(next(line.split()[-1] for line in open("/proc/self/maps") if "h5py" in line and "libhdf5" in line and "_hl" not in line))
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((10, 7))
        plist.set_deflate(6)
        lib.H5Pset_chunk_opts.argtypes = [ctypes.c_int64, ctypes.c_uint]
        assert lib.H5Pset_chunk_opts(plist.id, 2) >= 0  # chunks at the edges are not filtered
        low(h5, "plain at the edges", h5py.h5t.STD_I32LE, a, plist, a.shape)
        plist = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
        lib.H5Pset_deflate.argtypes = [ctypes.c_int64, ctypes.c_uint]
        assert lib.H5Pset_deflate(plist.id, 6) >= 0
        g = h5py.Group(h5py.h5g.create(h5.id, b"filtered heap", gcpl=plist))
        for i in range(300):
            g.create_group(f"group of a long name {i}").attrs["i"] = i


def layout(shape, t):
    return h5py.VirtualLayout(shape=shape, dtype=t)


@case
def virtual(h5):
    for i in range(4):
        with h5py.File(f"{h5.filename}-source-{i}.h5", "w") as source:
            source["data"] = np.arange(100, dtype="<i4").reshape(10, 10) + 100 * i
            if i < 3:
                source.create_dataset("grows", data=np.arange(10, dtype="<f4") + 10 * i, maxshape=(None,), chunks=(4,))
    name = h5.filename
    source = [h5py.VirtualSource(f"{name}-source-{i}.h5", "data", (10, 10)) for i in range(5)]
    v = layout((5, 10, 10), "<i4")
    for i in range(5):
        v[i] = source[i]
    h5.create_virtual_dataset("stack", v, fillvalue=-1)
    v = layout((20, 20), "<i4")
    v[:10, :10] = source[0]
    v[10:, 5:15] = source[1]
    v[3:6, 15:] = source[2][2:5, ::2]
    h5.create_virtual_dataset("parts", v, fillvalue=-1)
    v = layout((10, 20), "<i4")
    v[:, ::2] = source[0]
    v[:, 1::2] = source[1]
    h5.create_virtual_dataset("interleaved", v)
    v = layout((50,), "<i4")
    v[:] = source[0][:5, :]
    h5.create_virtual_dataset("flat", v)
    h5["own"] = np.arange(12, dtype="<i4").reshape(3, 4)
    v = layout((6, 4), "<i4")
    v[:3] = h5py.VirtualSource(h5["own"])
    v[3:] = h5py.VirtualSource(h5["own"])
    h5.create_virtual_dataset("same file", v)
    v = layout((2, 6, 4), "<i4")
    v[0] = h5py.VirtualSource(".", "same file", (6, 4))
    h5.create_virtual_dataset("of virtual", v, fillvalue=3)
    unlimited = h5py.h5s.UNLIMITED
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    space = h5py.h5s.create_simple((0, 10, 10), (unlimited, 10, 10))
    space.select_hyperslab((0, 0, 0), (unlimited, 1, 1), (1, 1, 1), (1, 10, 10))
    plist.set_virtual(space, f"{name}-source-%b.h5".encode(), b"data", h5py.h5s.create_simple((10, 10)))
    h5py.h5d.create(h5.id, b"numbered", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((0, 10, 10), (unlimited, 10, 10)), plist)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    for i in range(3):
        space = h5py.h5s.create_simple((3, 0), (3, unlimited))
        space.select_hyperslab((i, 0), (1, unlimited), (1, 1), (1, 1))
        src = h5py.h5s.create_simple((0,), (unlimited,))
        src.select_hyperslab((0,), (unlimited,), (1,), (1,))
        plist.set_virtual(space, f"{name}-source-{i}.h5".encode(), b"grows", src)
    h5py.h5d.create(h5.id, b"unlimited", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((3, 0), (3, unlimited)), plist)
