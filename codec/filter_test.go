package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// encoded returns what a chain makes of elements, which is to come back as back.
func encoded[T, B dtype.Element](t *testing.T, text string, elements []T, back []B) []byte {
	t.Helper()
	shape := []int{len(elements)}
	c := mustBind(t, text, shape, dtype.Of[T]())
	stored, err := c.Encode(nil, nd.NewView(dtype.Bytes(elements), shape, c.Chunk().Type.Size()))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out := make([]T, len(elements))
	if err := c.Read(t.Context(), codec.Bytes(stored), nd.Full(shape), nd.NewView(dtype.Bytes(out), shape, c.Chunk().Type.Size())); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if want := dtype.Bytes(back); !bytes.Equal(dtype.Bytes(out), want) {
		t.Errorf("%s: %v comes back as %v, not %v", text, elements, out, back)
	}
	return stored
}

// The examples in the specification of bitround.
func TestBitRound(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	odd := math.Float32frombits(0x7fffffff) // rounding up would make a number of it
	encoded(t, `[{"name":"bitround","configuration":{"keepbits":3}},`+little+`]`,
		[]float32{0, 0.1, 1.2, 12.3, 123.4, 1234.5, nan, inf, -inf, odd},
		[]float32{0, 0.1015625, 1.25, 12, 120, 1280, nan, inf, -inf, odd})
	encoded(t, `[{"name":"bitround","configuration":{"keepbits":3}},"bytes"]`,
		[]uint8{0, 1, 10, 11, 100, 123, 200, 208, 209, 255},
		[]uint8{0, 1, 10, 12, 96, 128, 192, 192, 224, 224})
	encoded(t, `[{"name":"bitround","configuration":{"keepbits":2}},`+little+`]`,
		[]complex64{complex(1.2, 123.4)}, []complex64{complex(1.25, 128)})
	encoded(t, `[{"name":"bitround","configuration":{"keepbits":70}},`+little+`]`, []int64{-5, 1 << 60}, []int64{-5, 1 << 60})
}

func TestPackBits(t *testing.T) {
	bools := []bool{true, false, false, true, true, false, false, false, false, true}
	ints := []int16{0b0110_1101, -3}
	for text, want := range map[string][]byte{
		`["numcodecs.packbits","bytes"]`: {6, 0b1001_1000, 0b0100_0000},
		`["packbits"]`:                   {0b0001_1001, 0b10},
		`[{"name":"packbits","configuration":{"padding_encoding":"first_byte"}}]`:                          {6, 0b0001_1001, 0b10},
		`[{"name":"packbits","configuration":{"padding_encoding":"last_byte","first_bit":null}},"crc32c"]`: {0b0001_1001, 0b10, 6},
	} {
		if got := encoded(t, text, bools, bools); !bytes.HasPrefix(got, want) || len(got) > len(want)+4 {
			t.Errorf("%s: % x, want % x", text, got, want)
		}
	}
	got := encoded(t, `[{"name":"packbits","configuration":{"first_bit":2,"last_bit":6}}]`, ints, []int16{0b110_1100 - 0b1000_0000, -4})
	if want := []byte{0b1111_1011, 0b11}; !bytes.Equal(got, want) { // 11011, 11111
		t.Errorf("% b, want % b", got, want)
	}
	got = encoded(t, `["packbits"]`, ints, ints)
	if want := []byte{0b0110_1101, 0, 0xfd, 0xff}; !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
	c := mustBind(t, `["numcodecs.packbits","bytes"]`, []int{10}, dtype.Bool)
	if err := c.Check(t.Context(), codec.Bytes{5, 0, 0}); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("another number of bits that were added: %v", err)
	}
}

// What cannot be stored is refused by name, and what no encoder stores is corrupt.
func TestOutOfRange(t *testing.T) {
	for _, c := range []struct {
		text     string
		elements []float64
		want     string
	}{
		{`[{"name":"numcodecs.astype","configuration":{"encode_dtype":"|u1"}},"bytes"]`, []float64{1, 256}, "numcodecs.astype: the number 256 does not fit elements of uint8"},
		{`[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<i8"}},` + little + `]`, []float64{math.NaN()}, "NaN does not fit"},
		{`[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":0,"scale":10,"astype":"|i1"}},"bytes"]`, []float64{12.7, 12.8}, "128 does not fit elements of int8"},
	} {
		shape := []int{len(c.elements)}
		chain := mustBind(t, c.text, shape, dtype.Float64)
		_, err := chain.Encode(nil, nd.NewView(dtype.Bytes(c.elements), shape, 8))
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	for text, x := range map[string]int32{`"offset":5,"scale":1.5`: math.MinInt32, `"offset":0,"scale":3,"astype":"<i8"`: 1 << 30} {
		chain := mustBind(t, `[{"name":"numcodecs.fixedscaleoffset","configuration":{`+text+`}},`+little+`]`, []int{1}, dtype.Int32)
		_, err := chain.Encode(nil, nd.NewView(dtype.Bytes([]int32{x}), []int{1}, 4))
		if err == nil || !strings.Contains(err.Error(), "does not fit elements of int32") {
			t.Errorf("%s of %d: %v", text, x, err)
		}
	}
	for text, x := range map[string]uint64{`"offset":5,"scale":1.5`: 4, `"offset":0,"scale":3`: 1 << 63} {
		chain := mustBind(t, `[{"name":"numcodecs.fixedscaleoffset","configuration":{`+text+`}},`+little+`]`, []int{1}, dtype.Uint64)
		_, err := chain.Encode(nil, nd.NewView(dtype.Bytes([]uint64{x}), []int{1}, 8))
		if err == nil || !strings.Contains(err.Error(), "does not fit elements of uint64") {
			t.Errorf("%s of %d: %v", text, x, err)
		}
	}
	shape := []int{2}
	delta := mustBind(t, `[{"name":"numcodecs.delta","configuration":{"astype":"|i1"}},"bytes"]`, shape, dtype.Int32)
	if _, err := delta.Encode(nil, nd.NewView(dtype.Bytes([]int32{5, 200}), shape, 4)); err == nil || !strings.Contains(err.Error(), "195 does not fit") {
		t.Error(err)
	}
	narrow := mustBind(t, `[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<i4"}},`+little+`]`, shape, dtype.Uint8)
	for _, check := range []error{
		narrow.Check(t.Context(), codec.Bytes{1, 0, 0, 0, 0, 1, 0, 0}),
		narrow.Read(t.Context(), file{1, 0, 0, 0, 255, 255, 255, 255}, nd.Full(shape), nd.NewView(make([]byte, 2), shape, 1)),
	} {
		if !errors.Is(check, codec.ErrCorrupt) || !strings.Contains(check.Error(), "does not fit elements of uint8") {
			t.Error(check)
		}
	}
}

// What rounding takes beyond the elements' type comes back as the nearest that it has.
func TestRoundedBeyond(t *testing.T) {
	encoded(t, `[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<f4"}},`+little+`]`,
		[]int64{math.MaxInt64, math.MinInt64, 5}, []int64{math.MaxInt64, math.MinInt64, 5})
	encoded(t, `[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<f8"}},`+little+`]`, []uint64{math.MaxUint64, 0}, []uint64{math.MaxUint64, 0})
	encoded(t, `[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":3.25,"scale":0.01,"astype":"<i4"}},`+little+`]`,
		[]uint8{255, 0}, []uint8{255, 3})
}

// Where what is stored of the fill value is also stored of other elements, these
// are not left out.
func TestLostFill(t *testing.T) {
	shape := []int{4}
	nan := math.NaN()
	fill := bytes.Clone(dtype.Bytes([]float64{nan}))
	for _, text := range []string{
		`[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":0,"scale":10,"astype":"<i4"}},` + little + `]`,
		`[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":0,"scale":10,"astype":"<i4"}},` + shard("[2]", "["+little+"]", "end") + `]`,
	} {
		c, err := codec.Bind(specs(t, text), codec.Chunk{Shape: shape, Type: dtype.Float64, Fill: fill})
		if err != nil {
			t.Fatal(err)
		}
		zeros := []float64{0, 0, 0, 0}
		p, err := c.Patch(t.Context(), nil, nd.Full(shape), nd.NewView(dtype.Bytes(zeros), shape, 8))
		if err != nil {
			t.Fatal(err)
		}
		stored := bytes.Join(p.Parts, nil)
		p.Release()
		if stored == nil {
			t.Fatalf("%s: zeros are not stored, and would be read as NaN", text)
		}
		out := []float64{5, 5, 5, 5}
		if err := c.Read(t.Context(), file(stored), nd.Full(shape), nd.NewView(dtype.Bytes(out), shape, 8)); err != nil || !slices.Equal(out, zeros) {
			t.Errorf("%s: %v, %v", text, out, err)
		}
		if p, err = c.Patch(t.Context(), nil, nd.Full(shape), nd.NewView(bytes.Repeat(fill, 4), shape, 8)); err != nil || p.Parts != nil {
			t.Errorf("%s: fill: %v, %v", text, p, err)
		}
	}
}

// Before shards, filters that work element by element leave them what they are.
func TestFilterOfShards(t *testing.T) {
	astype := `{"name":"numcodecs.astype","configuration":{"encode_dtype":"<i8"}}`
	text := `[{"name":"transpose","configuration":{"order":[1,0]}},` + astype + `,` + shard("[50,100]", "["+astype+","+little+","+crc+"]", "end") + `]`
	shape := []int{1000, 500}
	c := mustBind(t, text, shape, dtype.Int16)
	if inner, ok := c.Inner(); !ok || !slices.Equal(inner, []int{100, 50}) || !c.Partial() || !slices.Equal(c.Grain(), inner) {
		t.Errorf("inner chunks %v, %t, grain %v, partial %t", inner, ok, c.Grain(), c.Partial())
	}
	var names []string
	for _, s := range c.InnerSpecs() {
		names = append(names, s.Name)
	}
	if want := []string{"transpose", "numcodecs.astype", "numcodecs.astype", "bytes", "crc32c"}; !slices.Equal(names, want) {
		t.Errorf("codecs of inner chunks: %v, want %v", names, want)
	}
	data := make([]int16, 1000*500)
	for i := range data {
		data[i] = int16(i * 7)
	}
	stored, err := c.Encode(nil, nd.NewView(dtype.Bytes(data), shape, 2))
	if err != nil {
		t.Fatal(err)
	}
	src := &counted{file: file(stored)}
	one := nd.Box{Start: []int{123, 321}, Shape: []int{1, 2}}
	out := make([]int16, 2)
	ready, err := c.Prepare(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Read(t.Context(), ready, one, nd.NewView(dtype.Bytes(out), one.Shape, 2)); err != nil {
		t.Fatal(err)
	}
	if want := data[123*500+321:][:2]; !slices.Equal(out, want) {
		t.Errorf("%v, want %v", out, want)
	}
	if most := 100*(16+1) + 2*(50*100*8+4); src.bytes > most {
		t.Errorf("%d bytes of %d were read, at most %d are needed", src.bytes, len(stored), most)
	}
	again, err := json.Marshal(c.Specs())
	if err != nil {
		t.Fatal(err)
	}
	mustBind(t, string(again), shape, dtype.Int16)
}

// In steady state filters do not allocate, either.
func TestFilterAllocations(t *testing.T) {
	shape := []int{64, 64}
	for _, text := range []string{
		`["numcodecs.delta",` + little + `]`,
		`[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":1,"scale":0.5,"astype":"<i8"}},` + little + `,"numcodecs.crc32"]`,
	} {
		c := mustBind(t, text, shape, dtype.Int32)
		v := nd.NewView(make([]byte, 64*64*4), shape, 4)
		stored, err := c.Encode(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		var src codec.Source = file(stored)
		full := nd.Full(shape)
		steady(t, text+": read", func() error { return c.Read(t.Context(), src, full, v) })
		buf := make([]byte, 0, 2*c.MaxStored())
		steady(t, text+": encode", func() error { _, err := c.Encode(buf, v); return err })
	}
}

// Stored elements of every type are in the byte order that the codec says.
func TestExtensionTypes(t *testing.T) {
	nested := mustType(t, `{"name":"struct","configuration":{"fields":[{"name":"a","data_type":"uint8"},{"name":"b","data_type":"int16"},{"name":"c","data_type":"complex64"},{"name":"t","data_type":{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":1}}}]}}`)
	for _, c := range []struct {
		typ    dtype.Type
		stored []byte // of elements with the bytes 0, 1, 2…
		plain  bool   // no order need be said
	}{
		{mustType(t, "S3"), []byte{0, 1, 2}, true},
		{mustType(t, "V5"), []byte{0, 1, 2, 3, 4}, true},
		{mustType(t, "U2"), []byte{3, 2, 1, 0, 7, 6, 5, 4}, false},
		{mustType(t, "datetime64[ns]"), []byte{7, 6, 5, 4, 3, 2, 1, 0}, false},
		{dtype.Bfloat16, []byte{1, 0}, false},
		{nested, []byte{0, 2, 1, 6, 5, 4, 3, 10, 9, 8, 7, 18, 17, 16, 15, 14, 13, 12, 11}, false},
	} {
		elem := make([]byte, c.typ.Size())
		for i := range elem {
			elem[i] = byte(i)
		}
		shape := []int{3}
		data := bytes.Repeat(elem, 3)
		chain := mustBind(t, `[`+big+`]`, shape, c.typ)
		stored, err := chain.Encode(nil, nd.NewView(data, shape, len(elem)))
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat(c.stored, 3)
		if dtype.Native == dtype.Big {
			want = data
		}
		if !bytes.Equal(stored, want) {
			t.Errorf("%s: %v, want %v", c.typ, stored, want)
		}
		out := make([]byte, len(data))
		if err := chain.Read(t.Context(), file(stored), nd.Full(shape), nd.NewView(out, shape, len(elem))); err != nil || !bytes.Equal(out, data) {
			t.Errorf("%s: %v, %v", c.typ, out, err)
		}
		_, err = codec.Bind(specs(t, `["bytes"]`), codec.Chunk{Shape: shape, Type: c.typ, Fill: c.typ.Zero()})
		if (err == nil) != (c.plain || c.typ.Kind() == dtype.Struct) { // of structs zarr-python leaves it out
			t.Errorf("%s without a byte order: %v", c.typ, err)
		}
	}
}

// steady fails if f allocates once it is warm.
func steady(t *testing.T, name string, f func() error) {
	t.Helper()
	if testenv.Race {
		return // the race detector makes pools forget at random
	}
	run := func() {
		if err := f(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	run()
	n := testing.AllocsPerRun(20, run)
	for range 5 { // a collection empties pools
		n = min(n, testing.AllocsPerRun(20, run))
	}
	if n > 0 {
		t.Errorf("%s: %v allocations", name, n)
	}
}
