"""Makes HDF5 files, and says in JSON what h5py finds in them.

usage: fixtures.py DIRECTORY
"""
import json
import sys

import h5py
import numpy as np

directory = sys.argv[1]
rng = np.random.default_rng(1)


def describe_type(t):
    """What a type is, as the tests' own description of it."""
    c = {h5py.h5t.INTEGER: "integer", h5py.h5t.FLOAT: "float", h5py.h5t.STRING: "string", h5py.h5t.BITFIELD: "bitfield",
         h5py.h5t.OPAQUE: "opaque", h5py.h5t.COMPOUND: "compound", h5py.h5t.REFERENCE: "reference", h5py.h5t.ENUM: "enum",
         h5py.h5t.VLEN: "vlen", h5py.h5t.ARRAY: "array", h5py.h5t.TIME: "time"}.get(t.get_class(), "complex")
    text = f"{c}{t.get_size()}"
    if c == "integer":
        text += "+-"[t.get_sign() == h5py.h5t.SGN_2] + f"{t.get_precision()}@{t.get_offset()}"
    if c in ("integer", "float") and t.get_size() > 1:
        text += {h5py.h5t.ORDER_LE: "<", h5py.h5t.ORDER_BE: ">"}.get(t.get_order(), "?")
    if c == "float":
        text += ",".join(map(str, t.get_fields())) + f",{t.get_ebias()}"
    if c == "string" and t.is_variable_str():
        return "vlen16:string" + (" utf8" if t.get_cset() == h5py.h5t.CSET_UTF8 else "")
    if c == "string":
        text += " utf8" if t.get_cset() == h5py.h5t.CSET_UTF8 else ""
        text += f" pad{t.get_strpad()}"
    if c == "opaque":
        text += t.get_tag().decode()
    if c == "compound":
        text += "{" + ", ".join(f"{t.get_member_name(i).decode()}@{t.get_member_offset(i)} {describe_type(t.get_member_type(i))}" for i in range(t.get_nmembers())) + "}"
    if c == "enum":
        text += "{" + ", ".join(f"{t.get_member_name(i).decode()}={t.get_member_value(i)}" for i in range(t.get_nmembers())) + "}"
    if c == "array":
        text += f"{list(t.get_array_dims())}".replace(",", "") + f" {describe_type(t.get_super())}"
    if c == "vlen":
        text += ":" + describe_type(t.get_super())
    return text


def describe(h5):
    nodes = {}

    def visit(path, group):
        for name in group:
            link = group.get(name, getlink=True)
            at = f"{path}/{name}"
            if isinstance(link, h5py.SoftLink):
                nodes[at] = {"soft": link.path}
                continue
            if isinstance(link, h5py.ExternalLink):
                nodes[at] = {"file": link.filename, "external": link.path}
                continue
            o = group[name]
            nodes[at] = node(o)
            if isinstance(o, h5py.Group):
                if at.count("/") < 8:
                    visit(at, o)

    def attributes(o):
        out = {}
        for i in range(h5py.h5a.get_num_attrs(o.id)):
            a = h5py.h5a.open(o.id, index=i)
            out[a.name.decode()] = f"{describe_type(a.get_type())} " + f"{list(a.shape or ())}".replace(",", "")
        return out

    def node(o):
        n = {"attrs": attributes(o)}
        if isinstance(o, h5py.Datatype):
            n["type"] = describe_type(o.id)
        if isinstance(o, h5py.Dataset):
            n["type"] = describe_type(o.id.get_type())
            space = o.id.get_space()
            n["null"] = space.get_simple_extent_type() == h5py.h5s.NULL
            n["shape"] = list(o.shape or ())
            n["max"] = [-1 if m is None else m for m in (o.maxshape or ())]
            plist = o.id.get_create_plist()
            n["layout"] = {h5py.h5d.COMPACT: 0, h5py.h5d.CONTIGUOUS: 1, h5py.h5d.CHUNKED: 2}.get(plist.get_layout(), 3)
            n["filters"] = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
            if o.chunks:
                n["chunk"] = list(o.chunks)
                chunks = []

                def one(c):
                    chunks.append([[a // b for a, b in zip(c.chunk_offset, o.chunks)], c.byte_offset, c.size, c.filter_mask])
                unbounded = [i for i, m in enumerate(o.maxshape) if m is None]
                if len(unbounded) == 1 and unbounded != [0]:
                    # If the index is an extensible array the library has the places wrong here, though not
                    # when it reads: their elements tell whether ours are right.
                    chunks = None
                else:
                    o.id.chunk_iter(one)
                n["chunks"] = chunks and sorted(chunks)
            elif n["layout"] == 1:
                n["offset"] = o.id.get_offset()
        return n

    nodes["/"] = node(h5)
    visit("", h5)
    return nodes


cases = {}


def case(f):
    """Runs f for files of all kinds of the library's formats, or of the oldest and the newest."""
    for libver in ("earliest", "latest") if f.__name__ in ("many", "large") else ("earliest", "v108", "v110", "latest"):
        name = f"{f.__name__}-{libver}.h5"
        with h5py.File(f"{directory}/{name}", "w", libver=libver, **getattr(f, "options", {})) as h5:
            try:
                f(h5)
            except (ValueError, RuntimeError, TypeError) as e:
                print(name, e, file=sys.stderr)
                continue
        with h5py.File(f"{directory}/{name}") as h5:
            cases[name] = describe(h5)


def options(**o):
    def wrap(f):
        f.options = o
        return f
    return wrap


@case
def groups(h5):
    h5.create_group("a/b/c")
    h5["a/soft"] = h5py.SoftLink("/a/b")
    h5["a/dangling"] = h5py.SoftLink("nowhere/x")
    h5["a/ext"] = h5py.ExternalLink("other.h5", "/x/y")
    h5["a/b/hard"] = h5["a"]
    h5["a"].attrs["x"] = 1
    h5["a"].attrs["text"] = "µ"
    h5["a"].attrs["fixed"] = np.bytes_("abc")
    h5["a"].attrs["list"] = np.arange(6.).reshape(2, 3)
    h5["a"].attrs["none"] = h5py.Empty("f4")


@case
def many(h5):
    for i in range(700):
        h5.create_group(f"group of a long name {i}")
    g = h5.create_group("ordered", track_order=True)
    for i in range(50):
        g.create_group(f"{50 - i}")
    for i in range(300):
        h5["ordered"].attrs[f"attribute {i}"] = i
    if h5.libver[0] != "earliest":
        h5.attrs.create("big", np.arange(9000))


@case
def contiguous(h5):
    for i, t in enumerate(["i1", "u1", "<i2", ">i2", "<u4", ">u4", "<i8", ">i8", "<f2", "<f4", ">f4", "<f8", ">f8", "<c8", "<c16", "?", "S5"]):
        h5[f"t{i}"] = rng.integers(0, 2, (3, 4)).astype(t)
    h5["scalar"] = 3.5
    h5["text"] = "text"
    h5["texts"] = np.array(["a", "bc", ""], dtype=h5py.string_dtype())
    h5["null"] = h5py.Empty("f8")
    h5["zero"] = np.zeros((0, 3))
    h5.create_dataset("unwritten", (5,), "f4")
    h5.create_dataset("filled", (5,), "f4", fillvalue=2.5)


@case
def types(h5):
    h5["compound"] = np.zeros(3, dtype=[("x", "<f4"), ("name", "S3"), ("in", [("a", "<i2"), ("b", ">u8", (2, 3))])])
    h5["enum"] = np.zeros(3, dtype=h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 42}, basetype="i2"))
    h5["vlen"] = np.array([np.arange(2, dtype="i4"), np.arange(3, dtype="i4")], dtype=h5py.vlen_dtype("i4"))
    h5["opaque"] = np.zeros(3, "V7")
    h5["time"] = np.array(["2020-01-01", "2021-01-01"], "M8[s]").astype(h5py.opaque_dtype("M8[s]"))
    h5["array"] = np.zeros(3, dtype=[("a", "<f4", (2, 3))])
    h5["named"] = np.dtype([("x", "i4")])
    h5["uses"] = np.zeros(2, "i4")
    h5.create_dataset("shared", (3,), h5["named"])
    h5["refs"] = np.array([h5["uses"].ref, h5["named"].ref], dtype=h5py.ref_dtype)
    h5["regions"] = np.array([h5["uses"].regionref[0:1]], dtype=h5py.regionref_dtype)
    h5["fixed utf8"] = np.array([b"abc"], dtype=h5py.string_dtype("utf-8", 7))
    t = h5py.h5t.STD_I32LE.copy()
    t.set_precision(12)
    t.set_offset(3)
    h5py.h5d.create(h5.id, b"odd", t, h5py.h5s.create_simple((4,)))
    h5py.h5d.create(h5.id, b"bits", h5py.h5t.STD_B16LE, h5py.h5s.create_simple((4,)))


@case
def chunked(h5):
    a = rng.integers(0, 1000, (37, 53)).astype("i4")
    h5.create_dataset("plain", data=a, chunks=(10, 7))
    h5.create_dataset("gzip", data=a, chunks=(10, 7), compression="gzip", shuffle=True, fletcher32=True)
    h5.create_dataset("one", data=a, chunks=a.shape)
    h5.create_dataset("onegzip", data=a, chunks=a.shape, compression="gzip")
    h5.create_dataset("grow0", data=a, chunks=(10, 7), maxshape=(None, 53))
    h5.create_dataset("grow1", data=a, chunks=(10, 7), maxshape=(37, None), compression="gzip")
    h5.create_dataset("grow01", data=a, chunks=(10, 7), maxshape=(None, None), compression="lzf")
    h5.create_dataset("growto", data=a, chunks=(10, 7), maxshape=(100, 80))
    h5.create_dataset("growgzip", data=a, chunks=(10, 7), maxshape=(None, 100), compression="gzip")
    d = h5.create_dataset("sparse", (1000, 1000), "f4", chunks=(10, 10), maxshape=(None, 2000))
    for i in range(0, 1000, 170):
        d[i, i] = i
    d = h5.create_dataset("shrunk", data=a, chunks=(10, 7), maxshape=(None, None))
    d.resize((15, 20))
    h5.create_dataset("empty", (100, 100), "f4", chunks=(10, 10), compression="gzip")
    h5.create_dataset("noscale", data=a, chunks=(10, 7), scaleoffset=0)
    d = h5.create_dataset("raw", (20, 14), "i4", chunks=(10, 7), compression="gzip")
    d.id.write_direct_chunk((10, 7), a[10:20, 7:14].tobytes(), filter_mask=1)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((10, 7))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    h5py.h5d.create(h5.id, b"early", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((37, 53)), plist)


@case
def large(h5):
    """Indexes of many levels and pages."""
    d = h5.create_dataset("grow", (70000,), "u1", chunks=(3,), maxshape=(None,))
    d[...] = 1
    d = h5.create_dataset("fixed", (30000,), "u1", chunks=(3,))
    d[10000:20000] = 1
    d = h5.create_dataset("fixedgzip", (9000,), "u1", chunks=(3,), compression="gzip")
    d[...] = 1
    d = h5.create_dataset("tree", (150, 150), "u1", chunks=(1, 2), maxshape=(None, None))
    d[...] = 1
    d = h5.create_dataset("far", (10**9,), "u1", chunks=(3,), maxshape=(None,))
    d[123456789] = 1
    d[0] = 1
    d[99999] = 1
    d = h5.create_dataset("turned", (4, 3000, 3), "u2", chunks=(2, 1, 2), maxshape=(4, None, 3), compression="gzip")
    d[:, ::7] = 1


@case
@options(userblock_size=1024)
def userblock(h5):
    h5["x"] = np.arange(5)
    h5["x"].attrs["a"] = "b"
    h5.create_dataset("c", data=np.arange(50), chunks=(7,), compression="gzip")


with open(f"{directory}/cases.json", "w") as f:
    json.dump(cases, f)
