package dosna_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// arrayDoc is the document of an array of bytes.
func arrayDoc(shape, chunks, codecs string) string {
	return fmt.Sprintf(`{"zarr_format": 3, "node_type": "array", "shape": %s, "data_type": "uint8", "fill_value": 0,
		"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": %s}},
		"chunk_key_encoding": "default", "codecs": [%s]}`, shape, chunks, codecs)
}

// edgesDoc is the same with a rectilinear grid.
func edgesDoc(shape, edges, codecs string) string {
	const grid = `{"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": %s}}`
	return strings.Replace(arrayDoc(shape, "[]", codecs), `{"name": "regular", "configuration": {"chunk_shape": []}}`, fmt.Sprintf(grid, edges), 1)
}

const (
	rawCodec   = `"bytes"`
	zstdCodec  = `"bytes", {"name": "zstd", "configuration": {"level": 3, "checksum": false}}, "crc32c"`
	gzipCodec  = `"bytes", {"name": "gzip", "configuration": {"level": 6}}`
	bloscCodec = `"bytes", {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 1, "blocksize": 0}}`
)

func shardCodec(chunks, codecs string) string {
	return fmt.Sprintf(`{"name": "sharding_indexed", "configuration": {"chunk_shape": %s, "codecs": [%s],
		"index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, "crc32c"], "index_location": "end"}}`, chunks, codecs)
}

// hostileArrays claim more than any machine has.
var hostileArrays = map[string]string{
	"5e17 chunks":             arrayDoc("[500000000000000000]", "[1]", zstdCodec),
	"2^58 chunks of 2 axes":   arrayDoc("[536870912, 536870912]", "[1, 1]", rawCodec),
	"no length and 2^62":      arrayDoc("[0, 4611686018427387904]", "[1, 1]", zstdCodec),
	"2^62 and no length":      arrayDoc("[4611686018427387904, 0]", "[4, 1]", zstdCodec),
	"a chunk of 2^58, raw":    arrayDoc("[10]", "[288230376151711744]", rawCodec),
	"a chunk of 2^58, zstd":   arrayDoc("[10]", "[288230376151711744]", zstdCodec),
	"a chunk of 2^58, gzip":   arrayDoc("[10]", "[288230376151711744]", gzipCodec),
	"a chunk of 2^58, blosc":  arrayDoc("[10]", "[288230376151711744]", bloscCodec),
	"a chunk of 2^40":         arrayDoc("[1099511627776]", "[1099511627776]", zstdCodec),
	"a shard of 2^40 chunks":  arrayDoc("[1099511627776]", "[1099511627776]", shardCodec("[1]", zstdCodec)),
	"a shard of 2^24 chunks":  arrayDoc("[16777216]", "[16777216]", shardCodec("[1]", zstdCodec)),
	"a shard of a 2^40 chunk": arrayDoc("[1099511627776]", "[1099511627776]", shardCodec("[1099511627776]", gzipCodec)),
	"shards in shards":        arrayDoc("[67108864]", "[67108864]", shardCodec("[1048576]", shardCodec("[1]", rawCodec))),
	"2^20 chunk lengths":      edgesDoc("[1048579]", "[[[1, 1048575], 4]]", zstdCodec),
	"2^20 chunk lengths, raw": edgesDoc("[1048579, 1099511627776]", "[[4, [1, 1048575]], 1]", rawCodec),
	"2^20 shard lengths":      edgesDoc("[2097152]", "[[[2, 1048574], 4]]", shardCodec("[2]", rawCodec)),
	"a length of 2^58":        edgesDoc("[10]", "[[1, 288230376151711744, 9]]", zstdCodec),
	"lengths of 2^32, 2^24":   edgesDoc("[4, 4]", "[[1, 4294967296, 9], [3, 16777216]]", gzipCodec), // what can be held in memory is small
	"64 axes":                 arrayDoc("["+strings.Repeat("1,", 63)+"1]", "["+strings.Repeat("1,", 63)+"1]", rawCodec),
}

// hostileObjects are what lies where a chunk is looked for.
var hostileObjects = map[string][]byte{
	"nothing": {}, "a byte": {1}, "zeros": make([]byte, 100), "ones": bytes.Repeat([]byte{0xff}, 1000),
	// headers that promise 2^60 bytes and more
	"zstd":  {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0},
	"blosc": {2, 1, 1, 1, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f},
	"gzip":  {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
}

// hostileCalls are made on each of them. Some have more to do than there is time
// for; they have to end with their context.
var hostileCalls = map[string]func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error{
	"info": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		_ = fmt.Sprint(d.Shape(), d.Size(), d.Bytes(), d.Chunks(), d.Shards(), d.Grid().Len(), d.Spec())
		_, err := d.Usage(ctx)
		return err
	},
	"list": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		for _, err := range d.StoredChunks(ctx) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"read one": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		return d.ReadBox(ctx, firstBox(d), nd.NewView(make([]byte, 1), firstBox(d).Shape, 1))
	},
	"read some": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		box := firstBox(d)
		if len(box.Shape) > 0 && d.Shape()[0] >= 4096 {
			box.Shape[0] = 4096
		}
		return d.ReadBox(ctx, box, nd.NewView(make([]byte, box.Size()), box.Shape, 1))
	},
	"read all": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		if d.Bytes() <= 1<<46 { // the caller has asked for them
			return nil
		}
		_, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{})
		if !errors.Is(err, dosna.ErrInvalid) {
			return fmt.Errorf("read %d bytes with the error %v", d.Bytes(), err)
		}
		return nil
	},
	"verify": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		_, err := c.Verify(ctx, d.Path(), dosna.VerifyOptions{})
		return err
	},
	"write one": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		return d.WriteBox(ctx, firstBox(d), nd.NewView([]byte{7}, nil, 1))
	},
	"apply": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		return d.Apply(ctx, func(context.Context, dosna.Block) error { return nil })
	},
	"map": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		out, err := c.CreateDataset(ctx, "out", dosna.DatasetSpec{Shape: d.Shape(), Type: d.Type()})
		if err != nil {
			return err
		}
		return d.Map(ctx, out, dosna.MapOptions{}, func(context.Context, dosna.Block) error { return nil })
	},
	"copy": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		_, err := dosna.Copy(ctx, d, c, "copy", nil)
		return err
	},
	"recode": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		_, err := dosna.Copy(ctx, d, c, "recoded", &dosna.CopyOptions{Access: "boxes"})
		return err
	},
	"resize": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		shape := d.Shape()
		for i := range shape {
			shape[i] = min(shape[i], 1)
		}
		return d.Resize(ctx, shape)
	},
	"grow": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error {
		shape := d.Shape()
		shape[len(shape)-1]++
		return d.Resize(ctx, shape)
	},
	"clear":  func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error { return d.Clear(ctx) },
	"delete": func(ctx context.Context, c *dosna.Connection, d *dosna.Dataset) error { return d.Delete(ctx) },
}

// firstBox is the box of the first element, if there is one.
func firstBox(d *dosna.Dataset) nd.Box {
	box := nd.Box{Start: make([]int, d.NDim()), Shape: d.Shape()}
	for i := range box.Shape {
		box.Shape[i] = min(box.Shape[i], 1)
	}
	return box
}

// TestHostileShapes makes every call on every array that claims too much: it ends,
// it allocates little, and its error is one of those that a caller expects.
func TestHostileShapes(t *testing.T) {
	const limit = 300 << 20
	for name, doc := range hostileArrays {
		for what, object := range hostileObjects {
			if *scale != "full" && what != "zstd" && (testing.Short() || what != "ones") {
				continue
			}
			for call, do := range hostileCalls {
				s := memstore.New()
				c := open(t, s, dosna.Options{})
				if _, err := s.Put(ctx, "x/zarr.json", [][]byte{[]byte(doc)}, store.Cond{}); err != nil {
					t.Fatal(err)
				}
				d, err := c.OpenDataset(ctx, "x")
				if err != nil {
					if !strings.Contains(err.Error(), "x/zarr.json") {
						t.Errorf("%s: %v", name, err)
					}
					break // said at once
				}
				key := "x/c" + strings.Repeat("/0", d.NDim())
				if _, err := s.Put(ctx, key, [][]byte{object}, store.Cond{}); err != nil {
					t.Fatal(err)
				}
				short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err = do(short, c, d)
				runtime.ReadMemStats(&after)
				cancel()
				allowed := err == nil || errors.Is(err, dosna.ErrCorrupt) || errors.Is(err, dosna.ErrInvalid) || errors.Is(err, context.DeadlineExceeded) ||
					strings.Contains(err.Error(), "held in memory")
				if !allowed {
					t.Errorf("%s, %s, %s: %v", name, what, call, err)
				}
				if err != nil && !strings.Contains(err.Error(), "mem://") {
					t.Errorf("%s, %s, %s: the error names nothing: %v", name, what, call, err)
				}
				if got := after.TotalAlloc - before.TotalAlloc; got > limit {
					t.Errorf("%s, %s, %s: %d MiB were allocated; %v", name, what, call, got>>20, err)
				}
			}
		}
	}
}
