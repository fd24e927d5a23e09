"""Groups, links and attributes, as both flavours of the first DosNa had them, on every backend."""

import numpy as np
import pytest

import dosna as dn
from dosna.backends.base import (
    DatasetExistsError, DatasetNotFoundError, GroupExistsError, GroupNotFoundError, ParentLinkError,
)
from dosna.engines.base import ParentDatasetError
from dosna.engines.cpu import CpuDataset, CpuGroup, CpuLink


@pytest.fixture
def tree(con):
    a = con.create_group("/A", {"sample": "A7"})
    b = con.create_group("/A/B")
    con.create_group("C/D/E")
    return con, a, b


def test_names(tree):
    con, a, b = tree
    assert type(a) is CpuGroup and (a.name, b.name) == ("/A", "/A/B")
    assert b.absolute_path == b.get_absolute_path() == "/A/B"
    assert con.create_group("x").name == "/x" and a.create_group("y/z").name == "/A/y/z"
    assert con.get_group("/").name == "/" and con.get_group("A/B") == a.get_group("B") == a.get_group("/A/B") == b
    assert con.has_group("/A/B") and con.has_group_object("A") and a.has_group("B") and not a.has_group("D")
    assert con.root_group.keys() == con.keys() and set(con.keys()) == {"A", "C", "x"}


def test_missing(tree):
    con, a, b = tree
    for path in ("/A", "A/B", "/"):
        with pytest.raises(GroupExistsError, match="already exists") as err:
            con.create_group(path)
        assert err.value.message
    for do in (lambda: con.get_group("/none"), lambda: a.get_group("none"), lambda: b.get_group("/C"), lambda: con.del_group("/none")):
        with pytest.raises(GroupNotFoundError):
            do()
    assert con["none"] is None and a["none"] is None and "none" not in con and "A" in con and "/A/B" in con


def test_attributes(tree):
    con, a, b = tree
    assert dict(a.attrs) == a.get_attrs() == {"sample": "A7"} and b.get_metadata() == {} and not b.has_metadata()
    a.add_metadata({"n": 2, "list": np.arange(3)})
    assert con.get_group("A").get_attrs() == {"sample": "A7", "n": 2, "list": [0, 1, 2]}
    assert a.set_attrs({"only": 1.5}) == {"only": 1.5} == con.get_group("A").get_metadata()
    a.attrs["more"] = None
    del a.attrs["only"]
    assert con.get_group("A").attrs == {"more": None} and a.has_metadata()
    a.del_metadata()
    assert con.get_group("A").get_attrs() == {}
    with pytest.raises(KeyError):
        del a.attrs["none"]
    with pytest.raises(TypeError, match="JSON"):
        a.attrs["set"] = {1}
    assert con.create_group("fresh").get_attrs() == {}


def test_datasets(tree):
    con, a, b = tree
    data = np.arange(12).reshape(3, 4)
    ds = a.create_dataset("x", data=data, chunk_size=(2, 2))
    assert type(ds) is CpuDataset and (ds.name, ds.absolute_path) == ("/A/x", "/A/x")
    for found in (a.get_dataset("x"), a.get_dataset("/A/x"), con.get_dataset("/A/x"), con.get_dataset("A/x"), a["x"], con["/A/x"]):
        np.testing.assert_array_equal(found[...], data)
    assert a.has_dataset("x") and not b.has_dataset("x") and con.has_dataset("/A/x")
    assert list(a.get_datasets()) == ["/A/x"] and set(a.keys()) == {"B", "x"}
    assert [type(v) for _, v in sorted(a.items())] == [CpuGroup, CpuDataset] and len(a.values()) == len(a) == 2
    with pytest.raises(DatasetExistsError):
        a.create_dataset("x", shape=(1,))
    clone = ds.clone("y")
    assert clone.name == "/A/y" and list(a.get_datasets()) == ["/A/x", "/A/y"]
    a.del_dataset("x")
    for do in (lambda: a.get_dataset("x"), lambda: a.del_dataset("x"), lambda: con.del_dataset("/A/x"), lambda: a.get_dataset("B")):
        with pytest.raises(DatasetNotFoundError):
            do()


def test_links(tree):
    con, a, b = tree
    ds = a.create_dataset("x", data=np.arange(4))
    assert b.create_link("/A/x") is True and b.create_link("/C/D") is True and b.create_link("/none") is False
    links = b.get_links()
    assert list(links) == ["/C/D"] and type(links["/C/D"]) is CpuLink
    assert (links["/C/D"].name, links["/C/D"].source, links["/C/D"].target) == ("/A/B->/C/D", "/A/B", "/C/D")
    assert list(b.links) == ["D"] and list(a.get_links()) == ["/A/B"]
    np.testing.assert_array_equal(b.get_datasets()["/A/x"][...], np.arange(4))
    assert b.get_group("/C/D/E").name == "/C/D/E"  # through the link
    np.testing.assert_array_equal(b.get_dataset("/A/x")[...], ds[...])
    con.del_group("/C/D")
    assert links["/C/D"].target is None
    con.create_group("/C/D")
    assert links["/C/D"].target == "/C/D"
    with pytest.raises(ParentLinkError):
        a.del_link("/A/B")
    with pytest.raises(GroupNotFoundError):
        a.del_link("/C")
    with pytest.raises(DatasetNotFoundError):
        con.get_group("C").del_link("/A/x")
    assert a.del_link("/none") is False
    with pytest.raises(ParentDatasetError):
        b.del_dataset("/A/x")
    assert b.del_link("/A/x") is True and b.del_link("/C/D") is True and b.get_links() == {}
    assert con.has_dataset("/A/x") and con.has_group("/C/D")
    with pytest.raises(DatasetNotFoundError):
        con.get_group("C").del_dataset("/A/x")


def test_delete(tree):
    con, a, b = tree
    b.create_dataset("deep/x", data=np.arange(3))
    con.create_dataset("outside", data=np.arange(3))
    b.create_link("/outside")
    a.del_group("B")
    assert not con.has_group("/A/B") and not con.has_dataset("/A/B/deep/x") and con.has_dataset("outside")
    assert con.del_group("/A") is None
    with pytest.raises(GroupNotFoundError):
        con.del_group("/A")
    con.create_group("/A")
    assert con.get_group("A").keys() == []


def test_cycle(tree):
    con, a, b = tree
    assert b.create_link("/A") and b.get_group("/A/B").name == "/A/B"
    assert [kind for _, kind in con.visit_objects()].count("link") == 1
    con.del_group("/A")
    assert con.keys() == ["C"]


def test_dangling_dataset(tree):
    con, a, b = tree
    a.create_dataset("x", data=np.arange(3))
    b.create_link("/A/x")
    a.del_dataset("x")
    assert b.get_datasets() == {"/A/x": None} and b["x"] is None


def test_exceptions():
    """Exceptions go through pickles, as those of other processes do."""
    import pickle

    for err in (DatasetExistsError("a"), ParentLinkError("a", "b"), dn.backends.base.IndexOutOfRangeError((1,), (0,)), GroupNotFoundError("a", "text")):
        again = pickle.loads(pickle.dumps(err))
        assert type(again) is type(err) and again.message == err.message == str(again)
