package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// FuzzSpec binds whatever metadata says to a small chunk. What is accepted
// encodes and decodes.
func FuzzSpec(f *testing.F) {
	in := codec.Chunk{Shape: []int{4, 6}, Type: dtype.Uint16, Fill: []byte{1, 0}}
	for _, text := range chains {
		raw, err := json.Marshal(chainSpecs(f, text, in, dtype.Little))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint8(3))
	}
	for _, text := range filterTexts {
		f.Add([]byte(text), uint8(2))
		f.Add([]byte(text), uint8(10))
	}
	f.Fuzz(func(t *testing.T, raw []byte, kind uint8) {
		var list []codec.Spec
		if err := json.Unmarshal(raw, &list); err != nil {
			return
		}
		types := dtype.All()
		in := codec.Chunk{Shape: []int{4, 6}, Type: types[int(kind)%len(types)]}
		in.Fill = in.Type.Zero()
		c, err := codec.Bind(list, in)
		if err != nil {
			return
		}
		data := make([]byte, 24*in.Type.Size())
		for i := range data {
			data[i] = byte(i / 5 % 2)
		}
		stored, err := c.Encode(nil, nd.NewView(data, in.Shape, in.Type.Size()))
		filters := slices.ContainsFunc(filterNames, func(name string) bool { return bytes.Contains(raw, []byte(name)) })
		if err != nil {
			if bytes.Contains(raw, []byte("snappy")) || filters && strings.Contains(err.Error(), "does not fit") {
				return // it is only read, or such elements cannot be stored so
			}
			t.Fatal(err)
		}
		if len(stored) > c.MaxStored() {
			t.Fatalf("%d bytes, and MaxStored is %d", len(stored), c.MaxStored())
		}
		out := make([]byte, len(data))
		if err := c.Read(t.Context(), file(stored), nd.Full(in.Shape), nd.NewView(out, in.Shape, in.Type.Size())); err != nil {
			if filters && strings.Contains(err.Error(), "does not fit") {
				return // what filters lose may take elements beyond what the type has
			}
			t.Fatal(err)
		}
		if !bytes.Equal(data, out) && !filters {
			t.Fatal("other elements come back")
		}
		again, err := json.Marshal(c.Specs())
		if err != nil {
			t.Fatal(err)
		}
		var back []codec.Spec
		if err := json.Unmarshal(again, &back); err != nil {
			t.Fatal(err)
		}
		if _, err := codec.Bind(back, in); err != nil {
			t.Fatalf("%s becomes %s: %v", raw, again, err)
		}
	})
}

// filterNames are of filters that may lose something.
var filterNames = []string{"cast_value", "scale_offset", "numcodecs.astype", "numcodecs.delta", "numcodecs.fixedscaleoffset", "numcodecs.quantize", "bitround", "packbits"}

var filterTexts = []string{
	`[{"name":"numcodecs.delta","configuration":{"dtype":"<u2","astype":"|i1"}},` + little + `]`,
	`[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":1,"scale":0.5,"astype":"<i4"}},` + little + `,"numcodecs.lz4"]`,
	`[{"name":"numcodecs.quantize","configuration":{"digits":3,"astype":"<f4"}},` + little + `,"numcodecs.crc32"]`,
	`[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<f4"}},` + little + `,"numcodecs.bz2"]`,
	`[{"name":"bitround","configuration":{"keepbits":3}},` + little + `,"numcodecs.shuffle","numcodecs.zlib"]`,
	`[{"name":"packbits","configuration":{"padding_encoding":"last_byte","first_bit":1,"last_bit":6}}]`,
	`["numcodecs.packbits","bytes"]`,
	`[{"name":"scale_offset","configuration":{"offset":5,"scale":-3}},` + little + `]`,
	`[{"name":"cast_value","configuration":{"data_type":"int4","rounding":"nearest-away","out_of_range":"wrap","scalar_map":{"encode":[[1,2]],"decode":[[2,1]]}}},"packbits"]`,
}

// families are chains without a checksum where there can be one, so that
// altered bytes get far.
var families = []string{
	"[" + big + "]",
	"[" + little + "," + crc + "]",
	"[" + little + "," + gzip + "]",
	"[" + little + "," + zstd + "]",
	"[" + little + "," + blosc + "]",
	"[" + unindexed("[2,3]", little, "end") + "]",
	"[" + unindexed("[4,1]", big+","+zstd, "start") + "]",
	"[" + unindexed("[2,6]", unindexed("[2,2]", little+","+crc, "end"), "start") + "]",
	"[" + unindexed("[2,2]", unindexed("[1,2]", little, "end"), "end") + "]",
	"[" + little + `,"numcodecs.zlib"]`,
	"[" + little + `,"numcodecs.bz2"]`,
	"[" + little + `,"numcodecs.lz4"]`,
	"[" + little + `,"numcodecs.shuffle","numcodecs.zlib"]`,
	"[" + big + `,"numcodecs.crc32"]`,
	"[" + little + `,"numcodecs.fletcher32","numcodecs.adler32","numcodecs.jenkins_lookup3"]`,
	`["numcodecs.delta",` + big + "]",
	`[{"name":"numcodecs.delta","configuration":{"astype":"<i8"}},` + little + "]",
	`[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<f8"}},` + little + "]",
	`[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<i8"}},` + unindexed("[2,2]", little, "end") + "]",
	`[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":100.0,"scale":2.0,"astype":"<i8"}},` + big + "]",
	`[{"name":"packbits","configuration":{"padding_encoding":"first_byte"}}]`,
	`[{"name":"scale_offset","configuration":{"offset":-7,"scale":2}},` + big + "]",
	`[{"name":"cast_value","configuration":{"data_type":"int64"}},` + unindexed("[2,2]", little, "end") + "]",
	"[" + unindexed("[2,2]", `"numcodecs.delta",`+little, "end") + "]",
}

// unindexed returns the spec of shards whose index has no checksum.
func unindexed(shape, codecs, location string) string {
	return `{"name":"sharding_indexed","configuration":{"chunk_shape":` + shape + `,"codecs":[` + codecs +
		`],"index_codecs":[` + little + `],"index_location":"` + location + `"}}`
}

// FuzzRead decodes any bytes by a chain of each family.
func FuzzRead(f *testing.F) {
	shape := []int{4, 6}
	full, box := nd.Full(shape), nd.Box{Start: []int{1, 2}, Shape: []int{2, 3}}
	bound := make([]*codec.Chain, len(families))
	for i, text := range families {
		bound[i] = mustBind(f, text, shape, dtype.Int32)
		for _, fill := range []byte{0, 1} {
			data := make([]byte, 96)
			for j := range data {
				data[j] = byte(j/7) * fill
			}
			data[0] = 1
			stored, err := bound[i].Encode(nil, nd.NewView(data, shape, 4))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(stored, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, stored []byte, kind uint8) {
		c := bound[int(kind)%len(bound)]
		before := slices.Clone(stored)
		all, part := make([]byte, 96), make([]byte, 24)
		var outcome [2]bool
		for i, src := range []codec.Source{codec.Bytes(stored), file(stored)} {
			check := c.Check(t.Context(), src)
			read := c.Read(t.Context(), src, full, nd.NewView(all, shape, 4))
			some := c.Read(t.Context(), src, box, nd.NewView(part, box.Shape, 4))
			p, patch := c.Patch(t.Context(), src, box, nd.NewView(part, box.Shape, 4))
			for _, err := range []error{check, read, some, patch} {
				if err != nil && !errors.Is(err, codec.ErrCorrupt) {
					t.Fatalf("an error that is not ErrCorrupt: %v", err)
				}
			}
			if (check == nil) != (read == nil) {
				t.Fatalf("check: %v; read: %v", check, read)
			}
			outcome[i] = read == nil
			if read == nil {
				want := make([]byte, 24)
				nd.Copy(nd.NewView(want, box.Shape, 4), nd.NewView(all, shape, 4).Sub(box))
				if some != nil || patch != nil || !bytes.Equal(part, want) {
					t.Fatalf("a box of what can be read: %v, other elements than of all of it: %t; patch: %v", some, !bytes.Equal(part, want), patch)
				}
			}
			if patch == nil {
				p.Release()
			}
		}
		if outcome[0] != outcome[1] {
			t.Fatalf("in memory it can be read: %t, by ranges: %t", outcome[0], outcome[1])
		}
		if !bytes.Equal(before, stored) {
			t.Fatal("the stored bytes were altered")
		}
	})
}

func FuzzParseSpecs(f *testing.F) {
	for _, text := range []string{"zstd:3", "gzip", "blosc:lz4:5:shuffle", "none", "", "zstd:-5", ":::", "delta+shuffle+bz2:9", "quantize:3+zlib:-1",
		"fixedscaleoffset:100:0.5:u2+lz4", "bitround:5+blosc", "astype:f4", "packbits+crc32", "scale_offset:5:2+cast_value:u1:towards-zero:clamp", "scale_offset:1000"} {
		f.Add(text, uint8(5))
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		types := dtype.All()
		typ := types[int(kind)%len(types)]
		list, err := codec.ParseSpecs(text, "crc32c", typ, dtype.Little)
		if err != nil {
			return
		}
		_, err = codec.Bind(list, codec.Chunk{Shape: []int{4}, Type: typ, Fill: typ.Zero()})
		if err != nil && !strings.Contains(err.Error(), "the fill value") { // which may have to be another one
			t.Fatalf("%q: %v", text, err)
		}
	})
}
