package interop

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// peers are the other implementations, and the Python packages they need.
var peers = []struct {
	name     string
	packages []string
}{
	{"zarr-python", []string{"numpy", "zarr", "numcodecs"}},
	{"tensorstore", []string{"numpy", "tensorstore"}},
	{"zarrs", []string{"numpy", "zarr", "zarrs"}},
}

// arrays returns the matrix: a part of it in short tests, and all types under
// all chains in all geometries if DOSNA_TEST_FULL is set.
func arrays(t testing.TB) []*array {
	list := matrix(t, os.Getenv("DOSNA_TEST_FULL") != "")
	if !testing.Short() {
		return list
	}
	var part []*array
	for i := 0; i < len(list); i += 7 {
		part = append(part, list[i])
	}
	return part
}

// run has a peer write the arrays into dir, or read them there, and returns
// what went wrong by the arrays' names.
func run(t testing.TB, verb, peer string, packages []string, list []*array, dir string) map[string]string {
	t.Helper()
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(cases, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), testenv.Python(t, packages...), "peer.py", verb, peer, cases, dir)
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

// TestPeersRead: others read what we write.
func TestPeersRead(t *testing.T) {
	t.Parallel()
	list := arrays(t)
	dir := t.TempDir()
	c := create(t, dir)
	for _, a := range list {
		if err := write(t.Context(), c, a); err != nil {
			t.Fatalf("%s: %v", a, err)
		}
		if fault := read(t.Context(), c, a); fault != "" {
			t.Errorf("%s: reading our own: %s", a, fault)
		}
		if got, most := objects(t, filepath.Join(dir, a.Name)), a.stored(); got > most {
			t.Errorf("%s: %d stored objects, and only %d have elements other than fill", a, got, most)
		}
	}
	var mu sync.Mutex
	readers := map[string][]string{} // of each array
	faulty := map[string][]*array{}  // by peer
	t.Run("peers", func(t *testing.T) {
		for _, p := range peers {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				faults := run(t, "read", p.name, p.packages, list, dir)
				known := judge(t, "read", p.name, list, faults)
				mu.Lock()
				defer mu.Unlock()
				faulty[p.name] = known
				for _, a := range list {
					if faults[a.Name] == "" {
						readers[a.Name] = append(readers[a.Name], p.name)
					}
				}
			})
		}
	})
	if t.Failed() || t.Skipped() || len(readers) == 0 {
		return
	}
	for peer, known := range faulty {
		for _, a := range known {
			if len(readers[a.Name]) == 0 && limits("read", a) < 2 {
				t.Errorf("%s: %s: nobody reads it, so that it may be our fault", peer, a)
			}
		}
	}
}

// TestPeersWrite: we read what others write.
func TestPeersWrite(t *testing.T) {
	t.Parallel()
	list := arrays(t)
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := create(t, dir)
			faults := run(t, "write", p.name, p.packages, list, dir)
			var differ []*array
			for _, a := range list {
				if faults[a.Name] != "" {
					continue
				}
				if faults[a.Name] = read(t.Context(), c, a); faults[a.Name] != "" {
					differ = append(differ, a)
				}
			}
			judge(t, "write", p.name, list, faults)
			if len(differ) == 0 {
				return
			}
			// What we read is not what they wrote. Is it what they read?
			for name, fault := range run(t, "read", p.name, p.packages, differ, dir) {
				if fault == "" {
					t.Errorf("%s reads its own %s right, and we do not: %s", p.name, name, faults[name])
				}
			}
		})
	}
}

func create(t testing.TB, dir string) *dosna.Connection {
	t.Helper()
	c, err := dosna.Open(t.Context(), dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// write creates an array and writes its elements, at once or in two parts that
// share chunks.
func write(ctx context.Context, c *dosna.Connection, a *array) error {
	d, err := createArray(ctx, c, a)
	if err != nil {
		return err
	}
	whole := nd.NewView(a.values(), a.Shape, a.dtype().Size())
	random := rand.New(rand.NewPCG(uint64(len(whole.Data)), uint64(a.Name[len(a.Name)-1])))
	first, second := nd.Full(a.Shape), nd.Box{}
	if len(a.Shape) > 0 && random.IntN(2) == 0 {
		axis := random.IntN(len(a.Shape))
		if n := a.Shape[axis]; n > 1 {
			cut := 1 + random.IntN(n-1)
			second = nd.Full(slices.Clone(a.Shape))
			second.Start[axis], second.Shape[axis] = cut, n-cut
			first.Shape = slices.Clone(first.Shape)
			first.Shape[axis] = cut
		}
	}
	if second.Shape != nil {
		if err := d.WriteBox(ctx, second, whole.Sub(second)); err != nil {
			return err
		}
	}
	return d.WriteBox(ctx, first, whole.Sub(first))
}

func createArray(ctx context.Context, c *dosna.Connection, a *array) (*dosna.Dataset, error) {
	t := a.dtype()
	spec := dosna.DatasetSpec{Shape: a.Shape, Type: t, Chunks: a.Chunks}
	var config struct{ Separator string }
	keys := struct {
		Name          string
		Configuration any
	}{Configuration: &config}
	if err := cmp.Or(json.Unmarshal(a.Codecs, &spec.Codecs), json.Unmarshal(a.Keys, &keys)); err != nil {
		return nil, err
	}
	spec.Attrs = exact(a.Attributes).(map[string]any)
	spec.Keys = keys.Name + config.Separator
	for _, n := range a.Names {
		if n == nil {
			n = new(string)
		}
		spec.DimensionNames = append(spec.DimensionNames, *n)
	}
	fill, err := hex.DecodeString(a.FillBits)
	if err != nil {
		return nil, err
	}
	spec.Fill = t.Value(fill)
	if e, err := t.Encode(spec.Fill); err == nil && bytes.Equal(e, fill) {
		return c.CreateDataset(ctx, a.Name, spec)
	}
	// A NaN whose bits get lost in Go's conversions.
	doc := &zarr.Array{Shape: a.Shape, Type: t, Chunks: a.Chunks, Fill: fill, Codecs: spec.Codecs, DimNames: spec.DimensionNames}
	doc.Attrs = spec.Attrs
	if doc.Keys, err = zarr.ParseKeyEncoding(spec.Keys); err != nil {
		return nil, err
	}
	raw, err := doc.Marshal()
	if err != nil {
		return nil, err
	}
	if _, err := c.Store().Put(ctx, a.Name+"/"+zarr.Key, [][]byte{raw}, store.Cond{IfAbsent: true}); err != nil {
		return nil, err
	}
	return c.OpenDataset(ctx, a.Name)
}

// read compares all there is to an array: as a whole, a box of it, and what is
// known about it.
func read(ctx context.Context, c *dosna.Connection, a *array) string {
	d, err := c.OpenDataset(ctx, a.Name)
	if err != nil {
		return err.Error()
	}
	t := a.dtype()
	want := nd.NewView(a.values(), a.Shape, t.Size())
	if !slices.Equal(d.Shape(), a.Shape) || d.Type() != t || hex.EncodeToString(d.Fill()) != a.FillBits && !a.fillIsOtherNaN() {
		return fmt.Sprintf("it has shape %v, type %s, fill %x", d.Shape(), d.Type(), d.Fill())
	}
	if !slices.Equal(d.Chunks(), a.storedInner()) || a.Chunks != nil && !slices.Equal(d.Grid().CellShape(make([]int, len(a.Shape))), a.Chunks) {
		return fmt.Sprintf("it has chunks %v in %v", d.Chunks(), d.Grid().CellShape(make([]int, len(a.Shape))))
	}
	random := rand.New(rand.NewPCG(3, uint64(len(want.Data))))
	part := nd.Full(slices.Clone(a.Shape))
	for i, n := range a.Shape {
		if n > 0 {
			part.Start[i] = random.IntN(n)
			part.Shape[i] = 1 + random.IntN(n-part.Start[i])
		}
	}
	for _, box := range []nd.Box{nd.Full(a.Shape), part} {
		got := nd.NewView(bytes.Repeat([]byte{0xa5}, box.Size()*t.Size()), box.Shape, t.Size())
		if err := d.ReadBox(ctx, box, got); err != nil {
			return err.Error()
		}
		sub := nd.NewView(make([]byte, len(got.Data)), box.Shape, t.Size())
		nd.Copy(sub, want.Sub(box))
		if !bytes.Equal(got.Data, sub.Data) {
			return differences(got.Data, sub.Data, t.Size())
		}
	}
	var names []string
	for _, n := range a.Names {
		if n == nil {
			n = new(string)
		}
		names = append(names, *n)
	}
	if got := d.DimensionNames(); !slices.Equal(got, names) && strings.Join(got, "")+strings.Join(names, "") != "" {
		return fmt.Sprintf("dimension names %q, want %q", got, names)
	}
	wantJSON, _ := json.Marshal(exact(a.Attributes))
	gotJSON, err := json.Marshal(d.Attrs())
	if err != nil || string(gotJSON) != string(wantJSON) {
		return fmt.Sprintf("attributes %s, want %s (%v)", gotJSON, wantJSON, err)
	}
	return ""
}

// exact decodes JSON with its numbers as they are written.
func exact(raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// storedInner is the chunk shape that a dataset shows: that inside shards if
// nothing is around them.
func (a *array) storedInner() []int {
	var list []codec.Spec
	if err := json.Unmarshal(a.Codecs, &list); err != nil {
		panic(err)
	}
	chain, err := codec.Bind(list, codec.Chunk{Shape: a.Chunks, Type: a.dtype(), Fill: a.dtype().Zero()})
	if err != nil {
		return nil
	}
	inner, _ := chain.Inner()
	return inner
}

func differences(got, want []byte, size int) string {
	n, first := 0, -1
	for at := 0; at < len(want); at += size {
		if !bytes.Equal(got[at:at+size], want[at:at+size]) {
			if n++; first < 0 {
				first = at / size
			}
		}
	}
	return fmt.Sprintf("%d of %d elements differ, first at flat index %d: %x, want %x",
		n, len(want)/size, first, got[first*size:][:size], want[first*size:][:size])
}

// objects counts the files below dir, documents apart.
func objects(t testing.TB, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != zarr.Key {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// copyMarked copies a dataset, marked as being deleted.
func copyMarked(dir, from, to string) error {
	if err := os.CopyFS(filepath.Join(dir, to), os.DirFS(filepath.Join(dir, from))); err != nil {
		return err
	}
	file := filepath.Join(dir, to, zarr.Key)
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	doc, err := zarr.Parse(raw)
	if err != nil {
		return err
	}
	doc.Head().Deleting = true
	if raw, err = doc.Marshal(); err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o666)
}
