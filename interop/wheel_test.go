package interop

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

// TestWheel: the wheel runs the example of its README where there is nothing but Python and NumPy: no Go on the path, no network where
// that can be had, and no library of the system but any glibc.
func TestWheel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the wheel is for Linux")
	}
	if testenv.Race {
		t.Skip("the program in the wheel is built without the race detector, as without it")
	}
	python, wheel := testenv.PackagePython(t), testenv.Wheel(t)
	checkProgram(t, wheel)

	readme := testenvRead(t, "python/README.md")
	example := regexp.MustCompile("(?s)```python\n(.*?)```").FindStringSubmatch(readme)
	if example == nil {
		t.Fatal("python/README.md has no example")
	}
	home := t.TempDir()
	program := strings.ReplaceAll(example[1], `"/tmp"`, `"`+home+`"`)
	if !strings.Contains(program, home) {
		t.Fatal("the example stores nothing")
	}
	venv := filepath.Join(t.TempDir(), "venv")
	command(t, nil, python, "-m", "venv", venv)
	own := filepath.Join(venv, "bin", "python")
	command(t, nil, own, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps", wheel)
	copyNumPy(t, python, own)
	args := []string{own, "-c", program + "\nimport numpy, sys\nprint(sorted(m for m in sys.modules if m in ('dosna', 'zarr', 'boto3', 'joblib', 'h5py')))"}
	if exec.Command("unshare", "-rn", "true").Run() == nil {
		args = append([]string{"unshare", "-rn"}, args...) // a network of its own, with nothing in it
	}
	out := command(t, []string{"PATH=/usr/bin:/bin", "HOME=" + home, "PYTHONDONTWRITEBYTECODE=1"}, args...)
	if !strings.HasSuffix(out, "['dosna']\n") || !strings.Contains(out, "[") {
		t.Errorf("the example prints %s", out)
	}
	if _, err := os.Stat(filepath.Join(home, "pool", "zarr.json")); err != nil {
		t.Error(err)
	}
}

// checkProgram sees to it that the program asks for no version of a symbol, so that it runs with the glibc that the name of
// the wheel speaks of.
func checkProgram(t *testing.T, wheel string) {
	t.Helper()
	z, err := zip.OpenReader(wheel)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("dosna/_bin/dosna")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	libraries, err := e.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range libraries {
		if !slices.Contains([]string{"libc.so.6", "libdl.so.2", "libpthread.so.0"}, l) {
			t.Errorf("the program needs %s", l)
		}
	}
	symbols, err := e.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Version != "" {
			t.Errorf("the program needs %s of %s", s.Name, s.Version)
		}
	}
}

func testenvRead(t *testing.T, name string) string {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// copyNumPy gives an environment the NumPy of another.
func copyNumPy(t *testing.T, from, to string) {
	t.Helper()
	site := func(python string) string {
		return strings.TrimSpace(command(t, nil, python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"))
	}
	found, err := filepath.Glob(filepath.Join(site(from), "numpy*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("NumPy is not in %s, %v", site(from), err)
	}
	for _, path := range found {
		if err := os.CopyFS(filepath.Join(site(to), filepath.Base(path)), os.DirFS(path)); err != nil {
			t.Fatal(err)
		}
	}
}

func command(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return string(out)
}
