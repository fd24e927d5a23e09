package interop

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// filterCase is an array under codecs of numcodecs.
type filterCase struct {
	name, codec string
	typ         dtype.Type
	order       dtype.Order
	shards      []int
	data, back  []byte
}

// fixed reports whether there is but one way to store the elements.
func (c *filterCase) fixed() bool {
	for _, name := range []string{"zlib", "bz2", "lz4", "blosc", "gzip", "zstd"} {
		if strings.Contains(c.codec, name) {
			return false
		}
	}
	return true
}

// codecsFor lists codecs that zarr-python takes for elements of a type. Filters
// are for little-endian elements alone: big-endian ones it hands to numcodecs as
// they are stored, under a type that says otherwise. Nor can it store elements of
// one byte as longer ones: it forgets the byte order of those.
func codecsFor(t dtype.Type) (filters, others []string) {
	others = []string{
		"zlib", "bz2:1+crc32", "lz4", "shuffle+zlib:9+adler32", "crc32", "adler32+fletcher32", "jenkins_lookup3", "blosc:zstd:3:bitshuffle", "shuffle+bz2:9", "crc32+shuffle:1+lz4:9",
	}
	switch t.Kind() {
	case dtype.Boolean:
		return []string{"packbits", "packbits+bz2", "packbits+shuffle+crc32"}, others
	case dtype.Int, dtype.Uint:
		filters = []string{"delta", "delta+shuffle+zlib:1", "delta+crc32", "delta+lz4"}
		if t.Size() > 1 && t.Size() < 8 {
			filters = append(filters, "astype:"+map[dtype.Kind]string{dtype.Int: "i8", dtype.Uint: "u8"}[t.Kind()], "astype:f8+zlib",
				"fixedscaleoffset:-3.0:2.5:i8", "fixedscaleoffset:3.25:0.01:i4+bz2", "astype:i8+delta")
		}
	case dtype.Float:
		filters = []string{"delta", "delta+shuffle+zlib", "quantize:1", "quantize:2+zlib", "bitround:3", "bitround:1+bz2", "fixedscaleoffset:0.5:10:i4", "fixedscaleoffset:-7:3", "fixedscaleoffset:-700.5:1.5:u2+delta+zlib"}
		if t.Size() > 2 {
			filters = append(filters, fmt.Sprintf("astype:f%d", t.Size()/2), fmt.Sprintf("delta:f%d", t.Size()/2), "quantize:3")
		}
	}
	return filters, others
}

// halve makes integers half as large: rounded, they stay within their type, beyond
// which NumPy's conversions depend on the machine.
func halve(t dtype.Type, data []byte) {
	for i := 0; i < len(data); i += t.Size() {
		elem := data[i : i+t.Size()]
		switch {
		case t.Size() == 2 && t.Kind() == dtype.Int:
			binary.NativeEndian.PutUint16(elem, uint16(int16(binary.NativeEndian.Uint16(elem))/2))
		case t.Size() == 2:
			binary.NativeEndian.PutUint16(elem, binary.NativeEndian.Uint16(elem)/2)
		case t.Size() == 4 && t.Kind() == dtype.Int:
			binary.NativeEndian.PutUint32(elem, uint32(int32(binary.NativeEndian.Uint32(elem))/2))
		case t.Size() == 4:
			binary.NativeEndian.PutUint32(elem, binary.NativeEndian.Uint32(elem)/2)
		}
	}
}

// elementsFor returns random elements; of floats, numbers that filters which
// round to integers have room for, and others where there are none such.
func elementsFor(t dtype.Type, codec string, n int, r *rand.Rand) []byte {
	data := make([]byte, n*t.Size())
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	t.Tidy(data)
	if t.Kind() != dtype.Float {
		if strings.Contains(codec, "fixedscaleoffset") {
			halve(t, data)
		}
		return data
	}
	for i := 0; i < len(data); i += t.Size() {
		x := 100 * r.NormFloat64()
		if r.IntN(8) == 0 && !strings.Contains(codec, "fixedscaleoffset") {
			x = []float64{math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e-7}[r.IntN(4)]
		}
		switch t.Size() {
		case 2:
			binary.NativeEndian.PutUint16(data[i:], uint16(dtype.HalfOf(x)))
		case 4:
			binary.NativeEndian.PutUint32(data[i:], math.Float32bits(float32(x)))
		case 8:
			binary.NativeEndian.PutUint64(data[i:], math.Float64bits(x))
		}
	}
	return data
}

// Random elements of every type under every codec of numcodecs that takes them are
// read by zarr-python as they are here, and stored by it as they are here; and
// what it stores is read here as there.
func TestNumcodecs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours := create(t, filepath.Join(dir, "ours"))
	shape := []int{23, 10}
	var list []*filterCase
	var names []string
	r := rand.New(rand.NewPCG(5, 6))
	for _, typ := range dtype.All() {
		filters, others := codecsFor(typ)
		for i, text := range append(filters, others...) {
			c := &filterCase{name: fmt.Sprintf("n%03d", len(list)), codec: text, typ: typ}
			if i >= len(filters) {
				c.order = dtype.Order(i % 2)
			}
			if i%4 == 3 {
				c.shards = []int{16, 10}
			}
			c.data = elementsFor(typ, text, nd.Full(shape).Size(), r)
			list, names = append(list, c), append(names, c.name)
			checksum := []string{"none", "crc32c"}[i%3/2]
			d, err := ours.CreateDataset(t.Context(), c.name, dosna.DatasetSpec{
				Shape: shape, Type: typ, Order: c.order, Chunks: []int{8, 5}, Shards: c.shards, Codec: text, Checksum: checksum,
			})
			if err != nil {
				t.Fatalf("%s %s: %v", typ, text, err)
			}
			if err := d.WriteBox(t.Context(), nd.Full(shape), nd.NewView(c.data, shape, typ.Size())); err != nil {
				t.Fatalf("%s %s: %v", typ, text, err)
			}
			c.back = c.read(t, ours)
			for suffix, data := range map[string][]byte{".data": c.data, ".back": c.back} {
				if err := os.WriteFile(filepath.Join(dir, c.name+suffix), data, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	raw, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "names.json"), raw, 0o666); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("refilter.py")
	if err != nil {
		t.Fatal(err)
	}
	faults := map[string]string{}
	for line := range strings.Lines(string(testenv.RunPython(t, []string{"numpy", "zarr", "numcodecs"}, string(script), filepath.Join(dir, "names.json"), dir))) {
		name, text, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		var fault string
		if err := json.Unmarshal([]byte(text), &fault); err != nil {
			t.Fatalf("it printed %q", line)
		}
		faults[name] = fault
	}
	theirs := create(t, filepath.Join(dir, "theirs"))
	for _, c := range list {
		if fault, ok := faults[c.name]; !ok || fault != "" {
			t.Errorf("%s: %s %s %s %v: zarr-python: %q", c.name, c.typ, c.order, c.codec, c.shards, fault)
			continue
		}
		want, err := os.ReadFile(filepath.Join(dir, c.name+".theirs"))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.read(t, theirs); !bytes.Equal(got, want) {
			t.Errorf("%s %s: written by zarr-python: %s", c.typ, c.codec, differences(got, want, c.typ.Size()))
		}
		if !c.fixed() {
			continue
		}
		if got, want := chunksOf(t, filepath.Join(dir, "ours", c.name)), chunksOf(t, filepath.Join(dir, "theirs", c.name)); c.shards == nil && !sameChunks(got, want) {
			t.Errorf("%s %s: it is stored otherwise by zarr-python", c.typ, c.codec)
		}
	}
}

func (c *filterCase) read(t *testing.T, from *dosna.Connection) []byte {
	d, err := from.OpenDataset(t.Context(), c.name)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(c.data))
	if err := d.ReadBox(t.Context(), nd.Full(d.Shape()), nd.NewView(out, d.Shape(), c.typ.Size())); err != nil {
		t.Fatalf("%s %s: %v", c.typ, c.codec, err)
	}
	return out
}

// chunksOf returns what lies in an array's folder, but for its metadata.
func chunksOf(t *testing.T, dir string) map[string][]byte {
	chunks := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path == "zarr.json" {
			return err
		}
		chunks[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return chunks
}

func sameChunks(a, b map[string][]byte) bool {
	for path := range a {
		if !bytes.Equal(a[path], b[path]) {
			return false
		}
	}
	return len(a) == len(b) && len(a) > 0
}
