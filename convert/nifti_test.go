package convert

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

// TestNIfTI reads files that nibabel wrote.
func TestNIfTI(t *testing.T) {
	for name, c := range map[string]struct {
		t     dtype.Type
		value func(i int) any
	}{
		"plain.nii":     {dtype.Int16, func(i int) any { return i - 5 }},
		"big.nii":       {dtype.Float32, func(i int) any { return float32(i - 5) }},
		"scaled.nii":    {dtype.Float64, func(i int) any { return float64(i-5)*0.5 - 3 }},
		"two.nii":       {dtype.Complex64, func(i int) any { return complex(0, float32(i-5)) }},
		"packed.nii.gz": {dtype.Uint32, func(i int) any { return i % 7 }},
	} {
		path := filepath.Join("testdata", name)
		var want []byte
		for i := range 24 {
			e, err := c.t.Encode(c.value(i))
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, e...)
		}
		file, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		pipe, err := OpenNIfTI(name, stream{bytes.NewReader(readFile(t, path))}, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []*File{file, pipe} {
			mustShape(t, f, []int{2, 3, 4}, c.t)
			got, err := readWhole(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if c.t.Kind() == dtype.Complex { // 1j times a negative number has a negative zero
				for i, x := range dtype.Slice[complex64](got) {
					dtype.Slice[complex64](got)[i] = complex(0, imag(x))
				}
			}
			mustEqual(t, name, got, want)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	f, err := Open("testdata/scaled.nii", &OpenOptions{Stored: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mustShape(t, f, []int{2, 3, 4}, dtype.Int16)
}

// An offset of zero means the usual one.
func TestNIfTIWithoutOffset(t *testing.T) {
	b := plainNIfTI(t)
	clear(b[108:112])
	f, err := OpenNIfTI("x", bytes.NewReader(b), false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readWhole(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if first := dtype.Int16.Value(got[:2]); first != int16(-5) {
		t.Fatalf("the first element is %v", first)
	}
}

// Every type that is scaled is loaded right.
func TestScaleOfEveryType(t *testing.T) {
	for code, typ := range niftiTypes {
		b := plainNIfTI(t)
		binary.LittleEndian.PutUint16(b[70:], uint16(code))
		binary.LittleEndian.PutUint32(b[112:], math.Float32bits(2))
		binary.LittleEndian.PutUint32(b[116:], math.Float32bits(1))
		e, err := typ.Encode(3)
		if err != nil {
			t.Fatal(err)
		}
		if dtype.Native == dtype.Big {
			dtype.Swap(e, typ.Unit())
		}
		f, err := OpenNIfTI("x", bytes.NewReader(append(b[:352], bytes.Repeat(e, 24)...)), false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readWhole(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		want, err := f.Type().Encode(7)
		if err != nil {
			t.Fatal(err)
		}
		mustEqual(t, typ.Name(), got, bytes.Repeat(want, 24))
	}
}

func plainNIfTI(t *testing.T) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata", "plain.nii"))
}

// TestBrain reads a real volume, and compares it with what Python makes of it.
func TestBrain(t *testing.T) {
	path := testenv.Brain(t)
	f, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mustShape(t, f, []int{197, 233, 189}, dtype.Uint8)
	got, err := readWhole(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	const source = `
import gzip, sys, numpy as np
raw = gzip.open(sys.argv[1]).read()
a = np.frombuffer(raw, np.uint8, offset=int(np.frombuffer(raw, "<f4", 1, 108)[0])).reshape((197, 233, 189), order="F")
sys.stdout.buffer.write(a.tobytes())`
	mustEqual(t, "brain", got, testenv.RunPython(t, []string{"numpy"}, source, path))
}

func TestNIfTIErrors(t *testing.T) {
	change := func(at int, b ...byte) []byte {
		file := plainNIfTI(t)
		copy(file[at:], b)
		return file
	}
	gz := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		if _, err := z.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	damaged := gz(plainNIfTI(t))
	damaged[len(damaged)-6] ^= 1 // its checksum
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":      {nil, "too short"},
		"other":      {[]byte("something else"), "not a NIfTI file"},
		"cut header": {plainNIfTI(t)[:200], "cut short"},
		"cut":        {plainNIfTI(t)[:380], "promises 48 bytes"},
		"cut gzip":   {gz(plainNIfTI(t)[:380]), "promises 48 bytes"},
		"checksum":   {damaged, "checksum"},
		"more":       {gz(append(plainNIfTI(t), 0)), "more bytes"},
		"magic":      {change(344, 'x'), "magic"},
		"pair":       {change(344, 'n', 'i', '1'), ".img"},
		"colours":    {change(70, 128, 0), "RGB"},
		"type":       {change(70, 3, 0), "data type 3 (unknown)"},
		"dimensions": {change(40, 8, 0), "8 dimensions"},
		"no length":  {change(44, 0, 0), "axis 1 has the length 0"},
		"negative":   {change(44, 0xff, 0xff), "axis 1 has the length -1"},
		"offset":     {change(108, 0, 0, 0x80, 0x7f), "vox_offset"},
		"offset nan": {change(108, 0, 0, 0xc0, 0x7f), "vox_offset"},
		"in header":  {change(108, 0, 0, 0x80, 0x41), "vox_offset"},
	} {
		f, err := OpenNIfTI("x.nii", bytes.NewReader(c.file), false)
		if err == nil {
			_, err = readWhole(t.Context(), f)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.nii") {
			t.Errorf("%s: got error %v, want %s", name, err, c.want)
		}
	}
}

func FuzzNIfTI(f *testing.F) {
	for _, name := range []string{"plain.nii", "big.nii", "scaled.nii", "two.nii", "packed.nii.gz"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := OpenNIfTI("fuzz", bytes.NewReader(data), false)
		if err != nil || a.size > 1<<20 {
			return
		}
		x, errA := readWhole(t.Context(), a)
		b, err := OpenNIfTI("fuzz", stream{bytes.NewReader(data)}, false)
		if err != nil {
			t.Fatalf("only the stream fails: %v", err)
		}
		y, errB := readWhole(t.Context(), b)
		if (errA == nil) != (errB == nil) || !bytes.Equal(x, y) {
			t.Fatalf("file and stream differ: %v, %v", errA, errB)
		}
	})
}
