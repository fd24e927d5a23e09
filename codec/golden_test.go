package codec_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// golden is a chunk that another implementation has encoded; see testdata/golden.py.
type golden struct {
	Writer   string       `json:"writer"`
	Name     string       `json:"name"`
	Type     string       `json:"data_type"`
	Shape    []int        `json:"shape"`
	Codecs   []codec.Spec `json:"codecs"`
	Stored   []byte       `json:"stored"`
	Elements []byte       `json:"elements"`
	Written  []byte       `json:"written"` // the elements before, if filters have lost something of them
}

func goldenCases(t testing.TB) []golden {
	t.Helper()
	raw, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for i, g := range cases {
		typ, err := dtype.ByName(g.Type)
		if err != nil {
			t.Fatal(err)
		}
		if dtype.Native != dtype.Little {
			typ.Swap(cases[i].Elements)
			typ.Swap(cases[i].Written)
		}
	}
	return cases
}

func (g golden) bind(t testing.TB) *codec.Chain {
	t.Helper()
	typ, err := dtype.ByName(g.Type)
	if err != nil {
		t.Fatal(err)
	}
	c, err := codec.Bind(g.Codecs, codec.Chunk{Shape: g.Shape, Type: typ, Fill: typ.Zero()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fixed reports whether there is but one way to encode a chunk.
func (g golden) fixed() bool {
	for _, s := range g.Codecs {
		switch {
		case strings.Contains("gzip zstd blosc sharding_indexed", strings.TrimPrefix(s.Name, "numcodecs.")):
			return false
		case strings.Contains("numcodecs.zlib numcodecs.bz2 numcodecs.lz4", s.Name):
			return false
		}
	}
	return true
}

// lossy reports whether not every element comes back as it was.
func (g golden) lossy() bool {
	for _, s := range g.Codecs {
		switch s.Name {
		case "numcodecs.astype", "numcodecs.bitround", "numcodecs.fixedscaleoffset", "numcodecs.quantize":
			return true
		case "numcodecs.delta":
			return strings.Contains(string(s.Config), "astype") || strings.Contains(g.Type, "float")
		case "sharding_indexed":
			return strings.Contains(string(s.Config), "scale")
		}
	}
	return false
}

func TestGolden(t *testing.T) {
	writers := map[string]int{}
	for _, g := range goldenCases(t) {
		writers[g.Writer]++
		t.Run(g.Writer+" "+g.Name, func(t *testing.T) {
			c := g.bind(t)
			full := nd.Full(g.Shape)
			item := c.Chunk().Type.Size()
			want := nd.NewView(g.Elements, g.Shape, item)
			if g.Written != nil {
				want.Data = g.Written
			}
			if err := c.Check(t.Context(), codec.Bytes(g.Stored)); err != nil {
				t.Errorf("check: %v", err)
			}
			for _, src := range []codec.Source{codec.Bytes(g.Stored), file(g.Stored)} {
				out := make([]byte, len(g.Elements))
				if err := c.Read(t.Context(), src, full, nd.NewView(out, g.Shape, item)); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(out, g.Elements) {
					t.Fatal("other elements are read")
				}
			}
			ours, err := c.Encode(nil, want)
			if err != nil {
				if strings.Contains(g.Name, "snappy") {
					return // it is only read
				}
				t.Fatal(err)
			}
			if g.fixed() && !bytes.Equal(ours, g.Stored) {
				t.Errorf("encoded to\n% x, not\n% x", ours, g.Stored)
			}
			if !g.lossy() {
				patchGolden(t, c, g)
			}
		})
	}
	for _, writer := range []string{"zarr-python", "zarrs", "tensorstore", "numcodecs"} {
		if writers[writer] < 4 {
			t.Errorf("%d cases by %s", writers[writer], writer)
		}
	}
}

// patchGolden changes one element of what others wrote.
func patchGolden(t *testing.T, c *codec.Chain, g golden) {
	item := c.Chunk().Type.Size()
	one := nd.Box{Start: make([]int, len(g.Shape)), Shape: make([]int, len(g.Shape))}
	for i, n := range g.Shape {
		one.Start[i], one.Shape[i] = n-1, 1
	}
	elem := bytes.Repeat([]byte{1}, item)
	p, err := c.Patch(t.Context(), file(g.Stored), one, nd.NewView(elem, one.Shape, item))
	if err != nil {
		t.Fatal(err)
	}
	stored := bytes.Join(p.Parts, nil)
	p.Release()
	want := bytes.Clone(g.Elements)
	copy(want[len(want)-item:], elem)
	out := make([]byte, len(want))
	if err := c.Read(t.Context(), file(stored), nd.Full(g.Shape), nd.NewView(out, g.Shape, item)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, want) {
		t.Error("a patch changes other elements")
	}
}
