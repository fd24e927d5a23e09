"""Makes the files beside it: pip install kerchunk==0.2.10 fastparquet==2026.9.0 zarr==3.1.6"""
import base64
import json
import shutil

from kerchunk.df import refs_to_dataframe

array = lambda shape, chunks: json.dumps({"zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": "<f4", "compressor": None, "fill_value": 0, "order": "C", "filters": None})
refs = {".zgroup": '{"zarr_format":2}', ".zattrs": '{"title":"é"}', "t/.zarray": array([50, 30], [10, 10]), "t/.zattrs": "{}", "x/.zarray": array([7], [7]), "s/.zarray": array([], []),
        "x/0": "base64:" + base64.b64encode(bytes(range(28))).decode(), "s/0": ["data.bin"]}
for i in range(5):
    for j in range(3):
        if (i, j) not in [(1, 1), (4, 2)] and i != 2:
            refs[f"t/{i}.{j}"] = ["data.bin" if i < 3 else "other.bin", 10 * i + j, 5 + i]
json.dump({"version": 1, "refs": refs}, open("kerchunk.json", "w"), indent=1, ensure_ascii=False)
shutil.rmtree("kerchunk.parq", ignore_errors=True)
refs_to_dataframe(refs, "kerchunk.parq", record_size=4)
