package testenv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Packages are the Python packages that tests may ask for. Nilearn is there for
// the brain template in it (see [Brain]) and cannot be imported: its own
// dependencies are not installed.
var Packages = []string{"numpy", "scipy", "zarr", "numcodecs", "zarrs", "tensorstore", "xarray", "dask", "nilearn", "PIL", "tifffile", "ome_zarr_models", "ome_zarr", "boto3", "s3fs", "fsspec", "obstore", "h5py", "hdf5plugin", "netCDF4", "tables", "h5netcdf"}

// Python returns the path of a Python interpreter that has the named packages,
// or all of [Packages] if none is named. The interpreter is DOSNA_TEST_PYTHON,
// or else the environment .venv at the module's root, which "make testdeps"
// creates. Without one the test skips; see [Require] with component "python".
func Python(t testing.TB, packages ...string) string {
	t.Helper()
	if len(packages) == 0 {
		packages = Packages
	}
	python, err := findPython()
	if err == nil {
		err = python.lacks(packages)
	}
	if err != nil {
		Require(t, "python", false, err.Error())
	}
	return python.path
}

// RunPython runs a Python program, given as source text, with the named
// packages (see [Python]) and args in sys.argv[1:]. It returns what the program
// printed, and fails the test with the program's stderr if it exits non-zero.
// The program is stopped when the test ends.
func RunPython(t testing.TB, packages []string, source string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Python(t, packages...), append([]string{"-c", source}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python program: %v\n%s%s", err, out, stderr.Bytes())
	}
	return out
}

// Brain returns the path of a real volume: the MNI ICBM152 T1 template, a
// gzipped NIfTI-1 file of 197×233×189 uint8 voxels that the nilearn wheel holds.
func Brain(t testing.TB) string {
	t.Helper()
	Python(t, "nilearn")
	python, err := findPython()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(python.packages["nilearn"], "datasets", "data", "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz")
	_, err = os.Stat(path)
	Require(t, "python", err == nil, fmt.Sprintf("the brain template of nilearn: %v; run: make testdeps", err))
	return path
}

// interpreter is a Python and the directories of those Packages that it has.
type interpreter struct {
	path     string
	packages map[string]string
}

func (p *interpreter) lacks(packages []string) error {
	var missing []string
	for _, name := range packages {
		if !slices.Contains(Packages, name) {
			return fmt.Errorf("python package %s is not in testenv.Packages; add it there and to requirements-test.txt", name)
		}
		if p.packages[name] == "" {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return fmt.Errorf("%s lacks the packages %s; run: make testdeps", p.path, strings.Join(missing, ", "))
	}
	return nil
}

// Only the places of packages are asked for: importing all takes seconds.
const listPackages = `
import importlib.util, os, sys
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    if spec and spec.origin:
        print(name, os.path.dirname(spec.origin), sep="\t")
`

var findPython = sync.OnceValues(func() (*interpreter, error) {
	path := os.Getenv("DOSNA_TEST_PYTHON")
	if path == "" {
		root, err := Root()
		if err != nil {
			return nil, err
		}
		path = venvPython(root)
		if _, err := os.Stat(path); err != nil {
			return nil, errors.New("no Python environment in .venv at the module's root; run: make testdeps (or set DOSNA_TEST_PYTHON)")
		}
	}
	out, err := exec.Command(path, append([]string{"-c", listPackages}, Packages...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("run python %s: %w; set DOSNA_TEST_PYTHON to a Python 3, or run: make testdeps", path, err)
	}
	return &interpreter{path: path, packages: parsePackages(string(out))}, nil
})

func parsePackages(out string) map[string]string {
	packages := make(map[string]string)
	for line := range strings.Lines(out) {
		name, dir, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		if ok {
			packages[name] = dir
		}
	}
	return packages
}

func venvPython(root string) string { return pythonIn(filepath.Join(root, ".venv")) }

// pythonIn returns the interpreter of an environment.
func pythonIn(venv string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(venv, "Scripts", "python.exe")
	}
	return filepath.Join(venv, "bin", "python")
}
