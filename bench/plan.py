"""What is measured: suites of cells, a cell being an operation on a layout. See README.md."""
from dataclasses import dataclass

OURS = ("dosna", "dosna-python", "dosna+cache", "dosna+trusted")
OPS = ("read", "write", "chunks1", "chunks2", "zplanes", "xplanes", "boxes", "points", "overwrite")
AGAIN = ("zplanes_again", "xplanes_again", "boxes_again")
PEERS = ("dosna", "tensorstore", "zarrs", "zarr-python+zarrs", "zarr-python")
NEAREST = PEERS[:4]


@dataclass(frozen=True)
class Suite:
    title: str
    about: str
    layouts: tuple
    ops: tuple
    peers: tuple
    most: int = 1000  # rounds
    where: str = ""   # "near" or "far": in a bucket, the second with latency


SUITES = {
    "main": Suite(
        "Layouts without checksums", "512³ float32, the layouts that all libraries share.",
        ("f4_raw64", "f4_zstd3", "f4_blosc", "f4_shard"), OPS, PEERS),
    "blur": Suite(
        "Gaussian filter of a stored volume", "256³ float32, sigma 2, from one Zarr array to another in chunks of 64³ of zstd 3. "
        "Dask filters chunk by chunk on two threads; SciPy filters the whole volume in memory, which TensorStore reads and writes for it.",
        ("f4_zstd3",), ("blur",), ("dosna", "dask", "scipy")),
    "cache": Suite(
        "With a cache of decoded chunks", "1 GiB of cache, so that everything fits. All planes or boxes are read once, untimed, then three times. "
        "Both libraries ask the file system each time whether a chunk is still what it was.",
        ("f4_zstd3",), AGAIN, ("dosna+cache", "tensorstore+cache")),
    "trusted": Suite(
        "With a cache that is believed", "The same, and neither asks: `MaxAge` of our cache is an hour, `recheck_cached_data` of TensorStore is false.",
        ("f4_zstd3",), AGAIN, ("dosna+trusted", "tensorstore+trusted")),
    "bucket": Suite(
        "In a bucket", "A server of S3 on the same machine (versitygw), with which all share the processor.",
        ("f4_zstd3",), ("read", "zplanes", "write"), ("dosna", "tensorstore", "zarr-python"), 10, "near"),
    "far": Suite(
        "In a bucket far away", "The same server, behind a program that adds 20 ms to each round trip, that for a new connection included.",
        ("f4_zstd3",), ("read", "zplanes", "write"), ("dosna", "tensorstore", "zarr-python"), 10, "far"),
    "hdf5": Suite(
        "An HDF5 file where it lies", "512³ float32 in chunks of 64³, shuffled and compressed by gzip 4 as h5py does it, read from the file that h5py wrote.",
        ("f4_gzip",), ("read", "zplanes", "boxes"), ("dosna", "h5py"), 10),
    "hdf5far": Suite(
        "An HDF5 file in a bucket far away", "The same file, in the bucket behind 20 ms; h5py reads it through s3fs.",
        ("f4_gzip",), ("read", "zplanes", "boxes"), ("dosna", "h5py"), 6, "far"),
    "python": Suite(
        "From Python", "The operations of the first table, each in a Python process: the package dosna, whose processor time is that of its server too, and the others in the process.",
        ("f4_raw64", "f4_zstd3", "f4_blosc", "f4_shard"), OPS, ("dosna-python", "tensorstore", "zarr-python+zarrs", "zarr-python"), 6),
    "default": Suite(
        "What we store if nothing is asked for", "Chunks of 64³ of zstd 3 under a crc32c checksum, which we check before anything of a chunk is returned.",
        ("f4_default",), ("read", "write", "zplanes", "xplanes", "boxes", "overwrite"), NEAREST, 6),
    "sync": Suite(
        "Writes that survive a loss of power", "As the writes above, and everything is on the disk when the call returns. Only TensorStore offers the same; "
        "it syncs each file as it is written, we sync once at the end.",
        ("f4_raw64", "f4_zstd3", "f4_default"), ("write_sync", "overwrite_sync"), ("dosna", "tensorstore"), 6),
    "flat": Suite(
        "Chunks that are not cubes", "Chunks of 16×128×128, compressed and not.",
        ("f4_flat", "f4_flatraw"), ("read", "write", "zplanes", "xplanes"), NEAREST, 6),
    "u2": Suite(
        "16-bit integers", "512³ uint16 in the layouts of the first table.",
        ("u2_raw64", "u2_zstd3", "u2_blosc", "u2_shard"), ("read", "write", "boxes"), NEAREST, 6),
}
