"""The layouts that are measured, as Zarr v3 metadata, shared by all peers.

The name of a layout is an element type, an underscore and one of LAYOUTS:

  raw64     uncompressed, chunks of 64³
  zstd3     zstd level 3, chunks of 64³
  blosc     blosc with lz4, level 5, byte shuffle, chunks of 64³
  shard     shards of 256³ with inner chunks of 32³, zstd level 3
  default   what this project stores if nothing is asked for: zstd 3, then crc32c
  flat      zstd level 3, chunks of 16×128×128
  flatraw   uncompressed, chunks of 16×128×128

And one that is no layout of Zarr's, and only read: the dataset "a" of an HDF5 file,

  gzip      chunks of 64³, shuffle, gzip level 4
"""

LAYOUTS = {"f4": ("raw64", "zstd3", "blosc", "shard", "default", "flat", "flatraw"),
           "u2": ("raw64", "zstd3", "blosc", "shard")}
HDF5 = {"f4": ("gzip",)}
ITEM = {"f4": 4, "u2": 2}
DTYPE = {"f4": "float32", "u2": "uint16"}

BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
ZSTD = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
CRC32C = {"name": "crc32c"}


def blosc(item):
    return {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle",
                                               "typesize": item, "blocksize": 0}}


def chunks(name, n):
    """The shape of the stored objects of an array with edges of n."""
    if name == "shard":
        return [min(256, n)] * 3
    return [16, 128, 128] if name.startswith("flat") else [64] * 3


def codecs(name, dtype):
    if name in ("raw64", "flatraw"):
        return [BYTES]
    if name in ("zstd3", "flat"):
        return [BYTES, ZSTD]
    if name == "default":
        return [BYTES, ZSTD, CRC32C]
    if name == "blosc":
        return [BYTES, blosc(ITEM[dtype])]
    if name == "shard":
        return [{"name": "sharding_indexed", "configuration": {
            "chunk_shape": [32] * 3, "codecs": [BYTES, ZSTD],
            "index_codecs": [BYTES, CRC32C], "index_location": "end"}}]
    raise SystemExit("unknown layout " + name)


def metadata(name, dtype, n):
    return {
        "zarr_format": 3, "node_type": "array", "shape": [n] * 3, "data_type": DTYPE[dtype],
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks(name, n)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0, "codecs": codecs(name, dtype), "attributes": {},
    }
