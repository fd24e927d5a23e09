package convert

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

// TestNPYFromNumPy reads what NumPy wrote, from files and from pipes.
func TestNPYFromNumPy(t *testing.T) {
	const source = `
import sys, numpy as np
rng = np.random.default_rng(1)
shapes = [(), (0,), (1,), (7,), (3, 5), (4, 0, 2), (2, 3, 4), (1, 1, 3, 2)]
i = 0
for code in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split():
    for order in "<>":
        for fortran in (False, True):
            for version in ((1, 0), (2, 0), (3, 0)):
                dtype = np.dtype(code).newbyteorder(order)
                shape = shapes[i % len(shapes)]
                n = int(np.prod(shape))
                data = rng.bytes(n * dtype.itemsize)
                a = np.frombuffer(data, dtype).reshape(shape) if code != "b1" else rng.integers(2, size=shape).astype(bool)
                a = np.asarray(a, order="F" if fortran else "C")
                with open(f"{sys.argv[1]}/{i}.npy", "wb") as f:
                    np.lib.format.write_array(f, a, version=version)
                a.astype(dtype.newbyteorder("<")).tofile(f"{sys.argv[1]}/{i}.raw")
                print(i, np.dtype(code).name, *shape)
                i += 1`
	dir := t.TempDir()
	out := testenv.RunPython(t, []string{"numpy"}, source, dir)
	count := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		want := readFile(t, filepath.Join(dir, words[0]+".raw"))
		path := filepath.Join(dir, words[0]+".npy")
		for _, pipe := range []bool{false, true} {
			f, err := Open(path, nil)
			if pipe {
				f, err = OpenNPY(path, stream{bytes.NewReader(readFile(t, path))})
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.Sequential() != pipe {
				t.Fatalf("sequential: %v", f.Sequential())
			}
			if got := append([]string{f.Type().Name()}, strings.Fields(strings.Trim(fmt.Sprint(f.Shape()), "[]"))...); strings.Join(got, " ") != strings.Join(words[1:], " ") {
				t.Fatalf("got %v, want %v", got, words[1:])
			}
			got, err := readWhole(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if dtype.Native == dtype.Big {
				dtype.Swap(got, f.Type().Unit())
			}
			mustEqual(t, line, got, want)
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		count++
	}
	if count != 14*2*2*3 {
		t.Fatalf("%d files", count)
	}
}

// TestNPYForNumPy has NumPy read what is written here.
func TestNPYForNumPy(t *testing.T) {
	dir := t.TempDir()
	i := 0
	for _, typ := range dtype.All() {
		for _, shape := range [][]int{{}, {0}, {5}, {2, 3}, {4, 0}, {1, 2, 3}} {
			n := 1
			for _, s := range shape {
				n *= s
			}
			data := numbered(t, typ, n)
			for _, format := range []Format{NPY, NPZ} {
				var b bytes.Buffer
				w, err := NewWriter(&b, format, shape, typ, "x")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(data); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%s/%d.%s.%s.%s", dir, i, typ, strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", "_"), "[]"), format)
				if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name+".raw", data, 0o600); err != nil {
					t.Fatal(err)
				}
				i++
			}
		}
	}
	const source = `
import sys, pathlib, numpy as np
n = 0
for path in pathlib.Path(sys.argv[1]).glob("*.np[yz]"):
    _, dtype, shape, _ = path.name.split(".")
    a = np.load(path)
    if path.suffix == ".npz":
        assert a.files == ["x"], a.files
        a = a["x"]
    else:
        with open(path, "rb") as f:
            np.lib.format.read_magic(f)
            np.lib.format.read_array_header_1_0(f)
            assert f.tell() % 64 == 0
    assert a.dtype == dtype and a.dtype.isnative, (a.dtype, dtype)
    assert a.shape == tuple(int(s) for s in shape.split("_") if s), (a.shape, shape)
    assert a.tobytes() == pathlib.Path(str(path) + ".raw").read_bytes()
    n += 1
print(n)`
	if got := strings.TrimSpace(string(testenv.RunPython(t, []string{"numpy"}, source, dir))); got != fmt.Sprint(i) {
		t.Fatalf("NumPy read %s files of %d", got, i)
	}
}

// npy returns a file with the header text given.
func npy(header string, data ...byte) []byte {
	b := append([]byte(npyMagic), 1, 0, byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), data...)
}

func TestNPYHeaders(t *testing.T) {
	for header, want := range map[string]Layout{
		`{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`:         {[]int{3, 4}, dtype.Float32, dtype.Little, false},
		`{"shape":(3L,),"descr":"|u1","fortran_order":True}` + "  \n":         {[]int{3}, dtype.Uint8, dtype.Little, true},
		`{'descr': '>c16', 'fortran_order': False, 'shape': ()}`:              {[]int{}, dtype.Complex128, dtype.Big, false},
		`{'descr': '>i1', 'fortran_order': False, 'shape': (2,)}`:             {[]int{2}, dtype.Int8, dtype.Little, false},
		`{'descr': '=i8', 'fortran_order': False, 'shape': (2, 1,)}`:          {[]int{2, 1}, dtype.Int64, dtype.Native, false},
		" {  'descr':'|b1' , 'fortran_order':True,\n'shape' : ( 1 , 2 ) , } ": {[]int{1, 2}, dtype.Bool, dtype.Little, true},
	} {
		got, err := npyDict(header)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, error %v", header, got, err)
		}
		if err == nil {
			again, err := npyLayout(bytes.NewReader(npyHeader(got)))
			if err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
				t.Errorf("%s: written and read again as %v, error %v", header, again, err)
			}
		}
	}
}

func TestNPYErrors(t *testing.T) {
	dict := func(descr, shape string) string {
		return fmt.Sprintf("{'descr': %s, 'fortran_order': False, 'shape': %s, }", descr, shape)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":       {nil, "does not begin with"},
		"other":       {[]byte("PK\x03\x04abcdefgh"), "does not begin with"},
		"version":     {append([]byte(npyMagic), 9, 0, 1, 0), "version 9.0"},
		"cut":         {append([]byte(npyMagic), 1, 0, 90, 0, '{'), "cut short"},
		"long":        {append([]byte(npyMagic), 2, 0, 0, 0, 0, 0xf0), "claims 4026531840 bytes"},
		"objects":     {npy(dict("'|O'", "(1,)")), "objects of Python"},
		"no field":    {npy(dict("[]", "(1,)")), "no fields"},
		"objects in":  {npy(dict("[('a', '|O')]", "(1,)")), "objects"},
		"cut fields":  {npy(dict("[('a', '<i4'", "(1,)")), "want"},
		"empty texts": {npy(dict("'<U0'", "(1,)")), "U0"},
		"long double": {npy(dict("'<f16'", "(1,)")), "extended precision"},
		"no order":    {npy(dict("'f4'", "(1,)")), `"f4"`},
		"negative":    {npy(dict("'<f4'", "(-1,)")), "want a length"},
		"no tuple":    {npy(dict("'<f4'", "(1)")), "tuple"},
		"overflow":    {npy(dict("'<f8'", "(4611686018427387904, 2)")), "not one that a file can have"},
		"huge length": {npy(dict("'<f8'", "(99999999999999999999,)")), "want a length"},
		"dimensions":  {npy(dict("'<f8'", "("+strings.Repeat("1,", 65)+")")), "dimensions"},
		"missing":     {npy("{'descr': '<f4'}"), `"fortran_order" is missing`},
		"twice":       {npy("{'descr': '<f4', 'descr': '<f4'}"), "twice"},
		"unknown":     {npy("{'x': 1}"), `unknown key "x"`},
		"trailing":    {npy(dict("'<f4'", "(1,)") + "x"), "follows"},
		"escape":      {npy(dict(`'<\x66'`, "(1,)")), "plain string"},
		"no utf-8":    {append([]byte(npyMagic), 3, 0, 3, 0, 0, 0, '{', '\'', 0xff), "not valid text"},
		"no comma":    {npy("{'descr': '<f4' 'shape': (1,)}"), `want "}"`},
		"short":       {npy(dict("'<f4'", "(2,)"), 1, 2, 3, 4, 5), "promises 8 bytes of elements (shape [2] of float32), and it has 5"},
	} {
		for _, r := range []io.Reader{bytes.NewReader(c.file), stream{bytes.NewReader(c.file)}} {
			f, err := OpenNPY("x.npy", r)
			if err == nil {
				_, err = readWhole(t.Context(), f)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.npy") {
				t.Errorf("%s: got error %v, want %s", name, err, c.want)
			}
		}
	}
}

// What follows an array, such as another one, is not read.
func TestNPYStreamOfSeveral(t *testing.T) {
	var b bytes.Buffer
	for i := range 3 {
		b.Write(npy(fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d,)}", i+1), bytes.Repeat([]byte{byte(i)}, i+1)...))
	}
	r := stream{&b}
	for i := range 3 {
		f, err := OpenNPY("stream", r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readWhole(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		mustEqual(t, "array", got, bytes.Repeat([]byte{byte(i)}, i+1))
	}
}

// Boxes of a file read right, whether in one piece, with gaps or in pieces.
func TestReadBox(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		shape := make([]int, rng.IntN(5))
		n := 1
		for i := range shape {
			shape[i] = 1 + rng.IntN(9)
			n *= shape[i]
		}
		types := dtype.All()
		l := Layout{Shape: shape, Type: types[rng.IntN(len(types))], Order: dtype.Order(rng.IntN(2)), Fortran: rng.IntN(2) == 0}
		elements := numbered(t, l.Type, n)
		f, err := OpenNPY("x", bytes.NewReader(append(npyHeader(l), fileBytes(elements, l)...)))
		if err != nil {
			t.Fatal(err)
		}
		box := randomBox(rng, shape)
		want := viewBox(elements, l, box)
		got := make([]byte, len(want))
		if err := f.ReadBox(t.Context(), box, cView(got, box.Shape, l)); err != nil {
			t.Fatal(err)
		}
		mustEqual(t, fmt.Sprint(l, box), got, want)
	}
}

func FuzzNPY(f *testing.F) {
	f.Add(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(npy(`{"descr": "|O", "fortran_order": True, "shape": (3L,)}`))
	f.Add(npy("{'descr': [('a', '<i4')], 'shape': ()}"))
	f.Add(append([]byte(npyMagic), 2, 0, 0, 0, 0, 0xf0))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, errA := OpenNPY("fuzz", bytes.NewReader(data))
		b, errB := OpenNPY("fuzz", stream{bytes.NewReader(data)})
		if errA == nil && errB != nil {
			t.Fatalf("only the stream fails: %v", errB)
		}
		if errA != nil {
			return
		}
		again, err := npyLayout(bytes.NewReader(npyHeader(a.layout)))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(a.layout) {
			t.Fatalf("%v is written and read again as %v, error %v", a.layout, again, err)
		}
		x, errA := readWhole(t.Context(), a)
		y, errB := readWhole(t.Context(), b)
		if (errA == nil) != (errB == nil) || !bytes.Equal(x, y) {
			t.Fatalf("file and stream differ: %v, %v", errA, errB)
		}
	})
}
