package main

import (
	_ "embed"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

//go:embed testdata/original.py
var original string

// firstDosNa starts a server whose bucket "my-connection" has such a tree.
func firstDosNa(t *testing.T) (endpoint string) {
	t.Helper()
	c := testenv.StartCeph(t)
	(&testenv.S3{AccessKey: c.AccessKey, SecretKey: c.SecretKey}).Environment(t)
	testenv.RunPython(t, []string{"boto3", "numpy"}, original, c.Endpoint, "my-connection")
	return c.Endpoint
}

// TestMigrate reads and moves a tree that a program wrote after the description of how the
// first DosNa stored its trees, to the server that can hold one.
func TestMigrate(t *testing.T) {
	source := "s3://my-connection?endpoint=" + firstDosNa(t)
	pool := filepath.Join(t.TempDir(), "pool")
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "dosna", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("dosna %q: %v: %s", args, err, out)
		}
		return string(out)
	}
	look := func(tree string) {
		t.Helper()
		for _, try := range []struct{ args, want string }{
			{"get #/volume 13,9,2:6", "[1430. 1431. 1432. 1433.]"},
			{"get #/scan/raw/frames 12,2:6", "[134 135  42  42]"},
			{"get #/scan/raw/frames -1", "[319 320 321 322 323 324 325 326 327 328 329]"},
			{"get #/flags :", "[ True False  True False  True False  True False  True]"},
			{"get #/waves 4:", "[4. -8.j 5.-10.j]"},
			{"attrs get #/scan", "i12"},
			{"attrs get #/scan/calibration", "53.1"},
			{"ls #/", "scan"},
		} {
			args := strings.Fields(strings.Replace(try.args, "#", tree+"#", 1))
			if out := run(args...); !strings.Contains(out, try.want) {
				t.Errorf("%s in %s prints %s, want %s", try.args, tree, out, try.want)
			}
		}
	}
	look(source)
	if out := run("migrate", source, pool); !strings.Contains(out, "equal") {
		t.Errorf("migrate prints %s", out)
	}
	look(pool)
	if out := run("info", pool+"#/volume"); !strings.Contains(out, "zstd") {
		t.Errorf("the copy is not compressed: %s", out)
	}
	if out := run("migrate", source, pool); !strings.Contains(out, "equal") {
		t.Errorf("migrate again prints %s", out)
	}
	out, err := exec.CommandContext(t.Context(), "dosna", "set", source+"#/volume", "0,0,0", "1").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "only read") {
		t.Errorf("set there: %v, %s", err, out)
	}
}
