package tiff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var kinds = []Page{
	{Kind: Uint, Bits: 8}, {Kind: Uint, Bits: 16}, {Kind: Uint, Bits: 32}, {Kind: Uint, Bits: 64},
	{Kind: Int, Bits: 8}, {Kind: Int, Bits: 16}, {Kind: Int, Bits: 32}, {Kind: Int, Bits: 64},
	{Kind: Float, Bits: 16}, {Kind: Float, Bits: 32}, {Kind: Float, Bits: 64},
}

func write(t testing.TB, p Page, pages int, o *WriteOptions, data []byte, step int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, p, pages, o)
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		n := min(step, len(data))
		if _, err := w.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, file []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What is written is read back, all of it and any rows of it, and written alike
// however it is cut.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := rapid.SampledFrom(kinds).Draw(r, "kind")
		p.Height, p.Width = rapid.IntRange(1, 40).Draw(r, "height"), rapid.IntRange(1, 40).Draw(r, "width")
		if rapid.IntRange(0, 9).Draw(r, "wide") == 0 {
			p.Width = rapid.IntRange(4000, 20000).Draw(r, "width")
		}
		p.Samples = rapid.IntRange(1, 5).Draw(r, "samples")
		pages := rapid.IntRange(1, 4).Draw(r, "pages")
		o := &WriteOptions{
			Compression: rapid.SampledFrom([]Compression{0, None, Deflate, Zstd}).Draw(r, "compression"),
			Predictor:   rapid.Bool().Draw(r, "predictor"), Big: rapid.Bool().Draw(r, "big"),
			Description: rapid.SampledFrom([]string{"", "a", "some words"}).Draw(r, "description"),
		}
		data := make([]byte, pages*p.Bytes())
		rng := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(r, "seed")))
		for i := range data {
			data[i] = byte(i/7) + byte(rng.IntN(3))
		}
		file := write(t, p, pages, o, data, rapid.IntRange(1, 100000).Draw(r, "step"))
		if !bytes.Equal(file, write(t, p, pages, o, data, len(data))) {
			r.Fatal("the file depends on how it is written")
		}
		f := open(t, file)
		if f.Len() != pages || f.Description(0) != o.Description {
			r.Fatalf("%d pages, %q", f.Len(), f.Description(0))
		}
		for i := range pages {
			if f.Page(i) != p {
				r.Fatalf("page %d: %s", i, f.Page(i))
			}
			want := data[i*p.Bytes() : (i+1)*p.Bytes()]
			got := make([]byte, p.Bytes())
			if err := f.Read(i, got); err != nil {
				r.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				r.Fatalf("page %d differs", i)
			}
			first := rapid.IntRange(0, p.Height-1).Draw(r, "first")
			n := rapid.IntRange(0, p.Height-first).Draw(r, "rows")
			row := p.Bytes() / p.Height
			if err := f.ReadRows(i, first, n, got[:n*row]); err != nil {
				r.Fatal(err)
			}
			if !bytes.Equal(got[:n*row], want[first*row:(first+n)*row]) {
				r.Fatalf("rows %d to %d of page %d differ", first, first+n, i)
			}
		}
	})
}

// A file that could get longer than 4 GiB is BigTIFF from its first bytes on.
func TestBigTIFF(t *testing.T) {
	for gib, version := range map[int]byte{3: 42, 5: 43} {
		var b bytes.Buffer
		if _, err := NewWriter(&b, Page{Height: 1 << 15, Width: 1 << 15, Samples: 1, Kind: Uint, Bits: 8}, gib, nil); err != nil {
			t.Fatal(err)
		}
		if b.Bytes()[2] != version {
			t.Errorf("%d GiB: version %d", gib, b.Bytes()[2])
		}
	}
}

func TestWriterErrors(t *testing.T) {
	p := Page{Height: 2, Width: 3, Samples: 1, Kind: Uint, Bits: 8}
	for name, c := range map[string]struct {
		p     Page
		pages int
		o     *WriteOptions
	}{
		"no pages":  {p, 0, nil},
		"no height": {Page{Width: 3, Samples: 1, Kind: Uint, Bits: 8}, 1, nil},
		"bits":      {Page{Height: 2, Width: 3, Samples: 1, Kind: Uint, Bits: 1}, 1, nil},
		"float8":    {Page{Height: 2, Width: 3, Samples: 1, Kind: Float, Bits: 8}, 1, nil},
		"LZW":       {p, 1, &WriteOptions{Compression: LZW}},
		"huge":      {Page{Height: 1 << 23, Width: 1 << 23, Samples: 1, Kind: Uint, Bits: 64}, 1 << 40, nil},
	} {
		if _, err := NewWriter(io.Discard, c.p, c.pages, c.o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	w, err := NewWriter(io.Discard, p, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "page 1 of 2 is incomplete") {
		t.Errorf("got error %v", err)
	}
	w, err = NewWriter(io.Discard, p, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 7)); err == nil {
		t.Error("more than a page is written")
	}
}

// tiny makes a little file by hand: a list of tags with one value each, and
// bytes after them.
func tiny(tags map[uint16]uint32, rest ...byte) []byte {
	o := binary.BigEndian
	b := []byte{'M', 'M', 0, 42, 0, 0, 0, 8}
	b = o.AppendUint16(b, uint16(len(tags)))
	for tag := range uint16(1000) {
		if v, ok := tags[tag]; ok {
			b = o.AppendUint16(o.AppendUint16(b, tag), typeLong)
			b = o.AppendUint32(o.AppendUint32(b, 1), v)
		}
	}
	return append(o.AppendUint32(b, 0), rest...)
}

// base are the tags of a picture of 2 × 2 bytes; nine tags of 12 bytes lie before it.
func base(changes map[uint16]uint32) map[uint16]uint32 {
	tags := map[uint16]uint32{tagWidth: 2, tagHeight: 2, tagBits: 8, tagCompression: 1, tagStripOffsets: 8 + 2 + 12*9 + 4, tagSamples: 1, tagRowsPerStrip: 2,
		tagStripBytes: 4, tagFillOrder: 1}
	for tag, v := range changes {
		tags[tag] = v
	}
	return tags
}

func TestHandMade(t *testing.T) {
	read := func(file []byte) ([]byte, error) {
		f, err := Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return nil, err
		}
		got := make([]byte, f.Page(0).Bytes())
		return got, f.Read(0, got)
	}
	for name, c := range map[string]struct {
		file []byte
		want []byte
	}{
		"plain":    {tiny(base(nil), 1, 2, 3, 4), []byte{1, 2, 3, 4}},
		"bits":     {tiny(base(map[uint16]uint32{tagBits: 1, tagStripBytes: 2}), 0x80, 0x40), []byte{1, 0, 0, 1}},
		"reversed": {tiny(base(map[uint16]uint32{tagBits: 1, tagStripBytes: 2, tagFillOrder: 2}), 0x01, 0x02), []byte{1, 0, 0, 1}},
		"packbits": {tiny(base(map[uint16]uint32{tagCompression: 32773, tagStripBytes: 5}), 0x80, 0xff, 9, 1, 5, 6), nil},
		"packed":   {tiny(base(map[uint16]uint32{tagCompression: 32773, tagStripBytes: 6}), 0x80, 0xff, 9, 1, 5, 6), []byte{9, 9, 5, 6}},
		"lzw":      {tiny(base(map[uint16]uint32{tagCompression: 5, tagStripBytes: 3}), 0x80, 0x40, 0x40), nil},
	} {
		got, err := read(c.file)
		if c.want == nil {
			if err == nil {
				t.Errorf("%s: no error, but %v", name, got)
			}
			continue
		}
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":       {nil, "too short"},
		"other":       {[]byte("something else than that"), "neither II nor MM"},
		"version":     {[]byte("II\x2b\x01\x08\x00\x00\x00"), "version"},
		"no page":     {[]byte("II\x2a\x00\x00\x00\x00\x00"), "no page"},
		"outside":     {[]byte("II\x2a\x00\xff\xff\xff\x7f"), "page 0 at offset 2147483647"},
		"cut":         {tiny(base(nil), 1, 2, 3), "4 bytes at offset 122 are outside"},
		"strip":       {tiny(base(map[uint16]uint32{tagStripOffsets: 1 << 30}), 1, 2, 3, 4), "outside of the file"},
		"few":         {tiny(base(map[uint16]uint32{tagStripBytes: 3}), 1, 2, 3, 4), "it has 3 bytes, and 2 rows take 4"},
		"rows":        {tiny(base(map[uint16]uint32{tagRowsPerStrip: 1}), 1, 2, 3, 4), "takes 2 of them, and the directory lists 1"},
		"no rows":     {tiny(base(map[uint16]uint32{tagRowsPerStrip: 0}), 1, 2, 3, 4), "strips or tiles of 0 × 2"},
		"no width":    {tiny(base(map[uint16]uint32{tagWidth: 0}), 1, 2, 3, 4), "a page of 2 × 0 pixels"},
		"huge":        {tiny(base(map[uint16]uint32{tagWidth: 1 << 31}), 1, 2, 3, 4), "sides of 1 to"},
		"bits 12":     {tiny(base(map[uint16]uint32{tagBits: 12}), 1, 2, 3, 4), "uint12"},
		"jpeg":        {tiny(base(map[uint16]uint32{tagCompression: 7}), 1, 2, 3, 4), "compression JPEG"},
		"many":        {tiny(base(map[uint16]uint32{tagSamples: 70000}), 1, 2, 3, 4), "70000 samples"},
		"fill":        {tiny(base(map[uint16]uint32{tagFillOrder: 1, tagCompression: 8}), 1, 2, 3, 4), "zlib"},
		"zstd":        {tiny(base(map[uint16]uint32{tagCompression: 50000}), 1, 2, 3, 4), "page 0 at offset 8: strip or tile 0 at offset 122"},
		"bomb":        {tiny(base(map[uint16]uint32{tagCompression: 8, tagWidth: 1 << 20, tagHeight: 1 << 8, tagRowsPerStrip: 1 << 8}), 1, 2, 3, 4), "too few"},
		"predictor":   {tiny(base(map[uint16]uint32{tagPredictor: 2}), 1, 2, 3, 4), "predictor 2"},
		"float":       {tiny(base(map[uint16]uint32{tagPredictor: 3, tagCompression: 8}), 1, 2, 3, 4), "predictor 3"},
		"ycbcr":       {tiny(base(map[uint16]uint32{tagPhotometric: 6}), 1, 2, 3, 4), "YCbCr"},
		"complex":     {tiny(base(map[uint16]uint32{tagSampleFormat: 6}), 1, 2, 3, 4), "complex"},
		"not unsaid":  {tiny(base(map[uint16]uint32{tagSampleFormat: 9}), 1, 2, 3, 4), "format 9"},
		"compression": {tiny(base(map[uint16]uint32{tagCompression: 65537}), 1, 2, 3, 4), "65537"},
	} {
		if _, err := read(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %s", name, err, c.want)
		}
	}
	loop := tiny(base(nil), 1, 2, 3, 4)
	binary.BigEndian.PutUint32(loop[8+2+12*9:], 8)
	if _, err := read(loop); err == nil || !strings.Contains(err.Error(), "earlier page") {
		t.Errorf("loop: got error %v", err)
	}
}

// TestLZW decodes what the specification's algorithm gives, written out as codes.
func TestLZW(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, alphabet := range []int{1, 2, 7, 256} {
		for _, n := range []int{1, 2, 500, 9000, 70000} {
			want := make([]byte, n)
			for i := range want {
				want[i] = byte(rng.IntN(alphabet))
			}
			got := make([]byte, n)
			packed := lzw(want)
			if err := unlzw(got, packed); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes of %d values: %v", n, alphabet, err)
			}
			if n > 2 {
				if err := unlzw(got, packed[:len(packed)/2]); err == nil {
					t.Fatal("half a stream is decoded")
				}
			}
			if most, _ := LZW.most(packed); most < n {
				t.Fatalf("%d bytes are held to be too few for %d", len(packed), n)
			}
		}
	}
	if err := unlzw(make([]byte, 4), []byte{0, 1, 2, 3}); err == nil || !strings.Contains(err.Error(), "TIFF 5.0") {
		t.Errorf("got error %v", err)
	}
}

// lzw encodes as section 13 of the specification describes.
func lzw(src []byte) []byte {
	var out []byte
	bits, have, width := uint32(0), 0, 9
	emit := func(code int) {
		bits, have = bits<<width|uint32(code), have+width
		for have >= 8 {
			have -= 8
			out = append(out, byte(bits>>have))
		}
	}
	table := make(map[string]int)
	next := lzwFirst
	emit(lzwClear)
	code := func(s string) int {
		if len(s) == 1 {
			return int(s[0])
		}
		return table[s]
	}
	s := ""
	for _, b := range src {
		longer := s + string([]byte{b})
		if len(longer) == 1 || table[longer] != 0 {
			s = longer
			continue
		}
		emit(code(s))
		table[longer] = next
		next++
		switch next {
		case 512, 1024, 2048: // after entry 511 …
			width++
		case 4095: // entry 4094 is in use
			emit(lzwClear)
			table, next, width = make(map[string]int), lzwFirst, 9
		}
		s = string([]byte{b})
	}
	if s != "" {
		emit(code(s))
		if next++; next == 1<<width && width < 12 {
			width++
		}
	}
	emit(lzwEnd)
	return append(out, byte(bits<<(8-have)))
}

// FuzzTIFF reads all pages of anything, twice alike.
func FuzzTIFF(f *testing.F) {
	for i, p := range kinds {
		p.Height, p.Width, p.Samples = 3, 5, 1+i%4
		for _, o := range []WriteOptions{{}, {Compression: Deflate, Predictor: true}, {Compression: Zstd, Big: true}} {
			data := make([]byte, 2*p.Bytes())
			for j := range data {
				data[j] = byte(j)
			}
			f.Add(write(f, p, 2, &o, data, 1000))
		}
	}
	f.Add(tiny(base(map[uint16]uint32{tagCompression: 32773, tagStripBytes: 6}), 0x80, 0xff, 9, 1, 5, 6))
	f.Add(tiny(base(map[uint16]uint32{tagCompression: 5}), lzw([]byte{1, 1, 1, 2})...))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		for i := range min(a.Len(), 8) {
			p := a.Page(i)
			if p.Bytes() > 1<<16 || p.Height > 64 {
				continue
			}
			x, y := make([]byte, p.Bytes()), make([]byte, p.Bytes())
			errX := a.Read(i, x)
			row := len(x) / p.Height
			var errY error
			for r := range p.Height {
				if err := a.ReadRows(i, r, 1, y[r*row:(r+1)*row]); err != nil {
					errY = err
				}
			}
			if (errX == nil) != (errY == nil) || errX == nil && !bytes.Equal(x, y) {
				t.Fatal(fmt.Sprint("page ", i, ": rows differ from the whole: ", errX, errY))
			}
		}
	})
}
