package testenv

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a testing.TB that notes how a test ended. It panics where a real
// one ends the goroutine, so that the caller goes on.
type recorder struct {
	testing.TB
	ended, text string
}

func (r *recorder) Helper() {}
func (r *recorder) Skipf(format string, args ...any) {
	r.ended, r.text = "skip", fmt.Sprintf(format, args...)
	panic(r)
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.ended, r.text = "fail", fmt.Sprintf(format, args...)
	panic(r)
}

func record(t testing.TB, test func(t testing.TB)) (r *recorder) {
	r = &recorder{TB: t, ended: "return"}
	defer func() {
		if p := recover(); p != nil && p != any(r) {
			panic(p)
		}
	}()
	test(r)
	return r
}

func TestRequire(t *testing.T) {
	for _, c := range []struct {
		env       string
		available bool
		want      string
	}{
		{"", true, "return"},
		{"s3", true, "return"},
		{"", false, "skip"},
		{"python", false, "skip"},
		{"s3-like,s", false, "skip"},
		{"s3", false, "fail"},
		{"python, s3", false, "fail"},
	} {
		t.Setenv("DOSNA_TEST_REQUIRE", c.env)
		got := record(t, func(t testing.TB) { Require(t, "s3", c.available, "start a server") })
		if got.ended != c.want {
			t.Errorf("require=%q available=%v: %s, want %s", c.env, c.available, got.ended, c.want)
		}
		if got.ended != "return" && !(strings.Contains(got.text, "s3") && strings.Contains(got.text, "start a server")) {
			t.Errorf("require=%q: message %q lacks the component or the reason", c.env, got.text)
		}
	}
}

func TestRoot(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "internal", "testenv", "testenv.go")); err != nil {
		t.Errorf("Root() = %s: %v", root, err)
	}
	t.Chdir(t.TempDir())
	if root, err := Root(); err == nil {
		t.Errorf("Root() outside the module = %s, want an error", root)
	}
}

func TestIsModule(t *testing.T) {
	for gomod, want := range map[string]bool{
		"module github.com/dosna/dosna\n\ngo 1.26\n":       true,
		"// Tools.\nmodule github.com/dosna/dosna\r\n":     true,
		"module github.com/dosna/dosna/tools\n\ngo 1.26.0": false,
		"go 1.26\n": false,
	} {
		if got := isModule(gomod); got != want {
			t.Errorf("isModule(%q) = %v", gomod, got)
		}
	}
}

func TestLacks(t *testing.T) {
	p := &interpreter{path: "python3", packages: parsePackages("numpy\t/a b/numpy\r\nscipy\t/c/scipy\nnoise\n")}
	if got := p.packages["numpy"]; got != "/a b/numpy" {
		t.Errorf("place of numpy = %q", got)
	}
	if err := p.lacks([]string{"numpy", "scipy"}); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"zarr": "make testdeps", "noise": "testenv.Packages"} {
		if err := p.lacks([]string{"numpy", name}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("lacks(%s) = %v, want an error with %q", name, err, want)
		}
	}
}

func TestRunPython(t *testing.T) {
	out := RunPython(t, []string{"numpy"}, "import sys, numpy; print(numpy.arange(3).sum(), sys.argv[1])", "x y")
	if got := strings.TrimSpace(string(out)); got != "3 x y" {
		t.Errorf("printed %q", got)
	}
	failed := record(t, func(r testing.TB) {
		RunPython(r, []string{"numpy"}, "raise SystemExit('out of cheese')")
	})
	if failed.ended != "fail" || !strings.Contains(failed.text, "out of cheese") {
		t.Errorf("a program that exits with an error: %s %q", failed.ended, failed.text)
	}
}

func TestBrain(t *testing.T) {
	f, err := os.Open(Brain(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	header := make([]byte, 348)
	if _, err := io.ReadFull(z, header); err != nil {
		t.Fatal(err)
	}
	var dim [8]int16
	if _, err := binary.Decode(header[40:], binary.LittleEndian, &dim); err != nil {
		t.Fatal(err)
	}
	const uint8Type = 2
	if got := binary.LittleEndian.Uint16(header[70:]); dim != [8]int16{3, 197, 233, 189, 1, 1, 1, 1} || got != uint8Type {
		t.Errorf("the template has dim %v and data type %d; the doc of Brain says otherwise", dim, got)
	}
}
