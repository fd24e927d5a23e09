package dosna_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

func TestCopyTrees(t *testing.T) {
	from, to := create(t, "mem://"), create(t, t.TempDir()+"/pool")
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
