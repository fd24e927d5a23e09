package codec_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	bloscchunk "github.com/dosna/dosna/internal/compress/blosc"
	zstdframe "github.com/dosna/dosna/internal/compress/zstd"
	"github.com/dosna/dosna/nd"
)

// bombs are small, and decode to much more than the chunks of the tests have.
func bombs(t *testing.T) map[string][]byte {
	const size = 64 << 20
	zeros := make([]byte, size)
	var zipped bytes.Buffer
	w := stdgzip.NewWriter(&zipped)
	if _, err := w.Write(zeros); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	stated, err := zstdframe.Encode(nil, zeros, 3, false)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{
		"gzip": zipped.Bytes(), "gzip members": bytes.Repeat(zipped.Bytes(), 4),
		"zstd": stated, "zstd frames": bytes.Repeat(stated, 8),
	}
	// A frame that does not say how large it is, of blocks that repeat one byte.
	unstated := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x70} // window descriptor: 16 MiB
	const block = 128 << 10
	for i := range size / block {
		last := uint32(0)
		if i == size/block-1 {
			last = 1
		}
		unstated = append(unstated, 0, 0, 0, 'x')
		header := last | 1<<1 | block<<3
		unstated[len(unstated)-4], unstated[len(unstated)-3], unstated[len(unstated)-2] = byte(header), byte(header>>8), byte(header>>16)
	}
	out["zstd of unstated size"] = unstated
	for _, c := range []bloscchunk.Compressor{bloscchunk.BloscLZ, bloscchunk.LZ4, bloscchunk.Zlib, bloscchunk.Zstd} {
		chunk, err := bloscchunk.Encode(nil, zeros, bloscchunk.Options{Compressor: c, Level: 5, Filter: bloscchunk.Shuffle, TypeSize: 4})
		if err != nil {
			t.Fatal(err)
		}
		out["blosc "+c.String()] = chunk
		lying := bytes.Clone(chunk)
		binary.LittleEndian.PutUint32(lying[4:], 1<<31-1-16)
		out["blosc "+c.String()+" that lies"] = lying
	}
	return out
}

// What would decode to far more than a chunk is refused for less memory than that:
// alone, and as an inner chunk of a shard.
func TestBombs(t *testing.T) {
	shape := []int{64, 64}
	all := bombs(t)
	for _, codecText := range []string{gzip, zstd, zstdSum, blosc} {
		for name, bomb := range all {
			alone := mustBind(t, "["+little+","+codecText+"]", []int{64, 64}, dtype.Float32)
			sharded := mustBind(t, "["+unindexed("[32,64]", little+","+codecText, "end")+"]", shape, dtype.Float32)
			index := binary.LittleEndian.AppendUint64(nil, 0)
			index = binary.LittleEndian.AppendUint64(index, uint64(len(bomb)))
			index = append(index, bytes.Repeat([]byte{255}, 16)...)
			for where, c := range map[string]struct {
				chain *codec.Chain
				data  []byte
			}{"alone": {alone, bomb}, "in a shard": {sharded, append(bytes.Clone(bomb), index...)}} {
				out := nd.NewView(make([]byte, 64*64*4), shape, 4)
				corner := nd.Box{Start: []int{0, 0}, Shape: []int{1, 1}}
				for what, f := range map[string]func() error{
					"check": func() error { return c.chain.Check(t.Context(), file(c.data)) },
					"read":  func() error { return c.chain.Read(t.Context(), codec.Bytes(c.data), nd.Full(shape), out) },
					"read lazily": func() error {
						return c.chain.Lazy().Read(t.Context(), file(c.data), corner, out.Sub(corner))
					},
					"patch": func() error {
						_, err := c.chain.Patch(t.Context(), file(c.data), corner, out.Sub(corner))
						return err
					},
				} {
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					err := f()
					runtime.ReadMemStats(&after)
					if !errors.Is(err, codec.ErrCorrupt) {
						t.Errorf("%s: %s %s of %d bytes: %s: %v", codecText, name, where, len(bomb), what, err)
					}
					if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
						t.Errorf("%s: %s %s: %s took %d bytes of memory", codecText, name, where, what, took)
					}
				}
			}
		}
	}
}
