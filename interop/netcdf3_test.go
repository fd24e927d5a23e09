package interop

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
)

// classicProgram makes netCDF classic files with xarray: three parts of a series, and the whole.
const classicProgram = `
import sys
import numpy as np
import xarray as xr
rng = np.random.default_rng(1)
n = 9
t = rng.normal(280, 10, (n, 40, 5)).astype("f4")
t[0, 0, 0] = np.nan
whole = xr.Dataset(
    {"t": (("time", "lat", "lon"), t, {"units": "K", "range": np.array([0, 400], "i2"), "number": np.float32(0.1)}),
     "packed": (("time", "lat", "lon"), np.linspace(0, 1, n * 200).reshape(n, 40, 5)),
     "flag": (("lat",), np.arange(40) % 3 == 0),
     "names": (("lon",), np.array(["north", "tropic", "süd", "", "x"], object)),
     "letters": (("lon",), np.array([b"north", b"tropic", b"s", b"", b"y"], "S6")),
     "step": ("time", np.arange(n, dtype="i2"))},
    {"time": np.datetime64("2020-01-01", "ns") + np.arange(n) * np.timedelta64(6, "h"), "lat": np.linspace(-60, 60, 40), "lon": np.arange(5, dtype="i4")},
    {"title": "made by xarray", "version": 3})
coding = {"packed": {"dtype": "i2", "scale_factor": 0.001, "add_offset": 0.5, "_FillValue": -1}, "t": {"_FillValue": 1e20},
          "time": {"units": "hours since 2020-01-01", "dtype": "f8"}}
for engine, form in ("scipy", "NETCDF3_CLASSIC"), ("netcdf4", "NETCDF3_64BIT"):
    for name, part in ("whole", slice(None)), ("a", slice(4)), ("b", slice(4, 5)), ("c", slice(5, None)):
        whole.isel(time=part).to_netcdf(f"{sys.argv[1]}/{engine}-{name}.nc", engine=engine, format=form, encoding=coding, unlimited_dims=["time"])
`

// TestXarrayOfNetCDF3 has xarray read netCDF classic files in place, through references to them, to trees that were linked to
// them, and to one that was put together from three: it sees what it sees in the files.
func TestXarrayOfNetCDF3(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	packages := []string{"numpy", "scipy", "xarray", "zarr", "netCDF4", "fsspec"}
	testenv.RunPython(t, packages, classicProgram, dir)
	pool := filepath.Join(dir, "pool")
	for _, engine := range []string{"scipy", "netcdf4"} {
		file := func(name string) string { return filepath.Join(dir, engine+"-"+name+".nc") }
		linked := linkedTo(t, pool, file("whole"), engine)
		c, err := dosna.Open(t.Context(), pool, &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := dosna.LinkFiles(t.Context(), []string{file("a"), file("b"), file("c")}, c, "/"+engine+"-series", "time"); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		for what, address := range map[string]string{"file": file("whole"), "linked": linked, "series": pool + "#/" + engine + "-series"} {
			references := filepath.Join(dir, engine+"-"+what+".json")
			referTo(t, address, references)
			if got := string(testenv.RunPython(t, packages, hdf5Program, "compare", file("whole"), references, "", "file")); !strings.HasSuffix(got, " equal\n") {
				t.Errorf("%s: %s", references, got)
			}
		}
	}
}
