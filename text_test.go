package dosna_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

func textDataset(t testing.TB, c *dosna.Connection, path string, s dosna.DatasetSpec, texts ...string) *dosna.Dataset {
	t.Helper()
	if s.Type == (dtype.Type{}) {
		s.Type = dtype.String
	}
	d, err := c.CreateDataset(ctx, path, s)
	if err != nil {
		t.Fatal(err)
	}
	if texts != nil {
		if err := dosna.WriteText(ctx, d, nd.Selection{}, texts); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func readTexts(t testing.TB, d *dosna.Dataset, sel string) []string {
	t.Helper()
	got, err := dosna.ReadText[string](ctx, d, selection(t, sel))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestTextFillValues(t *testing.T) {
	c := create(t, testenv.ScratchDir(t)+"/pool")
	d := textDataset(t, c, "x", dosna.DatasetSpec{Shape: []int{5}, Chunks: []int{2}, Fill: "nö"})
	if got := readTexts(t, d, ":"); !slices.Equal(got, []string{"nö", "nö", "nö", "nö", "nö"}) {
		t.Errorf("got %q", got)
	}
	if err := dosna.WriteText(ctx, d, selection(t, "1:4"), []string{"a", "", "nö"}); err != nil {
		t.Fatal(err)
	}
	if got := readTexts(t, d, "::-1"); !slices.Equal(got, []string{"nö", "nö", "", "a", "nö"}) {
		t.Errorf("got %q", got)
	}
	// what is all fill again is not stored
	if err := dosna.WriteText(ctx, d, nd.Selection{}, []string{"nö"}); err != nil {
		t.Fatal(err)
	}
	if u, err := d.Usage(ctx); err != nil || u.Objects != 0 {
		t.Errorf("%+v, %v", u, err)
	}
	b := textDataset(t, c, "b", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.ByteStrings, Fill: []byte{0, 0xff}})
	again, err := c.OpenDataset(ctx, "b")
	if err != nil || string(again.Fill()) != "\x00\xff" {
		t.Errorf("fill %q, %v", again.Fill(), err)
	}
	got, err := dosna.ReadText[[]byte](ctx, b, selection(t, "1"))
	if err != nil || len(got) != 1 || string(got[0]) != "\x00\xff" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := c.CreateDataset(ctx, "wrong", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.String, Fill: []byte{0xff}}); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("a fill value that is not UTF-8: %v", err)
	}
}

func TestTextErrors(t *testing.T) {
	c := create(t, "mem://")
	d := textDataset(t, c, "x", dosna.DatasetSpec{Shape: []int{4}, Chunks: []int{2}}, "a", "b", "c", "d")
	block := func(b codec.Block) error { return d.WriteBlock(ctx, selection(t, "1:3"), b) }
	v := nd.NewView(make([]byte, 64), []int{4}, 16)
	_, noBuffer := d.Buffer(0)
	_, noAppend := d.Append(ctx, 0, v)
	chunk, err := d.Chunk(0)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"not UTF-8":     {dosna.WriteText(ctx, d, nd.Selection{}, []string{"a", "b", "\xff", "d"}), "element 2 is not UTF-8"},
		"half a letter": {block(codec.Block{Data: []byte("ü"), Ends: []int64{1, 2}}), "element 0 is not UTF-8"},
		"too few":       {dosna.WriteText(ctx, d, nd.Selection{}, []string{"a", "b"}), "2 elements for 4"},
		"bad ends":      {block(codec.Block{Data: []byte("ab"), Ends: []int64{2, 1}}), "ends at byte 1"},
		"handles":       {d.ReadView(ctx, nd.Selection{}, v), "no fixed size"},
		"raw":           {d.ReadRaw(ctx, nd.Selection{}, v.Data), "no fixed size"},
		"write raw":     {d.WriteRaw(ctx, nd.Selection{}, v.Data), "no fixed size"},
		"write handles": {d.WriteView(ctx, nd.Selection{}, v), "no fixed size"},
		"numbers":       {dosna.Read(ctx, d, nd.Selection{}, make([]int8, 4)), "no fixed size"},
		"map":           {d.Map(ctx, d, dosna.MapOptions{}, nil), "no fixed size"},
		"apply":         {d.Apply(ctx, nil), "no fixed size"},
		"buffer":        {noBuffer, "no fixed size"},
		"append":        {noAppend, "no fixed size"},
		"chunk":         {chunk.Read(ctx, v), "no fixed size"},
		"create chunk":  {chunk.Create(ctx, v), "no fixed size"},
		"load":          {d.Load(ctx, notTexts{d}), "any length"},
	} {
		if !errors.Is(c.err, dosna.ErrInvalid) || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, c.err, c.want)
		}
	}
	if got := readTexts(t, d, ":"); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("something was written: %q", got)
	}
	numbers := bytesDataset(t, c, "numbers", []int{2}, []int{2})
	if _, err := dosna.ReadText[string](ctx, numbers, nd.Selection{}); !errors.Is(err, dosna.ErrInvalid) {
		t.Error(err)
	}
	if b, err := numbers.ReadBlock(ctx, nd.Selection{}); err != nil || b.Ends != nil || !slices.Equal(b.Data, []byte{0, 0}) {
		t.Errorf("%v, %v", b, err)
	}
}

// notTexts is an Array and no more.
type notTexts struct{ dosna.Array }

// TestTextWriters: writers into one chunk lose nothing of each other's.
func TestTextWriters(t *testing.T) {
	for _, address := range []string{"mem://", testenv.ScratchDir(t) + "/pool"} {
		c := create(t, address)
		const n, writers = 64, 8
		for _, shards := range [][]int{nil, {n}} {
			spec := dosna.DatasetSpec{Shape: []int{n}, Chunks: []int{n}, Shards: shards}
			if shards != nil {
				spec.Chunks = []int{n / 4}
			}
			d := textDataset(t, c, fmt.Sprint("x", len(shards)), spec)
			var group sync.WaitGroup
			for w := range writers {
				group.Go(func() {
					mine, err := c.OpenDataset(ctx, d.Path())
					if err != nil {
						t.Error(err)
						return
					}
					for i := w; i < n; i += writers {
						if err := dosna.WriteText(ctx, mine, nd.Sel(nd.At(i)), []string{strings.Repeat("x", i*i) + fmt.Sprint(i)}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			for i, text := range readTexts(t, d, ":") {
				if want := strings.Repeat("x", i*i) + fmt.Sprint(i); text != want {
					t.Errorf("%s: element %d is %.20q of %d bytes", address, i, text, len(text))
				}
			}
		}
	}
}

// TestTextCopies copies within a layout and between layouts, resumes, and loads.
func TestTextCopies(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c, other := create(t, dir+"/a"), create(t, dir+"/b")
	var texts []string
	for i := range 60 {
		texts = append(texts, name(int64(i*3)))
	}
	d := textDataset(t, c, "g/x", dosna.DatasetSpec{Shape: []int{6, 10}, Chunks: []int{4, 3}, Fill: "n3"}, texts...)
	for i, o := range []dosna.CopyOptions{{}, {Chunks: []int{3, 4}}, {Chunks: []int{2, 2}, Shards: []int{4, 10}}, {Codec: "gzip"}, {Checksum: "none"}, {Access: "lines:1"}} {
		for _, to := range []*dosna.Connection{c, other} {
			path := fmt.Sprint("copy", i)
			if _, err := dosna.Copy(ctx, d, to, path, &o); err != nil {
				t.Fatal(err)
			}
			e, err := to.OpenDataset(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			if got := readTexts(t, e, ":"); !slices.Equal(got, texts) {
				t.Errorf("%+v: got %q", o, got)
			}
		}
	}
	group, err := c.OpenGroup(ctx, "/")
	if err != nil {
		t.Fatal(err)
	}
	if err := group.Move(ctx, "g/x", "moved"); err != nil {
		t.Fatal(err)
	}
	moved, err := c.OpenDataset(ctx, "moved")
	if err != nil {
		t.Fatal(err)
	}
	// a copy that is there in part, in another layout and with another fill value
	spec := moved.Spec()
	spec.Chunks, spec.Fill = []int{5, 5}, "n6"
	e := textDataset(t, other, "part", spec)
	if err := dosna.WriteText(ctx, e, selection(t, "0"), []string{"wrong"}); err != nil {
		t.Fatal(err)
	}
	if err := moved.CopyTo(ctx, e); err != nil {
		t.Fatal(err)
	}
	if got := readTexts(t, e, ":"); !slices.Equal(got, texts) {
		t.Errorf("got %q", got)
	}
	loaded := textDataset(t, other, "loaded", spec)
	if err := loaded.Load(ctx, moved); err != nil {
		t.Fatal(err)
	}
	if got := readTexts(t, loaded, ":"); !slices.Equal(got, texts) {
		t.Errorf("loaded %q", got)
	}
	if v, err := other.Verify(ctx, "/", dosna.VerifyOptions{}); err != nil || v.Losses() != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if err := moved.Delete(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestFixedTexts: texts of a fixed length are read and written as those of any.
func TestFixedTexts(t *testing.T) {
	c := create(t, "mem://")
	for _, name := range []string{"U3", "S4"} {
		typ, _, err := dtype.ParseType(name)
		if err != nil {
			t.Fatal(err)
		}
		d := textDataset(t, c, name, dosna.DatasetSpec{Shape: []int{3}, Type: typ, Order: dtype.Big}, "ab", "", "xyz")
		if got := readTexts(t, d, "::-1"); !slices.Equal(got, []string{"xyz", "", "ab"}) {
			t.Errorf("%s: got %q", name, got)
		}
		if err := dosna.WriteText(ctx, d, selection(t, "0"), []string{"12345"}); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("%s: what does not fit: %v", name, err)
		}
	}
}

// TestFields reads fields of structs, one by one.
func TestFields(t *testing.T) {
	typ, _, err := dtype.ParseType(`[["x", "<f4"], ["in", [["a/b", "|u1"], ["s", "<U2"]]], ["t", "<M8[s]"]]`)
	if err != nil {
		t.Fatal(err)
	}
	dir := testenv.ScratchDir(t)
	for i, shards := range [][]int{nil, {4, 6}} {
		for _, codecs := range []string{"none", "zstd"} {
			c, err := dosna.Open(ctx, fmt.Sprint(dir, "/", i, codecs), &dosna.Options{Mode: dosna.Create, Cache: dosna.NewCache(1 << 20)})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fill := typ.Zero()
			fill[4] = 7
			spec := dosna.DatasetSpec{Shape: []int{5, 7}, Type: typ, Chunks: []int{2, 3}, Shards: shards, Codec: codecs, Order: dtype.Big, Fill: fill}
			d, err := c.CreateDataset(ctx, "x", spec)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 25 { // the last rows stay fill
				elem, err := typ.ParseScalar(fmt.Sprintf(`[%d.5, [%d, "é%d"], %d]`, i, i, i%10, i))
				if err != nil {
					elem, err = typ.ParseScalar(fmt.Sprintf(`{"x": %d.5, "in": {"a/b": %d, "s": "é%d"}, "t": "@%d"}`, i, i, i%10, i))
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := d.WriteRaw(ctx, nd.Sel(nd.At(i/7), nd.At(i%7)), elem); err != nil {
					t.Fatal(err)
				}
			}
			item := typ.Size()
			for path, f := range map[string]dtype.Field{"x": {Type: dtype.Float32}, "in/a/b": {Type: dtype.Uint8, Offset: 4}, "in/s": {Offset: 5}, "t": {Offset: 13}, "in": {Offset: 4}} {
				v, err := d.Field(path)
				if err != nil {
					t.Fatal(err)
				}
				size := v.Type().Size()
				if f.Type != (dtype.Type{}) && v.Type() != f.Type {
					t.Errorf("%s is of %s", path, v.Type())
				}
				if !slices.Equal(v.Fill(), fill[f.Offset:f.Offset+size]) {
					t.Errorf("%s: fill %v", path, v.Fill())
				}
				for _, text := range []string{":", "3, ::-2", "::2, [5, 0, 5]", "[0, 4], [6, 1]", "newaxis, 2", "::-1, 1:6"} {
					sel := selection(t, text)
					r, err := sel.Resolve(spec.Shape)
					if err != nil {
						t.Fatal(err)
					}
					whole, want, got := make([]byte, r.Size()*item), []byte(nil), make([]byte, r.Size()*size)
					if err := d.ReadRaw(ctx, sel, whole); err != nil {
						t.Fatal(err)
					}
					for at := 0; at < len(whole); at += item {
						want = append(want, whole[at+f.Offset:at+f.Offset+size]...)
					}
					if err := v.ReadRaw(ctx, sel, got); err != nil || !slices.Equal(got, want) {
						t.Errorf("%s [%s]: got %v, %v; want %v", path, text, got, err, want)
					}
				}
				if k, err := v.Chunk(0, 0); err != nil {
					t.Error(err)
				} else if err := k.Delete(ctx); !errors.Is(err, dosna.ErrInvalid) && !errors.Is(err, dosna.ErrPermission) {
					t.Errorf("a chunk of %s is deleted: %v", path, err)
				}
				if err := v.Resize(ctx, []int{1, 1}); !errors.Is(err, dosna.ErrPermission) {
					t.Errorf("%s is resized: %v", path, err)
				}
				if err := v.Delete(ctx); !errors.Is(err, dosna.ErrPermission) {
					t.Errorf("%s is deleted: %v", path, err)
				}
				copied, err := v.Clone(ctx, "no", false)
				if !errors.Is(err, dosna.ErrPermission) {
					t.Errorf("%v, %v", copied, err)
				}
				spec := v.Spec()
				out, err := c.CreateDataset(ctx, fmt.Sprintf("%x", path), spec)
				if err != nil {
					t.Fatal(err)
				}
				if err := v.CopyTo(ctx, out); err != nil {
					t.Fatal(err)
				}
				a, errA := v.ReadBlock(ctx, nd.Selection{})
				b, errB := out.ReadBlock(ctx, nd.Selection{})
				if errA != nil || errB != nil || !slices.Equal(a.Data, b.Data) {
					t.Errorf("%s: the copy differs: %v, %v", path, errA, errB)
				}
			}
			for _, path := range []string{"y", "in/x", "x/y", "in/"} {
				if _, err := d.Field(path); !errors.Is(err, dosna.ErrInvalid) {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
	}
}
