package interop

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// arrayV2 is one array of Zarr v2. Its JSON is what peer2.py reads.
type arrayV2 struct {
	Name       string            `json:"name"`
	Shape      []int             `json:"shape"`
	Chunks     []int             `json:"chunks"`
	Type       json.RawMessage   `json:"dtype"`
	Order      string            `json:"order"`
	Fill       json.RawMessage   `json:"fill"`
	Filters    []json.RawMessage `json:"filters"`
	Compressor json.RawMessage   `json:"compressor"`
	Separator  string            `json:"separator"`
	Attributes map[string]any    `json:"attributes"`
	Objects    string            `json:"objects"` // text or bytes, of |O
	Coarse     bool              `json:"coarse"`  // only numbers that filters keep
	Hole       bool              `json:"hole"`    // the first chunks are all fill
}

// arraysV2 are every type, every filter and every compressor, each in several orders
// and geometries.
func arraysV2() []*arrayV2 {
	type typ struct{ name, fill string }
	types := []typ{
		{`"|b1"`, `true`}, {`"|i1"`, `-5`}, {`"<i2"`, `0`}, {`">i4"`, `7`}, {`"<i8"`, `-9007199254740993`}, {`"|u1"`, `255`}, {`">u2"`, `1`}, {`"<u4"`, `null`}, {`"<u8"`, `9007199254740993`},
		{`"<f2"`, `0.5`}, {`">f4"`, `"NaN"`}, {`"<f8"`, `"-Infinity"`}, {`"<f8"`, `null`}, {`"<c8"`, `[1.0, 2.0]`}, {`">c16"`, `["NaN", 0.0]`},
		{`"<M8[ns]"`, `-9223372036854775808`}, {`">M8[D]"`, `0`}, {`"<m8[10s]"`, `5`}, {`"<U3"`, `"é"`}, {`">U4"`, `""`}, {`"|S3"`, `"YWI="`}, {`"|V3"`, `"AAEC"`},
		{`[["x", "<i2"], ["y", "|b1"], ["z", "<f8"]]`, `"AQABAAAAAAAA8D8="`}, {`[["x", ">i2"], ["y", "|S2"]]`, `null`},
	}
	compressors := []string{
		`null`, `{"id": "zlib", "level": 1}`, `{"id": "gzip", "level": 5}`, `{"id": "bz2", "level": 1}`, `{"id": "zstd", "level": 3}`, `{"id": "lz4", "acceleration": 1}`,
		`{"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}`, `{"id": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 2, "blocksize": 0}`,
		`{"id": "blosc", "cname": "zlib", "clevel": 1, "shuffle": 0, "blocksize": 0}`, `{"id": "blosc", "cname": "lz4hc", "clevel": 1, "shuffle": -1, "blocksize": 0}`,
	}
	geometries := []struct{ shape, chunks []int }{
		{[]int{9, 14}, []int{4, 5}}, {[]int{37}, []int{8}}, {[]int{7, 5, 9}, []int{3, 2, 4}}, {[]int{}, []int{}}, {[]int{6, 4}, []int{6, 4}},
	}
	filters := []struct{ typ, filters string }{
		{`"<i4"`, `{"id": "delta", "dtype": "<i4"}`},
		{`">i2"`, `{"id": "delta", "dtype": ">i2", "astype": ">i4"}`},
		{`"<f8"`, `{"id": "fixedscaleoffset", "dtype": "<f8", "astype": "<i2", "scale": 4, "offset": 0}`},
		{`"<f4"`, `{"id": "quantize", "digits": 3, "dtype": "<f4"}`},
		{`"<f4"`, `{"id": "bitround", "keepbits": 10}`},
		{`"|b1"`, `{"id": "packbits"}`},
		{`"<f8"`, `{"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}`},
		{`"<i4"`, `{"id": "shuffle", "elementsize": 4}`},
		{`"<i4"`, `{"id": "delta", "dtype": "<i4"};{"id": "shuffle", "elementsize": 4}`},
		{`"<i4"`, `{"id": "zlib", "level": 3}`},
		{`"<i4"`, `{"id": "crc32"}`},
		{`"<i4"`, `{"id": "adler32"}`},
		{`"<i4"`, `{"id": "fletcher32"}`},
	}
	var list []*arrayV2
	add := func(a arrayV2) {
		n := len(list)
		g := geometries[n%len(geometries)]
		a.Name, a.Shape, a.Chunks = fmt.Sprintf("a%03d", n), g.shape, g.chunks
		a.Order, a.Separator = "C", []string{".", "/"}[n%2]
		if n/2%2 == 1 && len(g.shape) > 1 {
			a.Order = "F"
		}
		a.Hole = n%3 == 0 && len(g.shape) > 0
		a.Attributes = map[string]any{}
		if n%4 == 1 {
			a.Attributes["units"] = "mm"
		}
		list = append(list, &a)
	}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	n := 0
	for _, t := range types {
		for range 4 {
			add(arrayV2{Type: raw(t.name), Fill: raw(t.fill), Compressor: raw(compressors[n%len(compressors)])})
			n += 3
		}
	}
	for _, c := range compressors {
		add(arrayV2{Type: raw(`"<i4"`), Fill: raw("0"), Compressor: raw(c)})
		add(arrayV2{Type: raw(`"|u1"`), Fill: raw("0"), Compressor: raw(c)})
	}
	for _, f := range filters {
		var chain []json.RawMessage
		for s := range strings.SplitSeq(f.filters, ";") {
			chain = append(chain, raw(s))
		}
		fill := "0"
		if f.typ == `"|b1"` {
			fill = "false"
		}
		for i := range 3 {
			add(arrayV2{Type: raw(f.typ), Fill: raw(fill), Filters: chain, Compressor: raw(compressors[(n+i*4)%len(compressors)]), Coarse: true})
		}
		n++
	}
	for _, kind := range []string{"text", "bytes"} {
		codec := map[string]string{"text": `{"id": "vlen-utf8"}`, "bytes": `{"id": "vlen-bytes"}`}[kind]
		for i := range 5 {
			add(arrayV2{Type: raw(`"|O"`), Fill: raw(map[string]string{"text": `""`, "bytes": "null"}[kind]), Filters: []json.RawMessage{raw(codec)}, Compressor: raw(compressors[i*2]), Objects: kind})
		}
	}
	return list
}

func (a *arrayV2) String() string {
	raw, _ := json.Marshal(a)
	return string(raw)
}

// peersV2 are those who read and write Zarr v2.
var peersV2 = []struct {
	name, peer string
	python     func(t testing.TB) string
	some       func(a *arrayV2) bool
}{
	{"zarr 2.18", "zarr", testenv.Zarr2, nil},
	{"zarr 3", "zarr", func(t testing.TB) string { return testenv.Python(t, "numpy", "zarr", "numcodecs") }, inZarr3},
	{"tensorstore", "tensorstore", func(t testing.TB) string { return testenv.Python(t, "numpy", "tensorstore") }, inTensorStore},
}

// inZarr3 leaves out what zarr-python 3.1.6 does not read as 2.18 does: it writes what
// bitround makes of elements in the order F in the order C.
func inZarr3(a *arrayV2) bool {
	return a.Order != "F" || len(a.Filters) == 0 || !strings.Contains(string(a.Filters[0]), "bitround")
}

// inTensorStore reports whether TensorStore knows all that an array needs.
func inTensorStore(a *arrayV2) bool {
	typ := string(a.Type)
	for _, kind := range []string{"M8", "m8", "U", "S", "V", "O", "x"} {
		if strings.Contains(typ, kind) {
			return false
		}
	}
	return len(a.Filters) == 0 && !strings.Contains(string(a.Compressor), "lz4\", \"acc") && !strings.Contains(string(a.Compressor), "gzip")
}

// wrote returns the elements that a peer says it has written.
func (a *arrayV2) wrote(t testing.TB, path string) codec.Block {
	t.Helper()
	if a.Objects == "" {
		raw, err := os.ReadFile(path + ".bin")
		if err != nil {
			t.Fatal(err)
		}
		return codec.Block{Data: raw}
	}
	raw, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	b := codec.Block{Ends: []int64{}}
	for _, s := range texts {
		if a.Objects == "bytes" {
			decoded, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			s = string(decoded)
		}
		b.Data = append(b.Data, s...)
		b.Ends = append(b.Ends, int64(len(b.Data)))
	}
	return b
}

func runV2(t testing.TB, verb, peer, python string, list []*arrayV2, dir string) map[string]string {
	t.Helper()
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(cases, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "peer2.py", verb, peer, cases, dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.Bytes())
	}
	faults := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, text, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		var fault string
		if err := json.Unmarshal([]byte(text), &fault); err != nil {
			t.Fatalf("%s printed %q", cmd, line)
		}
		faults[name] = fault
	}
	if len(faults) != len(list) {
		t.Fatalf("%s told of %d arrays, not %d\n%s", cmd, len(faults), len(list), stderr.Bytes())
	}
	return faults
}

// TestFormat2: what others write as Zarr v2 reads here as they wrote it, and what is
// made of it here, by our own encoders, reads there.
func TestFormat2(t *testing.T) {
	t.Parallel()
	for _, p := range peersV2 {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			var list []*arrayV2
			for _, a := range arraysV2() {
				if p.some == nil || p.some(a) {
					list = append(list, a)
				}
			}
			ctx, python := t.Context(), p.python(t)
			theirs, ours := t.TempDir(), t.TempDir()
			for name, fault := range runV2(t, "write", p.peer, python, list, theirs) {
				if fault != "" {
					t.Errorf("write %s: %s", name, fault)
				}
			}
			src, err := dosna.Open(ctx, theirs, &dosna.Options{Mode: dosna.Create, Format: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			dst, err := dosna.Open(ctx, ours, &dosna.Options{Mode: dosna.Create, Format: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer dst.Close()
			for _, a := range list {
				d, err := src.OpenDataset(ctx, a.Name)
				if err != nil {
					t.Errorf("%s: %v", a, err)
					continue
				}
				if d.Format() != 2 {
					t.Errorf("%s: Zarr v%d", a, d.Format())
				}
				spec := d.Spec()
				spec.Format = 2
				made, err := dst.CreateDataset(ctx, a.Name, spec)
				if err != nil {
					t.Errorf("%s: %v", a, err)
					continue
				}
				got, err := d.ReadBlock(ctx, nd.Selection{})
				if err != nil {
					t.Errorf("%s: %v", a, err)
					continue
				}
				if want := a.wrote(t, filepath.Join(theirs, a.Name)); !bytes.Equal(got.Data, want.Data) || !slices.Equal(got.Ends, want.Ends) {
					t.Errorf("%s: got %x…, want %x…", a, got.Data[:min(len(got.Data), 32)], want.Data[:min(len(want.Data), 32)])
				}
				if err := made.WriteBlock(ctx, nd.Selection{}, got); err != nil {
					t.Errorf("%s: %v", a, err)
				}
			}
			for name, fault := range runV2(t, "read", p.peer, python, list, ours) {
				if fault != "" {
					raw, _ := os.ReadFile(filepath.Join(ours, name, ".zarray"))
					t.Errorf("read %s: %s\n%s", name, fault, raw)
				}
			}
		})
	}
}
