"""All indexes of chunks, of several levels; links of all kinds, cycles among them; attributes and filter masks."""


@case
def indexes(h5):
    a = rng.integers(0, 200, (150, 150)).astype("u1")
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((40, 70))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    low(h5, "implicit", h5py.h5t.STD_U8LE, a, early, a.shape)
    for what, kw in {"": {}, " gzip": {"compression": "gzip"}}.items():
        h5.create_dataset("single" + what, data=a, chunks=a.shape, **kw)
        h5.create_dataset("fixed" + what, data=a, chunks=(40, 70), **kw)
        d = h5.create_dataset("fixed with pages" + what, (30000,), "u1", chunks=(3,), fillvalue=9, **kw)
        d[100:9000:50], d[20000:21000] = 1, 2
        d = h5.create_dataset("extensible" + what, (5000,), "<u2", chunks=(3,), maxshape=(None,), **kw)
        d[:] = np.arange(5000)
        d = h5.create_dataset("extensible with holes" + what, (10**7,), "u1", chunks=(1000,), maxshape=(None,), fillvalue=3, **kw)
        for i in (0, 77777, 1234567, 9999999):
            d[i] = 1
        h5.create_dataset("bounded" + what, data=a, chunks=(20, 20), maxshape=(None, 500), **kw)
        h5.create_dataset("tree" + what, data=a, chunks=(3, 4), maxshape=(None, None), **kw)
        d = h5.create_dataset("shrunk" + what, data=a, chunks=(20, 20), maxshape=(None, None), **kw)
        d.resize((33, 41))
        d.resize((60, 60))
        h5.create_dataset("none" + what, (100, 100), "<f4", chunks=(10, 10), fillvalue=1.5, **kw)
        h5.create_dataset("of five dimensions" + what, data=np.arange(720, dtype="<i2").reshape(2, 3, 4, 5, 6), chunks=(2, 2, 3, 2, 4), maxshape=(None, 3, 4, 5, 6), **kw)
    d = h5.create_dataset("masks", (40, 40), "<i4", chunks=(10, 10), shuffle=True, compression="gzip", fletcher32=True)
    d[...] = np.arange(1600).reshape(40, 40)
    plain = np.arange(100, dtype="<i4").tobytes()
    d.id.write_direct_chunk((0, 0), plain, filter_mask=7)
    d.id.write_direct_chunk((10, 10), zlib.compress(plain), filter_mask=5)
    d.id.write_direct_chunk((20, 10), np.frombuffer(plain, "u1").reshape(100, 4).T.tobytes(), filter_mask=6)


@case
def links(h5):
    h5["x/y/data"] = np.arange(6)
    h5["x/y/up"] = h5["x"]
    h5["x/y/self"] = h5["x/y"]
    h5["x/again"] = h5["x/y/data"]
    h5["soft"] = h5py.SoftLink("/x/y/data")
    h5["x/y/relative"] = h5py.SoftLink("data")
    h5["x/y/loop"] = h5py.SoftLink("/x/y/loop")
    h5["one"], h5["other"] = h5py.SoftLink("/other"), h5py.SoftLink("/one")
    h5["x/y/root"] = h5py.SoftLink("/")
    h5["x/nowhere"] = h5py.SoftLink("y/nothing")
    h5["external"] = h5py.ExternalLink("indexes-latest.h5", "/single")
    h5["external root"] = h5py.ExternalLink("indexes-earliest.h5", "/")
    h5["external nowhere"] = h5py.ExternalLink("no-such-file.h5", "/x")
    h5["a/slash\\and%percent"] = np.arange(2)
    h5["ünï cödé"] = np.arange(3)
    h5["zarr.json"] = np.arange(4)


@case
def described(h5):
    """Attributes of all kinds at a dataset of a committed type, and fill values."""
    h5["type"] = np.dtype([("a", "<i4"), ("b", "S3")])
    h5["type"].attrs["of a type"] = 5
    d = h5.create_dataset("data", (4,), h5["type"])
    d.attrs.create("committed", np.array((1, b"ab"), h5["type"].dtype), dtype=h5["type"])
    d.attrs["reference"] = h5["type"].ref
    d.attrs["region"] = d.regionref[1:3]
    d.attrs.create("ragged", np.array([np.arange(3), np.arange(1)], object), dtype=h5py.vlen_dtype("<i2"))
    d.attrs["cube"] = np.arange(24, dtype=">u2").reshape(2, 3, 4)
    d.attrs["opaque"] = np.void(b"\0\1\2")
    d.attrs["nested"] = np.array([((1, 2.5), [3, 4])], [("in", [("a", "i1"), ("b", "<f8")]), ("list", "<i2", (2,))])
    d.attrs["half"] = np.float16(1.5)
    d.attrs["booleans"] = np.array([[True], [False]])
    d.attrs["latin"] = np.bytes_("é".encode("latin-1"))
    d.attrs["empty text"] = ""
    d.attrs["null of text"] = h5py.Empty(h5py.string_dtype())
    if h5.libver[0] != "earliest":
        for i in range(12):
            d.attrs.create(f"of 70 KiB, {i}", np.arange(9000) + i)
        d.attrs["text of 100 KB"] = "0123456789" * 10000
    ordered = h5.create_group("ordered", track_order=True)
    for i in (5, 3, 9, 1, 7, 0, 2, 8, 4, 6, 11, 10):
        ordered.attrs[f"attribute {i}"] = i
        ordered.create_dataset(f"child {i}", data=i, track_order=True)
    for name, time in (("never", h5py.h5d.FILL_TIME_NEVER), ("if set", h5py.h5d.FILL_TIME_IFSET), ("always", h5py.h5d.FILL_TIME_ALLOC)):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_fill_time(time)
        plist.set_chunk((3,))
        if name != "never":
            plist.set_fill_value(np.array(7, "<i4"))
        low(h5, "fill " + name, h5py.h5t.STD_I32LE, None, plist, (10,))
    h5.create_dataset("fill of a compound", (3,), np.dtype([("a", "<i4"), ("b", "<f8")]), fillvalue=np.array((1, 2.5), [("a", "<i4"), ("b", "<f8")]))
