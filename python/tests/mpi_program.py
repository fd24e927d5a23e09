"""Run by every rank: mpi_program.py BACKEND NAME [DIRECTORY or ENDPOINT]. Rank 0 prints what it has seen."""

import sys

import numpy as np
from mpi4py import MPI

import dosna as dn
from dosna.backends.base import DatasetExistsError, DatasetNotFoundError, GroupExistsError, ParentLinkError
from dosna.util.mpi import MpiTimer, mpi_barrier, mpi_comm, mpi_is_root, mpi_rank, mpi_root, mpi_size, pprint

backend, name, where = sys.argv[1:4]
options = {"ram": {}, "file": {"directory": where}, "s3": {"endpoint_url": where}}[backend]
comm = MPI.COMM_WORLD
rank, size = comm.Get_rank(), comm.Get_size()


def raises(kind, do):
    """Has every rank raise it."""
    try:
        do()
    except kind as err:
        assert all(comm.allgather(True)), rank
        return err
    raise AssertionError(f"rank {rank} raised nothing")


dn.use(engine="mpi", backend=backend)
assert dn.status().engine.name == "mpi" and dn.status().engine.params["comm"] == comm
assert (mpi_rank(), mpi_size(), mpi_is_root(), mpi_root(), mpi_comm()) == (rank, size, rank == 0, rank == 0, comm)

data = np.arange(13 * 10 * 9, dtype="i4").reshape(13, 10, 9)
with dn.Connection(name, **options) as con:
    assert (con.mpi_rank, con.mpi_size, con.mpi_is_root) == (rank, size, rank == 0)
    con.mpi_barrier()
    ds = con.create_dataset("a", data=data, chunk_size=(4, 3, 5), fillvalue=-1)
    assert type(ds) is dn.status().engine.Dataset and ds.mpi_size == size and ds.mpi_rank == rank
    np.testing.assert_array_equal(ds[...], data)
    np.testing.assert_array_equal(con.get_dataset("a")[rank], data[rank])
    mine = sum(1 for _ in ds._indices())
    assert comm.allreduce(mine) == ds.total_chunks and abs(mine * size - ds.total_chunks) < size

    # Each rank writes a part of the same chunk, and all of it arrives.
    ds[0, 0, rank] = -rank - 5
    mpi_barrier()
    np.testing.assert_array_equal(ds[0, 0, :size], -np.arange(size) - 5)
    mpi_barrier()
    ds.load(data)
    np.testing.assert_array_equal(ds[...], data)

    twice = ds.map(lambda a: a * 2, "b")
    np.testing.assert_array_equal(twice[...], data * 2)
    smooth = ds.map(lambda a: a.astype("f8") / 2, "c", halo=1, dtype="f8")
    np.testing.assert_array_equal(smooth[...], data / 2)
    mpi_barrier()
    twice.apply(lambda a: a + rank * 0 + 1)
    np.testing.assert_array_equal(twice[...], data * 2 + 1)
    empty, full = ds.clone("d"), ds.clone("e", data=True)
    assert (empty[...] == -1).all() and (full[...] == data).all() and empty.chunk_size == ds.chunk_size
    mpi_barrier()
    full.clear()
    assert (full[...] == -1).all() and not full.has_chunk((0, 0, 0))
    mpi_barrier()
    chunk = full.create_chunk((1, 1, 1), np.full((4, 3, 4), 7))
    assert (chunk.get_data(np.s_[:, :, :4]) == 7).all() and full.has_chunk((1, 1, 1))
    mpi_barrier()
    full.delete()
    assert not con.has_dataset("e")
    mpi_barrier()
    full = ds.clone("e")
    mpi_barrier()
    con.del_dataset("e")

    # What goes wrong on one rank goes wrong on all.
    raises(DatasetExistsError, lambda: con.create_dataset("a", shape=(2, 2)))
    raises(DatasetExistsError, lambda: ds.clone("b"))
    raises(DatasetNotFoundError, lambda: con.del_dataset("none"))
    raises(ValueError, lambda: ds.load(data[1:]))

    def bad(a):
        if rank == size - 1:
            raise ZeroDivisionError("on the last rank")
        return a

    raises(ZeroDivisionError, lambda: ds.apply(bad))

    group = con.create_group("g/h", {"rank": "all"})
    assert group.mpi_size == size and dict(group.attrs) == {"rank": "all"}
    inner = group.create_dataset("x", data=data[0])
    np.testing.assert_array_equal(con["/g/h/x"][...], data[0])
    raises(GroupExistsError, lambda: con.create_group("g/h"))
    raises(ParentLinkError, lambda: group.del_link("/g/h/x"))
    assert con.get_group("g").create_link("/a")
    assert "/a" in con.get_group("g").get_datasets()
    mpi_barrier()
    assert con.get_group("g").del_link("/a")
    con.del_group("g")
    assert not con.has_group("g")
    mpi_barrier()

    with MpiTimer("all") as timer:
        ds.load(data)
    assert timer.time > 0
    # The ranks of this node share a server.
    assert len(set(comm.allgather(dn.server()["pid"]))) == 1
    raises(DatasetExistsError, lambda: con.create_dataset("a", data=data))
    mpi_barrier()
    con.del_dataset("a")
half = comm.Split(rank % 2)
with dn.Connection(f"{name}-{rank % 2}", comm=half, **options) as con:
    assert con.mpi_size == half.Get_size()
    ds = con.create_dataset("part", data=data + rank % 2)
    np.testing.assert_array_equal(ds[...], data + rank % 2)
comm.Barrier()
pprint("done", size, rank=0)
