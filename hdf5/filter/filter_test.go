package filter_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/hdf5/filter"
	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/blosc"
	"github.com/dosna/dosna/internal/compress/bzip2"
	"github.com/dosna/dosna/internal/compress/checksum"
	"github.com/dosna/dosna/internal/compress/compresstest"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/lz4"
	"github.com/dosna/dosna/internal/compress/shuffle"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// sample is a filter and how its input is made.
type sample struct {
	name   string
	spec   filter.Spec
	encode func(t testing.TB, plain []byte) []byte
	sums   bool // what is altered is noticed
}

func must(t testing.TB) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

// inBlocks is the container of the filters lz4 and bitshuffle.
func inBlocks(plain []byte, block, whole int, encode func([]byte) []byte) []byte {
	out := binary.BigEndian.AppendUint64(nil, uint64(len(plain)))
	out = binary.BigEndian.AppendUint32(out, uint32(block))
	for len(plain) > 0 {
		n := min(block, len(plain)) / whole * whole
		if n == 0 {
			return append(out, plain...)
		}
		coded := encode(plain[:n])
		if whole == 1 && len(coded) >= n {
			coded = plain[:n]
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(coded)))
		out = append(out, coded...)
		plain = plain[n:]
	}
	return out
}

// literals is LZF without a match.
func literals(plain []byte) []byte {
	var out []byte
	for part := range slices.Chunk(plain, 32) {
		out = append(append(out, byte(len(part)-1)), part...)
	}
	return out
}

var samples = []sample{
	{"deflate", filter.Spec{ID: filter.Deflate}, func(t testing.TB, p []byte) []byte { return must(t)(deflate.Zlib.Encode(nil, p, 6)) }, true},
	{"shuffle", filter.Spec{ID: filter.Shuffle, Values: []uint32{4}}, func(_ testing.TB, p []byte) []byte {
		out := bytes.Clone(p)
		n := len(p) / 4 * 4
		shuffle.Bytes(out[:n], p[:n], 4)
		return out
	}, false},
	{"fletcher32", filter.Spec{ID: filter.Fletcher32}, func(_ testing.TB, p []byte) []byte {
		return binary.LittleEndian.AppendUint32(bytes.Clone(p), checksum.Fletcher32(p))
	}, true},
	{"bzip2", filter.Spec{ID: filter.Bzip2, Values: []uint32{9}}, func(t testing.TB, p []byte) []byte { return must(t)(bzip2.Encode(nil, p, 9)) }, true},
	{"zstd", filter.Spec{ID: filter.Zstd}, func(t testing.TB, p []byte) []byte { return must(t)(zstd.Encode(nil, p, 3, false)) }, false},
	{"blosc", filter.Spec{ID: filter.Blosc}, func(t testing.TB, p []byte) []byte {
		return must(t)(blosc.Encode(nil, p, blosc.Options{Level: 5, TypeSize: 4, Filter: blosc.Shuffle}))
	}, false},
	{"lzf", filter.Spec{ID: filter.LZF}, func(_ testing.TB, p []byte) []byte { return literals(p) }, false},
	{"lz4", filter.Spec{ID: filter.LZ4}, func(t testing.TB, p []byte) []byte {
		return inBlocks(p, 1000, 1, func(b []byte) []byte { return must(t)(lz4.Encode(nil, b, 1)) })
	}, false},
	{"bitshuffle", filter.Spec{ID: filter.Bitshuffle, Values: []uint32{0, 3, 4, 0, 2}}, func(t testing.TB, p []byte) []byte {
		return inBlocks(p, 1024, 32, func(b []byte) []byte {
			planes := make([]byte, len(b))
			shuffle.Bits(planes, b, 4)
			return must(t)(lz4.Encode(nil, planes, 1))
		})
	}, false},
}

func TestDecode(t *testing.T) {
	for _, s := range samples {
		p := filter.Bind([]filter.Spec{s.spec})
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		for name, plain := range compresstest.Inputs() {
			if s.name == "bzip2" && len(plain) > 100_000 {
				continue // it is slow
			}
			coded := s.encode(t, plain)
			got, err := p.Decode(nil, coded, 0, len(plain))
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s, %s: %d bytes, want %d: %v", s.name, name, len(got), len(plain), err)
			}
			if got, err = p.Decode(nil, plain, 1, len(plain)); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s, %s, left out: %v", s.name, name, err)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	plain := compresstest.Smooth(5000)
	for _, s := range samples {
		coded := s.encode(t, plain)
		p := filter.Bind([]filter.Spec{s.spec})
		for i := range 300 {
			bad := bytes.Clone(coded)
			if i%2 == 0 {
				bad = bad[:i*len(bad)/300]
			} else {
				bad[i*7919%len(bad)] ^= byte(i) | 1
			}
			got, err := p.Decode(nil, bad, 0, len(plain))
			switch {
			case err == nil && (s.sums || i%2 == 0) && !bytes.Equal(got, plain):
				t.Errorf("%s: alteration %d goes unnoticed", s.name, i)
			case err != nil && !errors.Is(err, compress.ErrCorrupt) && !errors.Is(err, compress.ErrTooLarge):
				t.Errorf("%s: %v", s.name, err)
			}
		}
		if _, err := p.Decode(nil, coded, 0, len(plain)-1); err == nil {
			t.Errorf("%s: more bytes than there is room for", s.name)
		}
	}
}

// What is known of a filter is said.
func TestUnknown(t *testing.T) {
	for _, c := range []struct {
		spec filter.Spec
		says string
	}{
		{filter.Spec{ID: 32013, Name: "H5Z-ZFP"}, "ZFP"},
		{filter.Spec{ID: 40000, Name: "our own"}, `"our own" (number 40000)`},
		{filter.Spec{ID: 40000}, "40000"},
		{filter.Spec{ID: filter.Shuffle}, "shuffle"},
		{filter.Spec{ID: filter.Szip, Values: []uint32{1, 2}}, "szip"},
		{filter.Spec{ID: filter.Nbit, Values: []uint32{8, 0, 10, 1, 4, 0, 40, 0}}, "nbit"},
	} {
		p := filter.Bind([]filter.Spec{c.spec})
		err := p.Check()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.spec, err)
		}
		if _, err2 := p.Decode(nil, []byte{1}, 0, 1); err2 == nil || c.spec.ID >= 32000 && !errors.Is(err2, filter.ErrUnknown) {
			t.Errorf("%v: %v", c.spec, err2)
		}
		if got, err := p.Decode(nil, []byte{1}, 1, 1); err != nil || len(got) != 1 {
			t.Errorf("%v, left out: %v", c.spec, err)
		}
	}
}

// Release 1.6.2 stored the bytes of both halves of the sum in the other order.
func TestOldFletcher32(t *testing.T) {
	plain := []byte("some bytes of data")
	sum := checksum.Fletcher32(plain)
	coded := append(bytes.Clone(plain), byte(sum>>8), byte(sum), byte(sum>>24), byte(sum>>16))
	if got, err := filter.Bind([]filter.Spec{{ID: filter.Fletcher32}}).Decode(nil, coded, 0, len(plain)); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestKnown(t *testing.T) {
	for _, c := range []struct {
		name  string
		spec  filter.Spec
		coded []byte
		want  []byte
	}{
		{"lzf", filter.Spec{ID: filter.LZF}, []byte{2, 'a', 'b', 'c', 0x80, 2, 0xe0, 3, 8}, []byte("abcabcabcabcabcabcabc")},
		{"nbit", filter.Spec{ID: filter.Nbit, Values: []uint32{8, 0, 3, 1, 2, 0, 5, 2}}, []byte{0b10000_000, 0b01_11111_0}, []byte{0x40, 0, 4, 0, 0x7c, 0}},
		{"scaleoffset", filter.Spec{ID: filter.ScaleOffset, Values: []uint32{2, 0, 3, 0, 2, 1, 1, 0}},
			append([]byte{4, 0, 0, 0, 8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, append(make([]byte, 8), 0x02, 0xf0)...), []byte{0xff, 0xfe, 0, 0, 0, 13}},
	} {
		got, err := filter.Bind([]filter.Spec{c.spec}).Decode(nil, c.coded, 0, len(c.want))
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q: %v", c.name, got, c.want, err)
		}
	}
}

// Values and bytes of any kind give an error or as many bytes as were expected.
func FuzzDecode(f *testing.F) {
	plain := compresstest.Smooth(400)
	for _, s := range samples {
		var values []byte
		for _, v := range s.spec.Values {
			values = binary.LittleEndian.AppendUint32(values, v)
		}
		f.Add(uint16(s.spec.ID), values, s.encode(f, plain), uint16(len(plain)))
	}
	words := func(list ...uint32) (out []byte) {
		for _, v := range list {
			out = binary.LittleEndian.AppendUint32(out, v)
		}
		return out
	}
	f.Add(uint16(filter.Szip), words(32, 8, 16, 32), []byte{128, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc}, uint16(128))
	f.Add(uint16(filter.Nbit), words(20, 0, 10, 3, 8, 2, 0, 1, 4, 0, 9, 3, 4, 2, 4, 4, 1), bytes.Repeat([]byte{0x5a}, 100), uint16(80))
	f.Add(uint16(filter.ScaleOffset), words(0, 2, 10, 1, 8, 1, 0, 1, 5, 6), bytes.Repeat([]byte{7}, 100), uint16(80))
	f.Add(uint16(filter.Blosc2), []byte{}, append([]byte("\x9e\xa8b2frame\x00\xd2\x00\x00\x00\x61"), make([]byte, 120)...), uint16(80))
	f.Fuzz(func(t *testing.T, id uint16, values, src []byte, size uint16) {
		spec := filter.Spec{ID: int(id)}
		for ; len(values) >= 4; values = values[4:] {
			spec.Values = append(spec.Values, binary.LittleEndian.Uint32(values))
		}
		got, err := filter.Bind([]filter.Spec{spec}).Decode(nil, src, 0, int(size))
		if err == nil && len(got) != int(size) {
			t.Errorf("%d bytes, want %d", len(got), size)
		}
	})
}
