package dosna_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// everyLayout is the ways in which datasets are stored that can be asked for in words.
func everyLayout() map[string]dosna.DatasetSpec {
	all := map[string]dosna.DatasetSpec{}
	for _, name := range []string{"zstd:3", "zstd:19", "gzip:6", "blosc:lz4:5:shuffle", "blosc:zstd:5:bitshuffle", "blosc:blosclz:9:noshuffle", "blosc:zlib:5:shuffle", "none"} {
		for _, checksum := range []string{"crc32c", "none"} {
			for kind, shards := range map[string][]int{"chunks": nil, "shards": {6, 6}} {
				all[strings.Join([]string{name, checksum, kind}, " ")] = dosna.DatasetSpec{
					Shape: []int{6, 5}, Type: dtype.Uint16, Chunks: []int{3, 3}, Shards: shards, Codec: name, Checksum: checksum, Fill: 3,
				}
			}
		}
	}
	return all
}

// damaged reads a dataset in every way, over an object that is damaged. What comes
// is the damage with the key, or, where no checksum tells, elements; nothing is
// written beyond the memory that was given.
func damaged(t *testing.T, what string, d *dosna.Dataset, key string, checked bool) {
	t.Helper()
	k, err := d.Chunk(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	buf := bytes.Repeat([]byte{0xa5}, d.Bytes()+64)
	dst := buf[32 : 32+d.Bytes()]
	small := selection(t, "1:5:3, ::2") // parts of several chunks
	n := 2 * 3 * d.Type().Size()
	lazy := d.With(dosna.Options{Verify: dosna.VerifyLazy, Engine: engine.CPU()})
	for call, err := range map[string]error{
		"read":           d.ReadRaw(ctx, nd.Selection{}, dst),
		"read a part":    d.ReadRaw(ctx, small, dst[:n]),
		"read lazily":    lazy.ReadRaw(ctx, nd.Selection{}, dst),
		"a part, lazily": lazy.ReadRaw(ctx, small, dst[:n]),
		"verify":         k.Verify(ctx),
	} {
		mayPass := !checked || strings.HasSuffix(call, "lazily") || call == "read a part"
		switch {
		case err == nil && !mayPass:
			t.Errorf("%s: %s: no error", what, call)
		case err != nil && (!errors.Is(err, dosna.ErrCorrupt) || !strings.Contains(err.Error(), key)):
			t.Errorf("%s: %s: %v", what, call, err)
		}
	}
	if slices.ContainsFunc(buf[:32], func(b byte) bool { return b != 0xa5 }) || slices.ContainsFunc(buf[32+d.Bytes():], func(b byte) bool { return b != 0xa5 }) {
		t.Fatalf("%s: written beyond the memory that was given", what)
	}
}

// TestDamageInEveryLayout flips every bit of a small stored object in turn, cuts it
// at every length, and adds to it.
func TestDamageInEveryLayout(t *testing.T) {
	for name, spec := range everyLayout() {
		t.Run(name, func(t *testing.T) {
			s := memstore.New()
			c := open(t, s, dosna.Options{Engine: engine.CPU()})
			d, err := c.CreateDataset(ctx, "x", spec)
			if err != nil {
				t.Fatal(err)
			}
			values := make([]uint16, 30)
			for i := range values {
				values[i] = uint16(i / 4 * 1000)
			}
			if err := dosna.Write(ctx, d, nd.Selection{}, values); err != nil {
				t.Fatal(err)
			}
			const key = "x/c/0/0"
			good, _, err := s.Get(ctx, key, store.GetOptions{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			try := func(what string, object []byte) {
				if _, err := s.Put(ctx, key, [][]byte{object}, store.Cond{}); err != nil {
					t.Fatal(err)
				}
				damaged(t, what, d, key, d.Checked())
			}
			step := 1
			if testing.Short() {
				step = 7
			}
			for bit := 0; bit < 8*len(good); bit += step {
				bad := slices.Clone(good)
				bad[bit/8] ^= 1 << (bit % 8)
				try("a bit flipped", bad)
			}
			for n := 0; n < len(good); n += step {
				try("cut", good[:n])
			}
			for _, more := range [][]byte{{0}, bytes.Repeat([]byte{0xff}, 100)} {
				try("longer", append(slices.Clone(good), more...))
			}
			if spec.Shards == nil { // else the index at the end is right, and nothing is wrong
				try("twice", append(slices.Clone(good), good...))
			}
			if _, err := s.Put(ctx, key, [][]byte{good}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			if got, err := dosna.ReadAll[uint16](ctx, d, nd.Selection{}); err != nil || !slices.Equal(got, values) {
				t.Errorf("whole again it reads %v, %v", got, err)
			}
		})
	}
}

// TestShardIndexPointsAnywhere writes indexes, which no checksum guards, that
// point outside the shard, into the index, and where sums overflow.
func TestShardIndexPointsAnywhere(t *testing.T) {
	for name, spec := range map[string]string{"raw": `["bytes"]`, "gzip": `["bytes", {"name": "gzip", "configuration": {"level": 1}}]`, "crc32c": `["bytes", "crc32c"]`} {
		for _, place := range []string{"start", "end"} {
			t.Run(name+" "+place, func(t *testing.T) {
				sharding := codec.Spec{Name: "sharding_indexed", Config: []byte(`{"chunk_shape": [2, 2], "codecs": ` + spec +
					`, "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}], "index_location": "` + place + `"}`)}
				s := memstore.New()
				c := open(t, s, dosna.Options{Engine: engine.CPU()})
				d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{6, 5}, Type: dtype.Uint8, Chunks: []int{6, 6}, Codecs: []codec.Spec{sharding}})
				if err != nil {
					t.Fatal(err)
				}
				write(t, d, "...", 7)
				const key = "x/c/0/0"
				good, _, err := s.Get(ctx, key, store.GetOptions{}, nil)
				if err != nil {
					t.Fatal(err)
				}
				index := 0
				if place == "end" {
					index = len(good) - 9*16
				}
				size := uint64(len(good))
				odd := []uint64{0, 1, 3, 4, 5, size - 1, size, size + 1, uint64(index), 1 << 31, 1 << 32, 1 << 62, math.MaxInt64, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}
				for entry := range 9 {
					if entry%4 != 0 {
						continue
					}
					for _, off := range odd {
						for _, n := range odd {
							bad := slices.Clone(good)
							binary.LittleEndian.PutUint64(bad[index+16*entry:], off)
							binary.LittleEndian.PutUint64(bad[index+16*entry+8:], n)
							if _, err := s.Put(ctx, key, [][]byte{bad}, store.Cond{}); err != nil {
								t.Fatal(err)
							}
							damaged(t, "index", d, key, false)
							err := dosna.Write(ctx, d, selection(t, "1, 1"), []uint8{9})
							if err != nil && !errors.Is(err, dosna.ErrCorrupt) {
								t.Errorf("entry %d is %d, %d: write: %v", entry, off, n, err)
							}
						}
					}
				}
			})
		}
	}
}

// TestBombsThroughTheAPI puts objects that decode to 64 MiB in the place of chunks of
// a few bytes, and asks for one of their elements.
func TestBombsThroughTheAPI(t *testing.T) {
	for _, name := range []string{"zstd:3", "gzip:6", "blosc:lz4:5:shuffle", "blosc:zstd:5:noshuffle"} {
		t.Run(name, func(t *testing.T) {
			s := memstore.New()
			c := open(t, s, dosna.Options{})
			const n = 64 << 20
			big, err := c.CreateDataset(ctx, "big", dosna.DatasetSpec{Shape: []int{n}, Type: dtype.Uint8, Chunks: []int{n}, Codec: name, Checksum: "none"})
			if err != nil {
				t.Fatal(err)
			}
			write(t, big, ":", 1)
			bomb, _, err := s.Get(ctx, "big/c/0", store.GetOptions{}, nil)
			if err != nil || len(bomb) > n/20 {
				t.Fatal(len(bomb), err)
			}
			for kind, shards := range map[string][]int{"chunks": nil, "shards": {40}} {
				d, err := c.CreateDataset(ctx, kind, dosna.DatasetSpec{Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}, Shards: shards, Codec: name, Checksum: "none"})
				if err != nil {
					t.Fatal(err)
				}
				if shards != nil { // an index that says that the first chunk is the bomb
					object := slices.Clone(bomb)
					index := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 0), uint64(len(bomb)))
					index = append(index, bytes.Repeat([]byte{0xff}, 3*16)...)
					index = binary.LittleEndian.AppendUint32(index, crc32.Checksum(index, crc32.MakeTable(crc32.Castagnoli)))
					bomb = append(object, index...)
				}
				if _, err := s.Put(ctx, kind+"/c/0", [][]byte{bomb}, store.Cond{}); err != nil {
					t.Fatal(err)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for call, err := range map[string]error{
					"read":   d.ReadRaw(ctx, selection(t, "3"), make([]byte, 1)),
					"write":  dosna.Write(ctx, d, selection(t, "3"), []uint8{5}),
					"verify": func() error { k, _ := d.Chunk(0); return k.Verify(ctx) }(),
				} {
					if !errors.Is(err, dosna.ErrCorrupt) || !strings.Contains(err.Error(), kind+"/c/0") {
						t.Errorf("%s: %s: %v", kind, call, err)
					}
				}
				runtime.ReadMemStats(&after)
				if got := after.TotalAlloc - before.TotalAlloc; got > n/4+3*uint64(len(bomb)) {
					t.Errorf("%s: %d KiB were allocated", kind, got>>10)
				}
			}
		})
	}
}
