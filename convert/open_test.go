package convert

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	raw := &Layout{Shape: []int{2}, Type: dtype.Uint16}
	data := filepath.Join(dir, "x.dat")
	if err := os.WriteFile(data, make([]byte, 6), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		o    *OpenOptions
		want string
	}{
		"absent":        {filepath.Join(dir, "a.npy"), nil, "a.npy"},
		"directory":     {dir, &OpenOptions{Raw: raw}, "is a directory"},
		"ending":        {data, nil, "x.dat: the ending"},
		"offset":        {data, &OpenOptions{Offset: 3}, "elements alone"},
		"member":        {data, &OpenOptions{Member: "a"}, "has members"},
		"too long":      {data, &OpenOptions{Raw: raw}, "has 6 bytes from offset 0, and shape [2] of uint16 takes 4"},
		"too short":     {data, &OpenOptions{Raw: raw, Offset: 4}, "has 2 bytes from offset 4"},
		"beyond":        {data, &OpenOptions{Raw: raw, Offset: 40}, "has 0 bytes from offset 40"},
		"before":        {data, &OpenOptions{Raw: raw, Offset: -1}, "negative"},
		"no type":       {data, &OpenOptions{Raw: &Layout{Shape: []int{2}}}, "type is missing"},
		"bad shape":     {data, &OpenOptions{Raw: &Layout{Shape: []int{-2}, Type: dtype.Bool}}, "shape [-2]"},
		"absent member": {filepath.Join(dir, "a.npz:b"), nil, "a.npz"},
	} {
		f, err := Open(c.path, c.o)
		if err == nil {
			_ = f.Close() // the missing error is reported
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %s", name, err, c.want)
		}
	}
}

func TestRaw(t *testing.T) {
	l := Layout{Shape: []int{2, 3}, Type: dtype.Uint16, Order: dtype.Big, Fortran: true}
	elements := numbered(t, dtype.Uint16, 6)
	stored := append([]byte("head"), fileBytes(elements, l)...)
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, stored, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := Open(path, &OpenOptions{Raw: &l, Offset: 4})
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := OpenRaw("pipe", stream{bytes.NewReader(stored)}, l, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*File{file, pipe} {
		got, err := readWhole(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		mustEqual(t, f.name, got, elements)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for n, want := range map[int]string{2: "before offset 4", 10: "cut short", 17: "more bytes"} {
		f, err := OpenRaw("pipe", stream{bytes.NewReader(append(stored, 0)[:n])}, l, 4)
		if err == nil {
			_, err = readWhole(t.Context(), f)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: got error %v, want %s", n, err, want)
		}
	}
}

// A pipe of the system is known to be one.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := Layout{Shape: []int{4}, Type: dtype.Uint8}
	if _, err := w.Write(append(npyHeader(l), 1, 2, 3, 4)); err != nil {
		t.Fatal(err)
	}
	f, err := OpenNPY("-", r) // the other end stays open: nothing waits for it
	if err != nil || !f.Sequential() {
		t.Fatalf("sequential: %v, error %v", f.Sequential(), err)
	}
	got, err := readWhole(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "pipe", got, []byte{1, 2, 3, 4})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReplaceFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, text := range []string{"one", "two"} {
		if err := replaceFile(path, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	err := replaceFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return io.ErrClosedPipe
	})
	if err == nil || string(readFile(t, path)) != "two" {
		t.Fatalf("error %v, file %q", err, readFile(t, path))
	}
	if err := replaceFile(os.DevNull, func(w io.Writer) error {
		_, err := io.WriteString(w, "gone")
		return err
	}); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatal("the device was replaced")
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files left over: %v", files)
	}
}
