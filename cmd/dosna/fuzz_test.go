package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/store"
)

// FuzzFlags gives a text to everything that reads the command line.
func FuzzFlags(f *testing.F) {
	for _, s := range []string{
		"512,512", "[1,2*3],4", "[1],[2]", "[", "[1*99999999]", "(3,)", "()", "(", "1,,2", "-1", "9223372036854775808", "<f4", "float32", "little", "zstd:3", "zstd:-1", "blosc:lz4:5:shuffle", "1,2.5,nan",
		"crc32c", "a=1", "a=[", `a={"b": [1, 2]}`, "=", "a=word", "100MB/s", "1e400GB", "-5/s", "0", "NaN", "threads:4", "threads:0", "\x00", "\xff", " 7 ", "pool#/a", "mem://x#/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if shape, err := parseShape(s); err == nil {
			for _, n := range shape {
				if n < 0 {
					t.Errorf("%q is the shape %v", s, shape)
				}
			}
			if again, err := parseShape(tuple(shape)); err != nil || len(again) != len(shape) {
				t.Errorf("%q is %v, which is %v, %v", s, shape, again, err)
			}
		}
		if x, err := parseRate(s); err == nil && (!(x > 0) || math.IsInf(x, 0)) {
			t.Errorf("%q is %v bytes a second", s, x)
		}
		n := 5
		if err := (intFlag[int]{&n, "N", 1, 10}).Set(s); err == nil && (n < 1 || n > 10) {
			t.Errorf("%q is %d", s, n)
		} else if err != nil && n != 5 {
			t.Errorf("%q is an error, and %d", s, n)
		}
		if name, _, err := parseAttr(s); err == nil && (name == "" || !strings.HasPrefix(s, name+"=")) {
			t.Errorf("%q is the attribute %q", s, name)
		}
		for _, flag := range []interface {
			Set(string) error
			String() string
		}{
			new(engineFlag), new(shapeFlag), new(cellsFlag), new(typeFlag), new(orderFlag), new(codecFlag), &numbersFlag{least: 1, most: 3},
			&choiceFlag{of: []string{"crc32c", "none"}}, new(attrsFlag), new(rateFlag), new(perSecondFlag),
		} {
			if err := flag.Set(s); err == nil {
				_ = flag.String()
			}
		}
		if _, err := (&orderFlag{}).of(typeFlag{}, dtype.Little); err != nil {
			t.Error(err)
		}
		if got := shieldNumbers([]string{s}); len(got) != 1 || strings.TrimPrefix(got[0], " ") != strings.TrimPrefix(s, " ") {
			t.Errorf("%q became %q", s, got)
		}
		_, _, _ = addresses(s, s)
		_, _ = selection(s)
	})
}

// FuzzVerifyState: a file that is to be gone on with may hold anything.
func FuzzVerifyState(f *testing.F) {
	for _, s := range []string{
		"", "{}", `{"format":"dosna verify state 1","address":"mem://x#/","after":"a/zarr.json","done":{},"findings":[]}`,
		`{"format":"dosna verify state 1","address":"mem://x#/","after":"../a"}`, `{"format":"dosna verify state 1","done":{"findings":{"damaged":-1}}}`, "[]", "null", "\x00",
	} {
		f.Add([]byte(s))
	}
	c, err := dosna.Open(f.Context(), "mem://x", &dosna.Options{Mode: dosna.Create})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := openVerifyState(file, place{c, "/"})
		if err != nil {
			if !strings.Contains(err.Error(), file) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		if s.After != "" && store.CheckKey(s.After) != nil {
			t.Errorf("it goes on after %q", s.After)
		}
	})
}
