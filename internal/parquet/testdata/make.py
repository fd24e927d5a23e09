"""Makes the files beside it: pip install pyarrow==26.0.1 fastparquet==2026.9.0 pandas"""
import fastparquet
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

n = 50
path = [None if i % 7 == 3 else "s3://bucket/é%d.nc" % (i % 3) for i in range(n)]
raw = [b"\x00\xff" + b"x" * i if i % 10 == 3 else None for i in range(n)]
offset = np.arange(n, dtype="i8") * 1_000_000_007
size = np.arange(n, dtype="i8") ** 2

table = pa.table({"path": pa.array(path, pa.string()), "unused": pa.array([[1.5]] * n), "offset": offset, "size": pa.array(size, pa.int32()), "raw": pa.array(raw, pa.binary())})
for codec in "none", "snappy", "gzip", "zstd":
    for version, page in ("v1", "1.0"), ("v2", "2.0"):
        pq.write_table(table, f"pyarrow-{codec}-{version}.parquet", compression=codec, data_page_version=page)
pq.write_table(table, "pyarrow-plain.parquet", compression="none", use_dictionary=False)
pq.write_table(table, "pyarrow-groups.parquet", compression="zstd", row_group_size=7, data_page_size=64, write_page_checksum=True)

frame = pd.DataFrame({"path": path, "offset": offset, "size": size, "raw": raw})
for codec in "UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD":
    fastparquet.write(f"fastparquet-{codec.lower()}.parquet", frame, compression=codec, object_encoding={"path": "utf8", "raw": "bytes"}, stats=False, has_nulls=["path", "raw"])
frame["path"] = frame["path"].astype("category")
fastparquet.write("fastparquet-category.parquet", frame, compression="ZSTD", object_encoding={"path": "utf8", "raw": "bytes"}, stats=False, has_nulls=["path", "raw"])

id = pa.array([1, 2, 3], pa.int64())
def other(name, x, **options):
    options = {"compression": "none", "use_dictionary": False, **options}
    pq.write_table(pa.table({"id": id, "x": x}), name + ".other", **options)
other("list", pa.array([[1], [2], [3]]))
other("float", pa.array([1.0, 2.0, 3.0]))
other("nulls", pa.array([1, None, 3]))
other("brotli", pa.array([1, 2, 3]), compression={"id": "none", "x": "brotli"})
other("delta", pa.array([1, 2, 3]), column_encoding={"id": "PLAIN", "x": "DELTA_BINARY_PACKED"})
other("deltastrings", pa.array(["a", "b", "c"]), column_encoding={"id": "PLAIN", "x": "DELTA_BYTE_ARRAY"})
