package codec_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

func bindTexts(t testing.TB, text string, typ dtype.Type, shape []int, fill string) *codec.Chain {
	t.Helper()
	var specs []codec.Spec
	if err := json.Unmarshal([]byte(text), &specs); err != nil {
		t.Fatal(err)
	}
	c, err := codec.Bind(specs, codec.Chunk{Shape: shape, Type: typ, Fill: []byte(fill)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// handles puts texts in an arena.
func handles(t testing.TB, a *codec.Arena, shape []int, texts []string) nd.View {
	t.Helper()
	h, err := a.Handles(codec.Join(texts))
	if err != nil {
		t.Fatal(err)
	}
	return nd.NewView(h, shape, codec.HandleSize)
}

func textsOf(t testing.TB, a *codec.Arena, v nd.View) []string {
	t.Helper()
	b, err := a.Block(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(b.Ends))
	for i := range out {
		out[i] = string(b.At(i))
	}
	return out
}

// TestVlenBytes is the format to the byte.
func TestVlenBytes(t *testing.T) {
	a := codec.NewArena()
	c := bindTexts(t, `["vlen-utf8"]`, dtype.String, []int{2, 2}, "").In(a)
	v := handles(t, a, []int{2, 2}, []string{"a", "", "é", "x\x00y"})
	got, err := c.Encode([]byte("before"), v)
	want := "before\x04\x00\x00\x00" + "\x01\x00\x00\x00a" + "\x00\x00\x00\x00" + "\x02\x00\x00\x00\xc3\xa9" + "\x03\x00\x00\x00x\x00y"
	if err != nil || string(got) != want {
		t.Fatalf("%q, %v; want %q", got, err, want)
	}
	// the corner of a chunk: the rest is fill
	c = bindTexts(t, `["vlen-bytes"]`, dtype.ByteStrings, []int{2, 2}, "\xff").In(a)
	got, err = c.Encode(nil, handles(t, a, []int{1, 1}, []string{"\x80"}))
	want = "\x04\x00\x00\x00" + "\x01\x00\x00\x00\x80" + strings.Repeat("\x01\x00\x00\x00\xff", 3)
	if err != nil || string(got) != want {
		t.Fatalf("%q, %v; want %q", got, err, want)
	}
}

// vlenChains are lists of codecs for chunks of 4 times 6 texts.
var vlenChains = []string{
	`["vlen-utf8"]`,
	`["vlen-utf8", "crc32c"]`,
	`["vlen-utf8", {"name":"zstd","configuration":{"level":1}}, "crc32c"]`,
	`["vlen-utf8", {"name":"gzip","configuration":{"level":1}}]`,
	`["vlen-utf8", {"name":"blosc","configuration":{"cname":"lz4","clevel":5,"shuffle":"noshuffle","typesize":1,"blocksize":0}}]`,
	`[{"name":"transpose","configuration":{"order":[1,0]}}, "vlen-utf8", {"name":"zstd"}]`,
	`[` + unindexed("[2,3]", `"vlen-utf8"`, "end") + `]`,
	`[` + unindexed("[2,2]", `"vlen-utf8",{"name":"zstd"},"crc32c"`, "start") + `]`,
	`[` + unindexed("[2,6]", unindexed("[1,2]", `"vlen-utf8","crc32c"`, "end"), "end") + `]`,
	`[{"name":"transpose","configuration":{"order":[1,0]}},` + unindexed("[3,2]", `{"name":"transpose","configuration":{"order":[1,0]}},"vlen-utf8"`, "end") + `]`,
	`[` + unindexed("[2,3]", `"vlen-utf8"`, "end") + `,{"name":"gzip","configuration":{"level":1}}]`,
}

// TestVlenAgainstModel patches and reads random boxes of chunks of texts.
func TestVlenAgainstModel(t *testing.T) {
	words := []string{"", "fill", "a", "ß", "日本", strings.Repeat("long ", 300), "x\x00"}
	rapid.Check(t, func(t *rapid.T) {
		shape := []int{4, 6}
		a := codec.NewArena()
		text := rapid.SampledFrom(vlenChains).Draw(t, "codecs")
		var specs []codec.Spec
		if err := json.Unmarshal([]byte(text), &specs); err != nil {
			t.Fatal(err)
		}
		plain, err := codec.Bind(specs, codec.Chunk{Shape: shape, Type: dtype.String, Fill: []byte("fill")})
		if err != nil {
			t.Fatal(err)
		}
		c := plain.In(a)
		model := slices.Repeat([]string{"fill"}, 24)
		var old codec.Source
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			part := a.Sub()
			k := c.In(part)
			box := drawBox(t, shape)
			texts := make([]string, box.Size())
			for i := range texts {
				texts[i] = rapid.SampledFrom(words).Draw(t, "text")
			}
			h, err := a.Handles(codec.Join(texts))
			if err != nil {
				t.Fatal(err)
			}
			p, err := k.Patch(t.Context(), old, box, nd.NewView(h, box.Shape, codec.HandleSize))
			if err != nil {
				t.Fatal(err)
			}
			for i := range texts {
				model[(box.Start[0]+i/box.Shape[1])*6+box.Start[1]+i%box.Shape[1]] = texts[i]
			}
			old = nil
			if p.Parts != nil {
				old = file(bytes.Join(p.Parts, nil))
				if rapid.Bool().Draw(t, "in memory") {
					old = codec.Bytes(bytes.Join(p.Parts, nil))
				}
				if err := plain.Check(t.Context(), old); err != nil {
					t.Fatal(err)
				}
			} else if slices.ContainsFunc(model, func(s string) bool { return s != "fill" }) {
				t.Fatalf("nothing is stored of %q", model)
			}
			p.Release()
			part.Free()
		}
		if old == nil {
			return
		}
		for _, box := range []nd.Box{nd.Full(shape), drawBox(t, shape)} {
			// into memory in which rows are apart and backwards
			wide := nd.NewView(make([]byte, 24*2*codec.HandleSize), []int{4, 12}, codec.HandleSize)
			dst := wide.Step(1, 0, 2, 6).Flip(0).Sub(nd.Box{Start: []int{0, 0}, Shape: box.Shape})
			if err := c.Read(t.Context(), old, box, dst); err != nil {
				t.Fatal(err)
			}
			b, err := a.Block(dst)
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Ends {
				want := model[(box.Start[0]+i/box.Shape[1])*6+box.Start[1]+i%box.Shape[1]]
				if string(b.At(i)) != want {
					t.Fatalf("%s: element %d of %s is %q, want %q", text, i, box, b.At(i), want)
				}
			}
		}
	})
}

// TestVlenCorrupt: bytes that no encoder writes are corrupt, and take no memory.
func TestVlenCorrupt(t *testing.T) {
	u32 := func(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
	for name, c := range map[string]struct{ data, want string }{
		"empty":             {"", "has 4"},
		"cut count":         {"\x03\x00", "has 4"},
		"few":               {u32(2) + u32(0) + u32(0), "2 elements where a chunk of shape [3] has 3"},
		"many":              {u32(4) + strings.Repeat(u32(0), 4), "4 elements where"},
		"huge count":        {u32(1<<32-1) + strings.Repeat(u32(0), 3), "4294967295 elements"},
		"no lengths":        {u32(3), "3 elements in 4 bytes"},
		"cut length":        {u32(3) + u32(4) + "abcd" + u32(1) + "e" + "\x01\x00", "length of element 2 of 3"},
		"past the end":      {u32(3) + u32(0) + u32(0) + u32(1), "element 2 of 3 has 1 bytes, and 0 are there"},
		"negative":          {u32(3) + u32(1<<31) + u32(0) + u32(0), "element 0 of 3 has 2147483648 bytes"},
		"largest":           {u32(3) + u32(0) + u32(1<<32-1) + u32(0), "element 1 of 3 has 4294967295 bytes"},
		"trailing":          {u32(3) + u32(0) + u32(0) + u32(1) + "ab", "1 bytes follow"},
		"not UTF-8":         {u32(3) + u32(0) + u32(1) + "\x80" + u32(0), "element 1 of 3 is not UTF-8"},
		"surrogate":         {u32(3) + u32(3) + "\xed\xa0\x80" + u32(0) + u32(0), "element 0 of 3 is not UTF-8"},
		"across a boundary": {u32(3) + u32(1) + "\xc3" + u32(1) + "\xa9" + u32(0), "element 0 of 3 is not UTF-8"},
	} {
		chain := bindTexts(t, `["vlen-utf8"]`, dtype.String, []int{3}, "").In(codec.NewArena())
		v := nd.NewView(make([]byte, 3*codec.HandleSize), []int{3}, codec.HandleSize)
		for i, err := range []error{
			chain.Check(t.Context(), codec.Bytes(c.data)),
			chain.Read(t.Context(), codec.Bytes(c.data), nd.Full([]int{3}), v),
			chain.Read(t.Context(), file(c.data), nd.Full([]int{3}), v),
		} {
			if !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: way %d: %v, want %q", name, i, err, c.want)
			}
		}
	}
	// a chunk that has far more elements than there are bytes
	big := bindTexts(t, `["vlen-bytes"]`, dtype.ByteStrings, []int{1 << 20, 256}, "").In(codec.NewArena())
	v := nd.NewView(make([]byte, codec.HandleSize), []int{1, 1}, codec.HandleSize)
	got := testing.AllocsPerRun(1, func() {
		err := big.Read(t.Context(), codec.Bytes(u32(1<<28)+u32(0)), nd.Full([]int{1, 1}), v)
		if !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%v", err)
		}
	})
	if got > 50 {
		t.Errorf("%v allocations", got)
	}
}

func TestVlenBinding(t *testing.T) {
	for _, c := range []struct {
		specs, want string
		typ         dtype.Type
	}{
		{`["bytes"]`, "vlen-utf8 is for them", dtype.String},
		{`[]`, "one of vlen-utf8 and sharding_indexed", dtype.String},
		{`["crc32c"]`, "one of vlen-bytes and sharding_indexed", dtype.ByteStrings},
		{`["vlen-bytes"]`, "is not for elements of string", dtype.String},
		{`["vlen-utf8"]`, "is not for elements of variable_length_bytes", dtype.ByteStrings},
		{`["vlen-utf8"]`, "is not for elements of int32", dtype.Int32},
		{`["vlen-utf8","vlen-utf8"]`, "works on arrays", dtype.String},
		{`[{"name":"vlen-utf8","configuration":{"x":1}}]`, `unknown member "x"`, dtype.String},
	} {
		var specs []codec.Spec
		if err := json.Unmarshal([]byte(c.specs), &specs); err != nil {
			t.Fatal(err)
		}
		_, err := codec.Bind(specs, codec.Chunk{Shape: []int{2}, Type: c.typ, Fill: c.typ.Zero()})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %s: %v, want %q", c.specs, c.typ, err, c.want)
		}
	}
	if _, err := codec.Bind([]codec.Spec{{Name: "vlen-utf8"}}, codec.Chunk{Shape: []int{2}, Type: dtype.String, Fill: []byte{0xff}}); err == nil {
		t.Error("a fill value that is not UTF-8 is taken")
	}
	// without an arena a chain checks, and does nothing else
	c := bindTexts(t, `["vlen-utf8"]`, dtype.String, []int{1}, "")
	if err := c.Check(t.Context(), codec.Bytes("\x01\x00\x00\x00\x00\x00\x00\x00")); err != nil {
		t.Error(err)
	}
	v := nd.NewView(make([]byte, codec.HandleSize), []int{1}, codec.HandleSize)
	if _, err := c.Encode(nil, v); err == nil || !strings.Contains(err.Error(), "arena") {
		t.Errorf("%v", err)
	}
	if err := c.Read(t.Context(), codec.Bytes("\x01\x00\x00\x00\x00\x00\x00\x00"), nd.Full([]int{1}), v); err == nil || !strings.Contains(err.Error(), "arena") {
		t.Errorf("%v", err)
	}
}

func TestBlockCheck(t *testing.T) {
	for _, b := range []codec.Block{
		{Data: []byte("abc"), Ends: []int64{2, 1, 3}},
		{Data: []byte("abc"), Ends: []int64{1, 4}},
		{Data: []byte("abc"), Ends: []int64{-1, 3}},
		{Data: []byte("abc"), Ends: []int64{1, 2}},
		{Data: []byte("abc")},
	} {
		if err := b.Check(); err == nil {
			t.Errorf("%v is taken", b)
		}
		if _, err := codec.NewArena().Handles(b); err == nil {
			t.Errorf("%v is taken by an arena", b)
		}
	}
	b := codec.Join([][]byte{[]byte("ab"), nil, []byte("c")})
	if err := b.Check(); err != nil || string(b.At(0)) != "ab" || len(b.At(1)) != 0 || string(b.At(2)) != "c" {
		t.Errorf("%v, %v", b, err)
	}
}

// TestArenasShareHandles: what is kept outlives the arena that it was in, whose
// segments are used anew.
func TestArenasShareHandles(t *testing.T) {
	a := codec.NewArena()
	kept := nd.NewView(make([]byte, 0, 100*codec.HandleSize), []int{0}, codec.HandleSize)
	var want []string
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		part := a.Sub()
		texts := []string{fmt.Sprint("first ", i), strings.Repeat("x", rng.IntN(10_000)), fmt.Sprint("last ", i)}
		v := handles(t, part, []int{3}, texts)
		a.Keep(v, []byte{1, 0, 1})
		part.Free()
		kept.Data = append(append(kept.Data, v.Data[:codec.HandleSize]...), v.Data[2*codec.HandleSize:]...)
		want = append(want, texts[0], texts[2])
	}
	kept.Shape = []int{100}
	if got := textsOf(t, a, kept); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	same := handles(t, a, []int{100}, want)
	if !a.Equal(kept, same) {
		t.Error("equal texts are held to differ")
	}
	want[50] += "!"
	if a.Equal(kept, handles(t, a, []int{100}, want)) {
		t.Error("other texts are held to be equal")
	}
}

// FuzzVlen decodes any bytes. What decodes is encoded as it was.
func FuzzVlen(f *testing.F) {
	shape := []int{2, 3}
	kinds := []struct {
		typ  dtype.Type
		text string
	}{
		{dtype.String, `["vlen-utf8"]`}, {dtype.ByteStrings, `["vlen-bytes"]`},
		{dtype.String, `["vlen-utf8",{"name":"zstd"}]`},
		{dtype.ByteStrings, `[` + unindexed("[1,3]", `"vlen-bytes"`, "end") + `]`},
	}
	bound := make([]*codec.Chain, len(kinds))
	for i, k := range kinds {
		bound[i] = bindTexts(f, k.text, k.typ, shape, "f")
		a := codec.NewArena()
		data, err := bound[i].In(a).Encode(nil, handles(f, a, shape, []string{"a", "", "ccc", "é", "\n", "f"}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(i))
	}
	f.Add([]byte("\x06\x00\x00\x00\xff\xff\xff\xff"), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		a := codec.NewArena()
		c := bound[int(kind)%len(bound)].In(a)
		before := slices.Clone(data)
		v := nd.NewView(make([]byte, 6*codec.HandleSize), shape, codec.HandleSize)
		err := c.Read(t.Context(), file(data), nd.Full(shape), v)
		if check := c.Check(t.Context(), codec.Bytes(data)); (err == nil) != (check == nil) {
			t.Fatalf("read says %v, and check %v", err, check)
		}
		if !bytes.Equal(before, data) {
			t.Fatal("the source was written to")
		}
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		texts := textsOf(t, a, v)
		again, err := c.Encode(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if int(kind)%len(bound) < 2 && !bytes.Equal(again, data) {
			t.Fatalf("%q is encoded as %q", data, again)
		}
		w := nd.NewView(make([]byte, 6*codec.HandleSize), shape, codec.HandleSize)
		if err := c.Read(t.Context(), codec.Bytes(again), nd.Full(shape), w); err != nil || !slices.Equal(textsOf(t, a, w), texts) {
			t.Fatalf("%q comes back as %q, %v", texts, textsOf(t, a, w), err)
		}
	})
}
