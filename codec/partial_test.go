package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

const (
	zstdSum   = `{"name":"zstd","configuration":{"level":1,"checksum":true}}`
	bloscFine = `{"name":"blosc","configuration":{"cname":"lz4","clevel":5,"shuffle":"shuffle","typesize":4,"blocksize":4096}}`
)

// Chunks of many compressed blocks give every box, whatever of them is decoded.
func TestPartialDecoding(t *testing.T) {
	from := volume()
	for _, text := range []string{
		"[" + little + "," + zstd + "]", "[" + big + "," + zstd + "," + crc + "]", "[" + little + "," + zstdSum + "]",
		"[" + little + "," + bloscFine + "]", "[" + big + "," + bloscFine + "," + crc + "]",
		`[{"name":"transpose","configuration":{"order":[2,0,1]}},` + little + "," + zstd + "]",
		"[" + shard("[64,64,32]", "["+little+","+bloscFine+"]", "end") + "]",
		"[" + little + "," + crc + "," + zstd + "]", "[" + little + "," + zstd + "," + gzip + "]",
	} {
		c := mustBind(t, text, cube, dtype.Float32)
		stored, err := c.Encode(nil, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*codec.Chain{c, c.Lazy()} {
			rapid.Check(t, func(t *rapid.T) {
				box := drawBox(t, cube)
				if rapid.Bool().Draw(t, "first") {
					box.Start[0], box.Shape[0] = 0, min(box.Shape[0], 4)
				}
				out, want := make([]byte, box.Size()*4), make([]byte, box.Size()*4)
				nd.Copy(nd.NewView(want, box.Shape, 4), from.Sub(box))
				if err := c.Read(t.Context(), codec.Bytes(stored), box, nd.NewView(out, box.Shape, 4)); err != nil {
					t.Fatalf("%s: %s: %v", text, box, err)
				}
				if !bytes.Equal(out, want) {
					t.Fatalf("%s: %s: other elements", text, box)
				}
			})
		}
	}
}

// What is left undecoded is unchecked only where nothing checks it anyway: an
// alteration behind the box is found by every checksum but zstd's own, and by
// that unless the chain is lazy. A chunk of another size is always found.
func TestPartialDecodingOfDamage(t *testing.T) {
	from := volume()
	elem := nd.NewView(make([]byte, 4), []int{1, 1, 1}, 4)
	first := nd.Box{Start: []int{0, 0, 1}, Shape: []int{1, 1, 1}}
	for _, test := range []struct {
		specs       string
		found, lazy bool // whether an alteration of the last block is
	}{
		{"[" + little + "," + zstd + "]", false, false},
		{"[" + little + "," + zstdSum + "]", true, false},
		{"[" + little + "," + zstd + "," + crc + "]", true, true},
		{"[" + little + "," + bloscFine + "]", false, false},
		{"[" + little + "," + bloscFine + "," + crc + "]", true, true},
		{"[" + little + "," + gzip + "]", true, true},
	} {
		c := mustBind(t, test.specs, cube, dtype.Float32)
		stored, err := c.Encode(nil, from)
		if err != nil {
			t.Fatal(err)
		}
		stored[len(stored)-20] ^= 0x55
		for lazy, reader := range map[bool]*codec.Chain{false: c, true: c.Lazy()} {
			want := test.found
			if lazy {
				want = test.lazy
			}
			err := reader.Read(t.Context(), codec.Bytes(stored), first, elem)
			if (err != nil) != want || err != nil && !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("%s, lazy %t: %v", test.specs, lazy, err)
			}
			if err == nil && !bytes.Equal(elem.Data, from.Data[4:8]) {
				t.Errorf("%s, lazy %t: element % x", test.specs, lazy, elem.Data)
			}
		}
	}
	for _, text := range []string{"[" + little + "," + zstd + "]", "[" + little + "," + bloscFine + "]"} {
		c := mustBind(t, text, cube, dtype.Float32)
		for _, shape := range [][]int{{65, 64, 64}, {63, 64, 64}} {
			other := mustBind(t, text, shape, dtype.Float32)
			data := binary.NativeEndian.AppendUint32(nil, 5)
			stored, err := other.Encode(nil, nd.NewView(bytes.Repeat(data, nd.Full(shape).Size()), shape, 4))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Read(t.Context(), codec.Bytes(stored), first, elem); !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("%s: an element of a chunk of %v: %v", text, shape, err)
			}
		}
	}
}
