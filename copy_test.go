package dosna_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/engine/enginetest"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

func TestCopyTrees(t *testing.T) {
	from, to := create(t, "mem://"), create(t, testenv.ScratchDir(t)+"/pool")
	g, err := from.CreateGroup(ctx, "scan", dosna.Attributes{"beam": "I13"})
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]dosna.DatasetSpec{
		"plain":       {Shape: []int{6, 7}, Type: dtype.Float32, Chunks: []int{2, 3}, Codec: "gzip:1", Checksum: "none"},
		"deep/shards": {Shape: []int{6, 7}, Type: dtype.Float32, Chunks: []int{2, 3}, Shards: []int{4, 6}, Fill: -1},
	} {
		d, err := g.CreateDataset(ctx, name, spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, ramp(42)); err != nil {
			t.Fatal(err)
		}
	}
	for name, o := range map[string]*dosna.CopyOptions{
		"same": nil, "chunks": {Chunks: []int{5, 5}}, "sharded": {Chunks: []int{1, 2}, Shards: []int{3, 4}}, "lines": {Access: "lines:0"},
		"codec": {Codec: "none"}, "bigger shards": {Shards: []int{8, 12}},
	} {
		if _, err := dosna.Copy(ctx, g, to, "copies/"+name, o); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out, err := to.OpenGroup(ctx, "copies/"+name)
		if err != nil || out.Attrs()["beam"] != "I13" {
			t.Fatalf("%s: attributes %v, %v", name, out, err)
		}
		for _, path := range []string{"plain", "deep/shards"} {
			d, err := out.OpenDataset(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
			if err != nil || !slices.Equal(got, ramp(42)) {
				t.Errorf("%s/%s reads differently: %v", name, path, err)
			}
			if o != nil && o.Chunks != nil && !slices.Equal(d.Chunks(), o.Chunks) {
				t.Errorf("%s/%s has chunks %v", name, path, d.Chunks())
			}
		}
	}
	for _, path := range []string{"scan", "scan/inside"} {
		if _, err := dosna.Copy(ctx, g, from, path, nil); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("copied a group to %s: %v", path, err)
		}
	}
	if _, err := dosna.Copy(ctx, g, to, "copies/same", nil); !errors.Is(err, dosna.ErrExist) {
		t.Errorf("copied over a group: %v", err)
	}
}

// TestCopyThroughAnotherAddress copies what is the same under two addresses: what
// is there must stay, and the copying end.
func TestCopyThroughAnotherAddress(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir+"/pool")
	d := bytesDataset(t, c, "scan/x", []int{6}, []int{4})
	write(t, d, ":", 5)
	inside := create(t, dir+"/other/../pool/scan")
	same := dataset(t, inside, "x")
	if err := d.CopyTo(ctx, same); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("copied a dataset to itself: %v", err)
	}
	if err := d.Map(ctx, same, dosna.MapOptions{}, nil); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("mapped a dataset to itself: %v", err)
	}
	if got := read(t, d, ":"); slices.Min(got) != 5 {
		t.Errorf("read %v", got)
	}
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dosna.Copy(ctx, root, inside, "copy", nil); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for n, err := range root.Walk(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, n.Path())
	}
	if want := []string{"/scan", "/scan/copy", "/scan/copy/scan", "/scan/copy/scan/x", "/scan/x"}; !slices.Equal(paths, want) {
		t.Errorf("the tree is %v, want %v", paths, want)
	}
}

// TestCopyOverWhatIsThere copies objects as they are to a dataset that has others,
// and one that is copied in pieces.
func TestCopyOverWhatIsThere(t *testing.T) {
	from, to := create(t, "mem://"), create(t, testenv.ScratchDir(t)+"/pool")
	for _, chunk := range []int{1 << 10, 33 << 20} {
		if chunk > 1<<20 && testenv.Race {
			continue // takes long
		}
		name := fmt.Sprint(chunk)
		spec := dosna.DatasetSpec{Shape: []int{2 * chunk}, Type: dtype.Uint8, Chunks: []int{chunk}, Codec: "none"}
		a, err := from.CreateDataset(ctx, name, spec)
		if err != nil {
			t.Fatal(err)
		}
		b, err := to.CreateDataset(ctx, name, spec)
		if err != nil {
			t.Fatal(err)
		}
		write(t, a, fmt.Sprintf(":%d", chunk), 5)
		write(t, b, fmt.Sprintf("%d:", chunk), 6)
		var done, total int
		report := func(d, n int) { done, total = d, n }
		if err := a.With(dosna.Options{Progress: report}).CopyTo(ctx, b); err != nil {
			t.Fatal(err)
		}
		got := read(t, b, fmt.Sprintf("%d:%d", chunk-2, chunk+2))
		if u, err := b.Usage(ctx); err != nil || u.Objects != 1 || !slices.Equal(got, []uint8{5, 5, 0, 0}) || done != 1 || total != 1 {
			t.Errorf("chunks of %d: %d objects, read %v, progress %d of %d, %v", chunk, u.Objects, got, done, total, err)
		}
	}
}

// TestCopyOnSeveralRanks has each rank of one program copy its share.
func TestCopyOnSeveralRanks(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir+"/from")
	d := bytesDataset(t, c, "x", []int{40, 3}, []int{3, 2})
	all := make([]uint8, 120)
	for i := range all {
		all[i] = uint8(i + 1)
	}
	write(t, d, "...", all...)
	out := create(t, dir+"/to")
	bytesDataset(t, out, "x", []int{40, 3}, []int{3, 2})
	var wg sync.WaitGroup
	for _, comm := range enginetest.Ranks(3) {
		wg.Go(func() {
			o := dosna.Options{Engine: engine.New(comm, 2)}
			if err := dataset(t, c, "x").With(o).CopyTo(ctx, dataset(t, out, "x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := read(t, dataset(t, out, "x"), "..."); !slices.Equal(got, all) {
		t.Errorf("read %v", got)
	}
}

func TestCopyOptionsSpec(t *testing.T) {
	c := create(t, "mem://")
	d, err := c.CreateDataset(ctx, "d", dosna.DatasetSpec{
		Shape: []int{8}, Type: dtype.Float32, Order: dtype.Big, Chunks: []int{2}, Shards: []int{4}, Codec: "gzip:1", Checksum: "none",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		o    dosna.CopyOptions
		want string // the codecs of chunks
	}{
		{dosna.CopyOptions{Chunks: []int{4}}, `[bytes {"endian":"big"}] [gzip {"level":1}]`},
		{dosna.CopyOptions{Checksum: "crc32c"}, `[bytes {"endian":"big"}] [gzip {"level":1}] [crc32c ]`},
		{dosna.CopyOptions{Codec: "gzip:9"}, `[bytes {"endian":"big"}] [gzip {"level":9}]`},
		{dosna.CopyOptions{Codec: "none", Checksum: "crc32c"}, `[bytes {"endian":"big"}] [crc32c ]`},
	} {
		s, err := one.o.Spec(d)
		if err != nil {
			t.Fatal(err)
		}
		s.Shards = nil
		out, err := c.CreateDataset(ctx, fmt.Sprintf("copy%+v", one.o), s)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, spec := range out.Codecs() {
			got = append(got, fmt.Sprintf("[%s %s]", spec.Name, strings.Join(strings.Fields(string(spec.Config)), "")))
		}
		if text := strings.Join(got, " "); text != one.want {
			t.Errorf("%+v: codecs %s, want %s", one.o, text, one.want)
		}
	}
	if _, err := (&dosna.CopyOptions{Checksum: "md5"}).Spec(d); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("an unknown checksum: %v", err)
	}
}
