package testenv

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// PackagePython returns the path of a Python interpreter with what the tests of the
// Python package dosna need, but not the package: DOSNA_TEST_PYTHON_PACKAGE, or else the
// environment .venv-python at the module's root, which "make testdeps" creates. Without
// one the test skips; see [Require] with component "python".
func PackagePython(t testing.TB) string {
	t.Helper()
	path, err := findPackagePython()
	why := "an environment for the Python package: run: make testdeps (or set DOSNA_TEST_PYTHON_PACKAGE)"
	if err != nil {
		why += ": " + err.Error()
	}
	Require(t, "python", err == nil, why)
	return path
}

var findPackagePython = sync.OnceValues(func() (string, error) {
	path := os.Getenv("DOSNA_TEST_PYTHON_PACKAGE")
	if path == "" {
		root, err := Root()
		if err != nil {
			return "", err
		}
		path = pythonIn(filepath.Join(root, ".venv-python"))
	}
	return path, exec.Command(path, "-c", "import numpy, pytest, setuptools").Run()
})

// Wheel builds the wheel of the Python package as anyone would, with the program that
// is compiled from the sources of now, and returns its path.
func Wheel(t testing.TB) string {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	python := PackagePython(t)
	// The sources are copied, so that what is built lies beside none of them.
	dir := t.TempDir()
	source := filepath.Join(dir, "python")
	for _, name := range []string{"pyproject.toml", "setup.py", "README.md", "dosna"} {
		from, to := filepath.Join(root, "python", name), filepath.Join(source, name)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
		} else {
			err = copyFile(from, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "dosna")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./cmd/dosna")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	run(t, build)
	wheel := exec.Command(python, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "-w", dir, source)
	wheel.Env = append(os.Environ(), "DOSNA_BUILD_BINARY="+program)
	run(t, wheel)
	found, err := filepath.Glob(filepath.Join(dir, "dosna-*.whl"))
	if err != nil || len(found) != 1 {
		t.Fatalf("pip has made the wheels %v, %v", found, err)
	}
	return found[0]
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o666)
}

func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out.Bytes())
	}
}
