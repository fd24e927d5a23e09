package hdf5_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/internal/testenv"
)

// local is a file on the disk.
type local struct {
	io.ReaderAt
	size int64
}

func (l local) Size() int64 { return l.size }
func (l local) ReadAt(_ context.Context, p []byte, off int64) error {
	_, err := l.ReaderAt.ReadAt(p, off)
	return err
}

func open(t testing.TB, path string) *hdf5.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	h, err := hdf5.Open(t.Context(), local{f, info.Size()})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// node is what fixtures.py says of one.
type node struct {
	Soft, File, External *string
	Attrs                map[string]string
	Type                 string
	Null                 bool
	Shape, Max           []int
	Layout               int
	Filters              []int
	Chunk                []int
	Chunks               [][]any
	Offset               *int
}

//go:embed testdata/fixtures.py
var fixturesSource string

// made is the directory of what a program of testdata makes, which is run once.
type made struct {
	once sync.Once
	dir  string
}

var structures made

func (m *made) in(t testing.TB, source string, packages ...string) string {
	t.Helper()
	testenv.Python(t, packages...)
	m.once.Do(func() {
		dir := filepath.Join(scratch, strconv.Itoa(rand.IntN(1<<30)))
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		testenv.RunPython(t, packages, source, dir)
		m.dir = dir
	})
	if m.dir == "" {
		t.Fatal("there are no fixtures")
	}
	return m.dir
}

// scratch is removed when the tests have ended.
var scratch string

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	var err error
	if scratch, err = os.MkdirTemp("", "hdf5"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(scratch)
	code = m.Run()
}

func TestFixtures(t *testing.T) {
	dir := structures.in(t, fixturesSource, "h5py", "numpy")
	raw, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]map[string]node
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			f := open(t, filepath.Join(dir, name))
			root, err := f.Root(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			compare(t, root, "/", want, seen)
			walk(t, root, "", want, seen)
			for path := range want {
				if !seen[path] && strings.Count(path, "/") < 8 {
					t.Errorf("%s is not found", path)
				}
			}
		})
	}
}

func walk(t *testing.T, group *hdf5.Object, path string, want map[string]node, seen map[string]bool) {
	for l, err := range group.Links(t.Context()) {
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		at := path + "/" + l.Name
		w, ok := want[at]
		if !ok {
			t.Errorf("%s: not there", at)
			continue
		}
		switch l.Kind {
		case hdf5.HardLink:
			o, err := group.File().Object(t.Context(), l.Addr)
			if err != nil {
				t.Errorf("%s: %v", at, err)
				continue
			}
			compare(t, o, at, want, seen)
			if o.Kind() == hdf5.Group && strings.Count(at, "/") < 8 {
				walk(t, o, at, want, seen)
			}
		case hdf5.SoftLink:
			if w.Soft == nil || *w.Soft != l.Target {
				t.Errorf("%s: leads to %s", at, l.Target)
			}
		case hdf5.ExternalLink:
			if w.File == nil || *w.File != l.File || *w.External != l.Target {
				t.Errorf("%s: leads to %s in %s", at, l.Target, l.File)
			}
		}
		seen[at] = true
	}
}

func typeText(d *hdf5.Datatype) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v%d", d.Class, d.Size)
	order := func() {
		if d.Size > 1 {
			b.WriteByte("<>?"[d.Order])
		}
	}
	utf8 := ""
	if d.UTF8 {
		utf8 = " utf8"
	}
	switch d.Class {
	case hdf5.ClassInteger:
		fmt.Fprintf(&b, "%c%d@%d", map[bool]byte{true: '-', false: '+'}[d.Signed], d.Precision, d.Offset)
		order()
	case hdf5.ClassFloat:
		order()
		x := d.Float
		fmt.Fprintf(&b, "%d,%d,%d,%d,%d,%d", x.Sign, x.ExpPos, x.ExpSize, x.MantPos, x.MantSize, x.Bias)
	case hdf5.ClassString:
		fmt.Fprintf(&b, "%s pad%d", utf8, d.Pad)
	case hdf5.ClassOpaque:
		b.WriteString(d.Tag)
	case hdf5.ClassCompound:
		b.WriteByte('{')
		for i, m := range d.Members {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s@%d %s", m.Name, m.Offset, typeText(m.Type))
		}
		b.WriteByte('}')
	case hdf5.ClassEnum:
		b.WriteByte('{')
		for i, name := range d.Names {
			if i > 0 {
				b.WriteString(", ")
			}
			v := 0
			for j := range d.Values[i] {
				k := j
				if d.Base.Order == hdf5.Little {
					k = len(d.Values[i]) - 1 - j
				}
				v = v<<8 | int(d.Values[i][k])
			}
			fmt.Fprintf(&b, "%s=%d", name, v)
		}
		b.WriteByte('}')
	case hdf5.ClassArray:
		fmt.Fprintf(&b, "%v %s", d.Shape, typeText(d.Base))
	case hdf5.ClassVlen:
		if d.Text {
			return "vlen16:string" + utf8
		}
		b.WriteString(":" + typeText(d.Base))
	}
	return b.String()
}

func same(a, b []int) bool { return len(a) == 0 && len(b) == 0 || slices.Equal(a, b) }

func compare(t *testing.T, o *hdf5.Object, path string, all map[string]node, seen map[string]bool) {
	t.Helper()
	seen[path] = true
	want := all[path]
	attrs, err := o.Attributes(t.Context())
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	got := map[string]string{}
	for _, a := range attrs {
		got[a.Name] = fmt.Sprintf("%s %v", typeText(a.Type), a.Space.Shape)
	}
	if len(got)+len(want.Attrs) > 0 && !reflect.DeepEqual(got, want.Attrs) {
		for name, text := range want.Attrs {
			if got[name] != text {
				t.Errorf("%s: attribute %s is %q, want %q", path, name, got[name], text)
			}
		}
		if len(got) != len(want.Attrs) {
			t.Errorf("%s has %d attributes, want %d", path, len(got), len(want.Attrs))
		}
	}
	if want.Type == "" {
		if o.Kind() != hdf5.Group {
			t.Errorf("%s is a %v", path, o.Kind())
		}
		return
	}
	if want.Shape == nil {
		typ, err := o.Type(t.Context())
		if err != nil || typeText(typ) != want.Type {
			t.Errorf("%s: type %v, want %s: %v", path, typ, want.Type, err)
		}
		return
	}
	d, err := o.Dataset(t.Context())
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if text := typeText(d.Type); text != want.Type {
		t.Errorf("%s: type\n%s, want\n%s", path, text, want.Type)
	}
	if !same(d.Space.Shape, want.Shape) || !same(d.Space.Max, want.Max) || d.Space.Null != want.Null {
		t.Errorf("%s: space %v, want %v %v %v", path, d.Space, want.Shape, want.Max, want.Null)
	}
	var filters []int
	for _, f := range d.Filters {
		filters = append(filters, f.ID)
	}
	if int(d.Layout.Class) != want.Layout || !same(filters, want.Filters) || !same(d.Layout.Chunk, want.Chunk) {
		t.Errorf("%s: layout %v of %v with %v, want %v %v %v", path, d.Layout.Class, d.Layout.Chunk, filters, want.Layout, want.Chunk, want.Filters)
	}
	if want.Offset != nil && uint64(*want.Offset) != d.Layout.Addr+uint64(o.File().Base()) {
		t.Errorf("%s: lies at %d, want %d", path, d.Layout.Addr, *want.Offset)
	}
	if want.Chunk == nil || want.Chunks == nil {
		return
	}
	var chunks []string
	for c, err := range d.Chunks(t.Context()) {
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		chunks = append(chunks, fmt.Sprint(c.Coord, int64(c.Addr)+o.File().Base(), c.Size, c.Mask))
	}
	var wanted []string
	for _, c := range want.Chunks {
		var numbers []int
		for _, x := range c[0].([]any) {
			numbers = append(numbers, int(x.(float64)))
		}
		wanted = append(wanted, fmt.Sprint(numbers, int(c[1].(float64)), int(c[2].(float64)), int(c[3].(float64))))
	}
	slices.Sort(chunks)
	slices.Sort(wanted)
	if !slices.Equal(chunks, wanted) {
		t.Errorf("%s: %d chunks, want %d: %.500v; want %.500v", path, len(chunks), len(wanted), chunks, wanted)
	}
}
