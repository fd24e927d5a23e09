package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// noPause keeps processes under the race detector from waiting a second before
// they exit.
const noPause = "atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	if err := os.Setenv("GORACE", noPause); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"dosna": main})
}

// The scripts in testdata/script are sessions at a shell. Beside the commands of
// package testscript they have those of scriptCommands.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Cmds:                scriptCommands,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			samples, err := filepath.Abs("../../hdf5/testdata")
			if err != nil {
				return err
			}
			own, err := filepath.Abs("testdata")
			if err != nil {
				return err
			}
			e.Setenv("HDF5", samples)
			e.Setenv("ORIGINAL", filepath.Join(samples, "..", "..", "store", "originalstore", "testdata", "connection"))
			e.Setenv("NETCDF", filepath.Join(samples, "..", "..", "netcdf3", "testdata"))
			e.Setenv("TESTDATA", own)
			e.Setenv("GORACE", noPause)
			return nil
		},
	})
}

var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// npy FILE SHAPE TYPE: writes an array of 0, 1, 2, … (modulo 100).
	"npy": func(ts *testscript.TestScript, _ bool, args []string) {
		shape, err := parseShape(args[1])
		ts.Check(err)
		dt, err := dtype.ByName(args[2])
		ts.Check(err)
		ts.Check(writeArray(ts.MkAbs(args[0]), shape, dt))
	},
	// exits CODE PROGRAM ARGS…: runs a program, which must exit with the code.
	"exits": func(ts *testscript.TestScript, _ bool, args []string) {
		err := ts.Exec(args[1], args[2:]...)
		var exit *exec.ExitError
		code := 0
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else {
			ts.Check(err)
		}
		if strconv.Itoa(code) != args[0] {
			ts.Fatalf("exit code %d", code)
		}
	},
	// json PATH VALUE: standard output is one JSON document, and has the value at
	// the path, such as ".shape.0"; "." is the whole.
	"json": func(ts *testscript.TestScript, neg bool, args []string) {
		var have, want any
		d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
		ts.Check(d.Decode(&have))
		if d.More() {
			ts.Fatalf("more than one document")
		}
		for name := range strings.SplitSeq(strings.Trim(args[0], "."), ".") {
			if name == "" {
				continue
			}
			switch v := have.(type) {
			case map[string]any:
				var ok bool
				if have, ok = v[name]; !ok && !neg {
					ts.Fatalf("no member %q", name)
				}
			case []any:
				i, err := strconv.Atoi(name)
				ts.Check(err)
				if i >= len(v) {
					ts.Fatalf("only %d elements", len(v))
				}
				have = v[i]
			default:
				ts.Fatalf("%v has no %q", have, name)
			}
		}
		if len(args) < 2 {
			return
		}
		ts.Check(json.Unmarshal([]byte(args[1]), &want))
		if reflect.DeepEqual(have, want) == neg {
			ts.Fatalf("%s is %v, want %v", args[0], have, want)
		}
	},
	// flip FILE OFFSET: changes a bit; a negative offset counts from the end.
	"flip": func(ts *testscript.TestScript, _ bool, args []string) {
		path := ts.MkAbs(args[0])
		data, err := os.ReadFile(path)
		ts.Check(err)
		off, err := strconv.Atoi(args[1])
		ts.Check(err)
		if off < 0 {
			off += len(data)
		}
		data[off] ^= 4
		ts.Check(os.WriteFile(path, data, 0o666))
	},
	// truncate FILE SIZE
	"truncate": func(ts *testscript.TestScript, _ bool, args []string) {
		n, err := strconv.ParseInt(args[1], 10, 64)
		ts.Check(err)
		ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
	},
	// picture FILE WIDTH HEIGHT: the file is a PNG picture of that size.
	"picture": func(ts *testscript.TestScript, _ bool, args []string) {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		ts.Check(err)
		c, err := png.DecodeConfig(bytes.NewReader(data))
		ts.Check(err)
		if got := fmt.Sprint(c.Width, " ", c.Height); got != args[1]+" "+args[2] {
			ts.Fatalf("%s has %s pixels", args[0], got)
		}
	},
	"zip":   zipTree,
	"serve": serveDirectory,
	// lines N: standard output has so many lines.
	"lines": func(ts *testscript.TestScript, _ bool, args []string) {
		if n := strings.Count(ts.ReadFile("stdout"), "\n"); strconv.Itoa(n) != args[0] {
			ts.Fatalf("%d lines", n)
		}
	},
	// oneline: standard error is one line that begins with "dosna: ".
	"oneline": func(ts *testscript.TestScript, _ bool, _ []string) {
		text := ts.ReadFile("stderr")
		if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "dosna: ") {
			ts.Fatalf("not one line of dosna: %q", text)
		}
	},
}

// writeArray writes an array of 0, 1, 2, … (modulo 100) in NumPy's format.
func writeArray(path string, shape []int, t dtype.Type) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w, err := convert.NewWriter(f, convert.NPY, shape, t, "")
	if err != nil {
		return errors.Join(err, f.Close())
	}
	data, err := counting(nd.Full(shape).Size(), t)
	if err == nil {
		_, err = w.Write(data)
	}
	return errors.Join(err, w.Close(), f.Close())
}

// counting returns n elements 0, 1, 2, … (modulo 100; of bool, 2).
func counting(n int, t dtype.Type) ([]byte, error) {
	cycle := 100
	if t == dtype.Bool {
		cycle = 2
	}
	data := make([]byte, 0, n*t.Size())
	for i := range n {
		elem, err := t.Encode(i % cycle)
		if err != nil {
			return nil, err
		}
		data = append(data, elem...)
	}
	return data, nil
}

// command runs dosna in a directory and returns what it printed.
func command(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command("dosna", args...)
	cmd.Dir = dir
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}
