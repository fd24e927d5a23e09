package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

// TestPythonPackage builds the wheel of the Python package, installs it where nothing
// else is, and runs its own tests and the examples in its documentation.
func TestPythonPackage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the wheel is for Linux")
	}
	if testenv.Race {
		t.Skip("the program in the wheel is built without the race detector, as without it")
	}
	python := testenv.PackagePython(t)
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	site := t.TempDir()
	install := exec.Command(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-compile", "--target", site, testenv.Wheel(t))
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("install the wheel: %v\n%s", err, out)
	}
	tests := t.TempDir()
	if err := os.CopyFS(filepath.Join(tests, "tests"), os.DirFS(filepath.Join(root, "python", "tests"))); err != nil {
		t.Fatal(err)
	}
	args := []string{"-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-rs", "--doctest-modules", "--ignore-glob=*/engines/mpi.py", "--ignore-glob=*/util/mpi.py", "--ignore-glob=*/mpi_program.py", "tests", filepath.Join(site, "dosna")}
	if testing.Short() {
		args = append(args, "-m", "not long")
	}
	cmd := exec.Command(python, args...)
	cmd.Dir = tests
	server := testenv.VersityGW(t)
	cmd.Env = append(environment(), "PYTHONPATH="+site, "PYTHONDONTWRITEBYTECODE=1", "DOSNA_TEST_S3="+server.Endpoint,
		"AWS_ACCESS_KEY_ID="+server.AccessKey, "AWS_SECRET_ACCESS_KEY="+server.SecretKey, "AWS_REGION=us-east-1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// environment is that of the process without what says which server and which program
// the package uses.
func environment() []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DOSNA_") && !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, "PYTHONPATH=") {
			out = append(out, v)
		}
	}
	return out
}
