"""The API of the first DosNa, on each engine and backend."""

import numpy as np
import pytest

import dosna as dn
from dosna.backends.base import DatasetNotFoundError, IndexOutOfRangeError


@pytest.fixture
def ds(econ, data):
    return econ.create_dataset("fake", data=data, chunk_size=(16, 16, 16))


def test_available(backend, engine):
    assert backend in dn.backends.AVAILABLE
    assert engine in dn.engines.AVAILABLE
    assert dn.compatible(engine, backend)


def test_connection(backend, options, name, engine):
    dn.use(backend=backend, engine=engine)
    con = dn.Connection(name, **options)
    assert not con.connected
    con.connect()
    assert con.connected and con.name == name and con.mode == "a"
    con.disconnect()
    assert not con.connected
    with con as same:
        assert same is con and con.connected
    assert not con.connected


def test_existing(econ, ds):
    assert econ.has_dataset("fake")
    assert not econ.has_dataset("nothing")
    assert "fake" in econ and "nothing" not in econ
    assert econ["fake"] == ds and econ["nothing"] is None


def test_properties(ds, data, econ):
    assert ds.name == "fake" and ds.shape == data.shape and ds.ndim == 3 and np.dtype(ds.dtype) == data.dtype
    assert ds.fillvalue == 0 and ds.chunk_size == (16, 16, 16) and ds.connection is econ
    assert list(ds.chunk_grid) == [4, 3, 3] and ds.total_chunks == 36
    again = econ.get_dataset("fake")
    assert (again.shape, again.dtype, again.fillvalue, again.chunk_size, again.chunk_grid) == (ds.shape, ds.dtype, ds.fillvalue, ds.chunk_size, ds.chunk_grid)


KEYS = [
    np.s_[40, :16, :16], np.s_[40, :16, :17], np.s_[:30, :16, :17], np.s_[:, :33, 20:36], np.s_[:], np.s_[...], np.s_[()], np.s_[5], np.s_[..., 3],
    np.s_[2:9, ..., 4], np.s_[-1], np.s_[:, -3:, ::-2], np.s_[3:3], np.s_[7, 8, 9], np.s_[49:60], np.s_[None, 1, :, None], np.s_[None], np.s_[[1, 5, 3]],
    np.s_[:, [0, 2], 4], np.s_[[1, 2], [3, 4], [5, 6]], np.s_[np.int32(4), 1:2], np.s_[np.array([[1, 2], [3, 4]]), 0],
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_read(ds, data, key):
    got, want = ds[key], data[key]
    assert type(got) is type(want)
    np.testing.assert_array_equal(got, want)
    assert got.dtype == want.dtype


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_write(ds, data, key):
    want = data.copy()
    values = np.arange(want[key].size).reshape(want[key].shape) * 3
    ds[key] = values
    want[key] = values
    np.testing.assert_array_equal(ds[...], want)
    ds[key] = 5
    want[key] = 5
    np.testing.assert_array_equal(ds[...], want)


def test_masks(ds, data):
    mask = data > 3000
    np.testing.assert_array_equal(ds[mask], data[mask])
    np.testing.assert_array_equal(ds[:, data[0, :, 0] > 0], data[:, data[0, :, 0] > 0])
    ds[mask] = 1
    np.testing.assert_array_equal(ds[...], np.where(mask, 1, data))


def test_orthogonal(ds, data):
    np.testing.assert_array_equal(ds.oindex[[1, 4], :, [0, 7, 3]], data[np.ix_([1, 4], range(37), [0, 7, 3])])
    ds.oindex[[1, 4], :, [0, 7]] = 9
    assert (ds[...] == 9).sum() >= 2 * 37 * 2


def test_broadcast(ds, data):
    ds[3] = data[4, 0]
    np.testing.assert_array_equal(ds[3], np.broadcast_to(data[4, 0], data[3].shape))
    ds[:, :, 2] = data[:, :, 5]
    np.testing.assert_array_equal(ds[:, :, 2], data[:, :, 5])
    ds[0] = 2.9
    assert (ds[0] == 2).all()


@pytest.mark.parametrize("key", [np.s_[50], np.s_[-51], np.s_[0, 0, 0, 0], np.s_[..., ...], np.s_["x"], np.s_[1.5], np.s_[[True, False]]], ids=str)
def test_bad_keys(ds, key):
    with pytest.raises((IndexError, ValueError)):
        ds[key]
    with pytest.raises((IndexError, ValueError)):
        ds[key] = 1


def test_iterate(ds, data):
    for a, b in zip(ds, data):
        np.testing.assert_array_equal(a, b)
    assert len(ds) == 50
    np.testing.assert_array_equal(np.asarray(ds), data)


def test_clear(ds):
    ds.clear()
    assert (ds[...] == ds.fillvalue).all()


def test_load(ds, data):
    ds.load(data * 2)
    np.testing.assert_array_equal(ds[...], data * 2)
    with pytest.raises(ValueError):
        ds.load(data[1:])
    ds.set_data(data)
    np.testing.assert_array_equal(ds.get_data(), data)


def test_map(econ, ds, data):
    shapes = set()

    def one_more(x):
        shapes.add(x.shape)
        return x + 1

    second = ds.map(one_more if econ.__class__.__name__.startswith("Cpu") else add_one, "fake2")
    np.testing.assert_array_equal(second[...], data + 1)
    assert second.dtype == ds.dtype and second.chunk_size == ds.chunk_size
    if shapes:
        assert shapes == {(a, b, c) for a in (16, 2) for b in (16, 5) for c in (16, 9)}
    econ.del_dataset(second.name)
    assert not econ.has_dataset("fake2")


def add_one(x):
    return x + 1


def test_apply(ds, data):
    assert ds.apply(add_one) is None
    np.testing.assert_array_equal(ds[...], data + 1)


def test_map_halo(ds, data):
    def sums(x):
        out = x.copy()
        for axis in range(3):
            out = out + np.roll(x, 1, axis) + np.roll(x, -1, axis)
        return out

    want = np.pad(data, 1, "symmetric")
    want = sums(want)[1:-1, 1:-1, 1:-1]
    np.testing.assert_array_equal(ds.map(sums, "sums", halo=1)[...], want)


def test_clone(econ, ds, data):
    empty = ds.clone("empty")
    assert (empty[...] == 0).all() and empty.chunk_size == ds.chunk_size and empty.dtype == ds.dtype
    np.testing.assert_array_equal(ds.clone("full", data=True)[...], data)
    with pytest.raises(Exception):
        ds.clone("full")


def test_delete(econ, ds):
    ds.delete()
    assert not econ.has_dataset("fake")
    with pytest.raises(DatasetNotFoundError):
        econ.del_dataset("fake")
    with pytest.raises(DatasetNotFoundError):
        econ.get_dataset("fake")


def test_create_twice(econ, ds):
    with pytest.raises(Exception) as e:
        econ.create_dataset("fake", shape=(3,))
    assert e.value.message


def test_create_needs_shape(econ):
    with pytest.raises(ValueError):
        econ.create_dataset("x")


def test_fillvalue(econ):
    ds = econ.create_dataset("filled", shape=(10, 10), dtype="f8", fillvalue=-1.5, chunk_size=(4, 4))
    assert ds.fillvalue == -1.5 and (ds[...] == -1.5).all()
    ds[2:5, 2:5] = 1
    assert ds[...].sum() == 9 - 1.5 * 91
    assert econ.get_dataset("filled").fillvalue == -1.5


def test_whole_chunk(econ):
    assert econ.create_dataset("small", shape=(100, 100)).chunk_size == (100, 100)
    large = econ.create_dataset("large", shape=(1000, 1000, 100))
    assert np.prod(large.chunk_size) * 4 < 16 << 20


def test_chunks(ds, data):
    chunk = ds.get_chunk((1, 0, 2))
    assert chunk.shape == (16, 16, 16) and chunk.size == 4096 and chunk.byte_count == 16384 and chunk.dtype == data.dtype
    np.testing.assert_array_equal(chunk.get_data()[:, :, :9], data[16:32, :16, 32:])
    assert (chunk.get_data()[:, :, 9:] == 0).all()
    np.testing.assert_array_equal(ds.get_chunk_data((0, 1, 0), np.s_[2:5, ..., 1]), data[2:5, 16:32, 1])
    ds.set_chunk_data((0, 1, 0), 8, np.s_[2:5])
    assert (ds[2:5, 16:32, :16] == 8).all()
    chunk.set_data(np.full((16, 16, 16), 4))
    assert (ds[16:32, :16, 32:] == 4).all()
    assert ds.has_chunk((0, 0, 0))
    ds.del_chunk((0, 0, 0))
    assert not ds.has_chunk((0, 0, 0)) and (ds[:16, :16, :16] == 0).all()
    ds.create_chunk((0, 0, 0), data=7)
    assert (ds[:16, :16, :16] == 7).all()
    with pytest.raises(Exception):
        ds.create_chunk((0, 0, 0), data=7)
    for bad in ((4, 0, 0), (0, 5, 0), (0, 0, -1), (0, 0)):
        with pytest.raises(IndexOutOfRangeError):
            ds.get_chunk(bad)
    with pytest.raises(TypeError):
        ds.get_chunk(3)


def test_private_slicing(ds):
    for key, count in [((40, slice(0, 16), slice(0, 16)), 1), ((40, slice(0, 16), slice(0, 17)), 2), ((slice(None), slice(0, 33), slice(20, 36)), 4 * 3 * 2), (slice(None), 36)]:
        slices = ds._process_slices(key)
        assert len(list(ds._chunk_slice_iterator(slices, ds.ndim))) == count
    assert ds._process_slices((3, slice(2, 4)), squeeze=True) == ([slice(3, 4), slice(2, 4), slice(0, 41)], (0,))
    assert ds._idx_from_flat(35) == (3, 2, 2)
    assert ds._local_chunk_bounds((3, 2, 2)) == (slice(0, 2), slice(0, 5), slice(0, 9))
    assert ds._global_chunk_bounds((3, 2, 2)) == (slice(48, 50), slice(32, 37), slice(32, 41))


def test_context(econ, data):
    with econ as con:
        con.create_dataset("in", data=data)
    assert not econ.connected
    np.testing.assert_array_equal(econ["in"][...], data)  # connects itself
    assert econ.connected


def test_readme():
    """The examples of the first DosNa's README."""
    dn.use(backend="ram", engine="cpu")
    data = np.random.randn(100, 100, 100)
    con = dn.Connection("dosna-tutorial")
    con.connect()
    ds = con.create_dataset("data", data=data, chunk_size=(32, 32, 32))
    assert ds[0, 0, :10].shape == (10,)
    assert np.allclose(ds[...], data)
    con.disconnect()
    with dn.connection("dosna_tutorial") as con:
        ds = con["data"]
        ds[36:80, 89:, :56] = data[36:80, 89:, :56]
        assert np.allclose(ds[36:80, 89:, :56], data[36:80, 89:, :56])
        con.del_dataset("data")
    dn.use(engine="joblib")
    dn.use(engine="cpu")


def test_use():
    with pytest.raises(Exception):
        dn.use(engine="nothing")
    with pytest.raises(Exception):
        dn.use(backend="nothing")
    dn.use(engine="CPU", backend="RAM")
    engine, backend = dn.status()
    assert engine.name == "cpu" and backend.name == "ram" and engine.Connection is dn.Connection
    assert dn.get_engine().name == "cpu" and dn.get_backend("file").name == "file"
    assert dn.status().backend.name == "file"
    dn.use(backend="ram")
