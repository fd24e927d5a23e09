package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Zarr2 returns the path of a Python interpreter that has zarr-python 2.18, the last
// that knows Zarr v2 alone, and its numcodecs: DOSNA_TEST_PYTHON_ZARR2, or else the
// environment .venv-zarr2 at the module's root, which "make testdeps" creates.
// Without one the test skips; see [Require] with component "python".
func Zarr2(t testing.TB) string {
	t.Helper()
	path, err := findZarr2()
	why := "zarr-python 2.18: run: make testdeps (or set DOSNA_TEST_PYTHON_ZARR2)"
	if err != nil {
		why += ": " + err.Error()
	}
	Require(t, "python", err == nil, why)
	return path
}

var findZarr2 = sync.OnceValues(func() (string, error) {
	path := os.Getenv("DOSNA_TEST_PYTHON_ZARR2")
	if path == "" {
		root, err := Root()
		if err != nil {
			return "", err
		}
		path = pythonIn(filepath.Join(root, ".venv-zarr2"))
	}
	return path, exec.Command(path, "-c", "import zarr; assert zarr.__version__.startswith('2.')").Run()
})
