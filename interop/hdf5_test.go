package interop

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
)

//go:embed hdf5.py
var hdf5Program string

// TestXarrayOfHDF5 has xarray read netCDF-4 files in place, through references that we wrote to the files and to trees
// that were linked to them, on disks and in a bucket: it sees what it sees in the files.
func TestXarrayOfHDF5(t *testing.T) {
	server := testenv.VersityGW(t) // sets the environment, so that this test runs alone
	server.Bucket(t, "netcdf")
	dir := t.TempDir()
	packages := []string{"numpy", "xarray", "zarr", "netCDF4", "fsspec", "s3fs"}
	testenv.RunPython(t, packages, hdf5Program, "make", dir)
	bucket := func(name string) string { return "s3://netcdf/" + name + "?endpoint=" + server.Endpoint }
	put := `import sys, s3fs; s3fs.S3FileSystem(client_kwargs={"endpoint_url": sys.argv[1]}).put(sys.argv[2], sys.argv[3])`
	for name, group := range map[string]string{"daily": "", "other": "run/1"} {
		file := filepath.Join(dir, name+".nc")
		testenv.RunPython(t, packages, put, server.Endpoint, file, "netcdf/"+name+".nc")
		for protocol, source := range map[string]string{"file": file, "s3": bucket(name + ".nc")} {
			pool := filepath.Join(dir, protocol+"-pool")
			if protocol == "s3" {
				pool = bucket("pool")
			}
			linked := linkedTo(t, pool, source, name)
			for what, address := range map[string]string{"file": source, "linked": linked} {
				references := filepath.Join(dir, strings.Join([]string{name, protocol, what}, "-")+".json")
				referTo(t, address, references)
				args := []string{"compare", file, references, group, protocol}
				if protocol == "s3" {
					args = append(args, server.Endpoint)
				}
				if got := string(testenv.RunPython(t, packages, hdf5Program, args...)); !strings.HasSuffix(got, " equal\n") {
					t.Errorf("%s: %s", references, got)
				}
			}
		}
	}
}

// linkedTo makes a tree over a file, and returns its address.
func linkedTo(t *testing.T, pool, source, name string) string {
	t.Helper()
	c, err := dosna.Open(t.Context(), pool, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := dosna.LinkFiles(t.Context(), []string{source}, c, "/"+name, ""); err != nil {
		t.Fatal(err)
	}
	return pool + "#/" + name
}

func referTo(t *testing.T, address, file string) {
	t.Helper()
	root, path, _ := strings.Cut(address, "#/")
	c, err := dosna.Open(t.Context(), root, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n, err := c.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	done, err := dosna.WriteReferences(t.Context(), n, file, nil)
	if err != nil || done.Objects == 0 || len(done.Left) > 0 {
		t.Fatal(done, err)
	}
}

// TestReferencesLeaveOut: what only we can decode is left out, and the rest is read.
func TestReferencesLeaveOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, references := filepath.Join(dir, "a.h5"), filepath.Join(dir, "a.json")
	testenv.RunPython(t, []string{"h5py", "numpy"}, `
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "w") as f:
    f.create_dataset("g/ours", data=np.arange(100), chunks=(10,), compression="lzf")
    f.create_dataset("g/oursandmore", data=np.arange(100), chunks=(10,), compression="gzip")
    f.create_dataset("g/theirs", data=np.arange(100), chunks=(10,), compression="gzip", shuffle=True)
`, file)
	c, err := dosna.Open(t.Context(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	root, err := c.OpenGroup(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	done, err := dosna.WriteReferences(t.Context(), root, references, nil)
	if err != nil || fmt.Sprint(done) != "{20 4 [g/ours]}" {
		t.Error(done, err)
	}
	raw, err := os.ReadFile(references)
	if err != nil || strings.Contains(string(raw), "g/ours/") {
		t.Errorf("chunks that nobody decodes are there, %v", err)
	}
	got := string(testenv.RunPython(t, []string{"numpy", "zarr", "fsspec"}, `
import sys, fsspec, zarr
fs = fsspec.filesystem("reference", fo=sys.argv[1], remote_protocol="file", asynchronous=True, remote_options={"asynchronous": True})
g = zarr.open_group(zarr.storage.FsspecStore(fs, read_only=True, path=""), mode="r")["g"]
print(sorted(g.array_keys()), int(g["theirs"][:].sum()), int(g["oursandmore"][50:60].sum()))
`, references))
	if got != "['oursandmore', 'theirs'] 4950 545\n" {
		t.Error(got)
	}
}

// TestReferencesAreRefused: programs that do not know of datasets whose chunks lie elsewhere say so, and do not take them for empty.
func TestReferencesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, pool := filepath.Join(dir, "a.h5"), filepath.Join(dir, "pool")
	testenv.RunPython(t, []string{"h5py", "numpy"}, `
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "w") as f:
    f.create_dataset("a", data=np.arange(100), chunks=(10,))
`, file)
	linkedTo(t, pool, file, "linked")
	got := string(testenv.RunPython(t, []string{"zarr", "tensorstore"}, `
import sys, tensorstore, zarr
for what, read in {
    "array": lambda path: zarr.open_array(path, mode="r")[:],
    "group": lambda path: zarr.open_group(path.removesuffix("/a"), mode="r")["a"][:],
    "tensorstore": lambda path: tensorstore.open({"driver": "zarr3", "kvstore": "file://" + path + "/"}).result().read().result(),
}.items():
    try:
        print(what, read(sys.argv[1]))
    except Exception as err:
        print(what, "dosna.references" in str(err))
`, filepath.Join(pool, "linked", "a")))
	if got != "array True\ngroup True\ntensorstore True\n" {
		t.Error(got)
	}
}
