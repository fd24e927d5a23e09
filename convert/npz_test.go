package convert

import (
	"archive/zip"
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

// TestNPZFromNumPy reads archives that NumPy wrote, packed and not.
func TestNPZFromNumPy(t *testing.T) {
	const source = `
import sys, numpy as np
for name, save in ("plain", np.savez), ("packed", np.savez_compressed):
    save(f"{sys.argv[1]}/{name}.npz", a=np.arange(1000, dtype=">i4").reshape(10, 100), b=np.asfortranarray(np.ones((2, 3))))
    save(f"{sys.argv[1]}/{name}1.npz", np.arange(5, dtype=np.uint8))`
	dir := t.TempDir()
	testenv.RunPython(t, []string{"numpy"}, source, dir)
	for _, name := range []string{"plain", "packed"} {
		path := filepath.Join(dir, name+".npz")
		_, err := Open(path, nil)
		if err == nil || !strings.Contains(err.Error(), "name one: a, b") {
			t.Errorf("got error %v", err)
		}
		_, err = Open(path+":c", nil)
		if err == nil || !strings.Contains(err.Error(), `no array "c"; it has a, b`) {
			t.Errorf("got error %v", err)
		}
		for _, member := range []string{"a", "a.npy"} {
			f, err := Open(path, &OpenOptions{Member: member})
			if err != nil {
				t.Fatal(err)
			}
			mustShape(t, f, []int{10, 100}, dtype.Int32)
			got, err := readWhole(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range dtype.Slice[int32](got) {
				if int(x) != i {
					t.Fatalf("element %d is %d", i, x)
				}
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
		f, err := Open(filepath.Join(dir, name+"1.npz"), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readWhole(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		mustEqual(t, "only member", got, []byte{0, 1, 2, 3, 4})
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// archive returns a zip file with members, each a .npy file.
func archive(t *testing.T, method uint16, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNPZErrors(t *testing.T) {
	header := "{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}"
	damaged := archive(t, zip.Store, map[string][]byte{"a.npy": npy(header, 0x77, 0x66, 0x55, 0x44)})
	damaged[bytes.Index(damaged, []byte("\x77\x66\x55\x44"))] ^= 1
	many := map[string][]byte{}
	for i := range 25 {
		many[fmt.Sprintf("m%d.npy", i)] = npy(header, 1, 2, 3, 4)
	}
	bomb := "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000,)}"
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no zip":   {[]byte("something else"), "not an archive"},
		"empty":    {archive(t, zip.Store, nil), "empty"},
		"no npy":   {archive(t, zip.Deflate, map[string][]byte{"a.txt": []byte("hello, world")}), "does not begin with"},
		"damaged":  {damaged, "checksum"},
		"too long": {archive(t, zip.Deflate, map[string][]byte{"a.npy": npy(header, 1, 2, 3, 4, 5)}), "damaged"},
		"cut":      {archive(t, zip.Deflate, map[string][]byte{"a.npy": npy(header, 1, 2, 3)}), "damaged"},
		"bomb":     {archive(t, zip.Deflate, map[string][]byte{"a.npy": npy(bomb, 1, 2, 3)}), "damaged"},
		"many":     {archive(t, zip.Deflate, many), "and 5 more"},
	} {
		f, err := OpenNPZ("x.npz", bytes.NewReader(c.file), int64(len(c.file)), "")
		if err == nil {
			_, err = readWhole(t.Context(), f)
			if closing := f.Close(); closing != nil {
				t.Error(closing)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.npz") {
			t.Errorf("%s: got error %v, want %s", name, err, c.want)
		}
	}
}

func FuzzNPZ(f *testing.F) {
	var b bytes.Buffer
	w, err := NewWriter(&b, NPZ, []int{3}, dtype.Uint8, "a")
	if err != nil {
		f.Fatal(err)
	}
	if _, err := w.Write([]byte{1, 2, 3}); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), "a")
	f.Add(b.Bytes(), "")
	f.Fuzz(func(t *testing.T, data []byte, member string) {
		a, err := OpenNPZ("fuzz", bytes.NewReader(data), int64(len(data)), member)
		if err != nil {
			return
		}
		if a.size < 1<<20 {
			_, err = readWhole(t.Context(), a)
		}
		if closing := a.Close(); closing != nil && err == nil {
			t.Error(closing)
		}
	})
}
