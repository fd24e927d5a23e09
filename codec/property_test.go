package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// drawChain draws any list of codecs for chunks of a shape.
func drawChain(t *rapid.T, shape []int, typ dtype.Type, depth int) []codec.Spec {
	spec := func(name string, config any) codec.Spec {
		s, err := codec.NewSpec(name, config)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var list []codec.Spec
	for rapid.IntRange(0, 3).Draw(t, "transpose") == 0 {
		axes := make([]int, len(shape))
		for i := range axes {
			axes[i] = i
		}
		order := rapid.Permutation(axes).Draw(t, "order")
		list = append(list, spec("transpose", map[string]any{"order": append([]int{}, order...)}))
		stored := make([]int, len(shape))
		for i, p := range order {
			stored[i] = shape[p]
		}
		shape = stored
		if len(list) == 3 {
			break
		}
	}
	switch integer := typ.Kind() == dtype.Int || typ.Kind() == dtype.Uint; {
	case !rapid.Bool().Draw(t, "filter"):
	case typ == dtype.Bool:
		list = append(list, spec("numcodecs.packbits", nil))
		shape, typ = []int{1 + (nd.Full(shape).Size()+7)/8}, dtype.Uint8
	case integer && rapid.Bool().Draw(t, "delta"):
		list = append(list, spec("numcodecs.delta", nil))
		shape = []int{nd.Full(shape).Size()}
	case integer && typ.Size() < 8:
		list = append(list, spec("numcodecs.astype", map[string]any{"encode_dtype": "<i8"}))
		typ = dtype.Int64
	}
	endian := map[string]any{"endian": rapid.SampledFrom([]string{"little", "big"}).Draw(t, "endian")}
	if depth < 3 && rapid.Bool().Draw(t, "shard") {
		inner := make([]int, len(shape))
		for i, n := range shape {
			inner[i] = rapid.SampledFrom(divisors(n)).Draw(t, "inner")
		}
		index := []codec.Spec{spec("bytes", endian)}
		if rapid.Bool().Draw(t, "index checksum") {
			index = append(index, codec.Spec{Name: "crc32c"})
		}
		list = append(list, spec("sharding_indexed", map[string]any{
			"chunk_shape": inner, "codecs": drawChain(t, inner, typ, depth+1), "index_codecs": index,
			"index_location": rapid.SampledFrom([]string{"start", "end"}).Draw(t, "location"),
		}))
	} else {
		list = append(list, spec("bytes", endian))
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 2, 3}).Draw(t, "bytes codecs") {
		list = append(list, rapid.SampledFrom([]codec.Spec{
			{Name: "crc32c"},
			{Name: "crc32c"},
			spec("zstd", map[string]any{"level": 1}),
			spec("gzip", map[string]any{"level": 1}),
			spec("blosc", map[string]any{"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": typ.Size()}),
			spec("numcodecs.zlib", nil),
			spec("numcodecs.lz4", nil),
			spec("numcodecs.bz2", nil),
			spec("numcodecs.shuffle", map[string]any{"elementsize": 1}),
			spec("numcodecs.crc32", nil),
			spec("numcodecs.fletcher32", nil),
		}).Draw(t, "bytes codec"))
	}
	return list
}

func divisors(n int) []int {
	var d []int
	for i := 1; i <= n; i++ {
		if n%i == 0 {
			d = append(d, i)
		}
	}
	return d
}

func drawBox(t *rapid.T, shape []int) nd.Box {
	b := nd.Box{Start: make([]int, len(shape)), Shape: make([]int, len(shape))}
	for i, n := range shape {
		b.Start[i] = rapid.IntRange(0, n-1).Draw(t, "start")
		b.Shape[i] = rapid.IntRange(1, n-b.Start[i]).Draw(t, "length")
	}
	return b
}

// Any chain is, to whoever writes and reads boxes, like an array in memory.
func TestChainIsLikeMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.SampledFrom([]int{1, 2, 3, 4, 6, 8}), 0, 4).Draw(t, "shape")
		typ := rapid.SampledFrom(dtype.All()).Draw(t, "type")
		item := typ.Size()
		list := drawChain(t, shape, typ, 0)
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		fill := make([]byte, item)
		fill[0] = byte(rapid.IntRange(0, 1).Draw(t, "fill"))
		c, err := codec.Bind(list, codec.Chunk{Shape: shape, Type: typ, Fill: fill})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		memory := bytes.Repeat(fill, nd.Full(shape).Size())
		var stored []byte
		source := func() codec.Source {
			if rapid.Bool().Draw(t, "in memory") {
				return codec.Bytes(stored)
			}
			return file(stored)
		}
		for range 4 {
			box := drawBox(t, shape)
			values := make([]byte, box.Size()*item)
			if rapid.Bool().Draw(t, "write fill") {
				copy(values, bytes.Repeat(fill, box.Size()))
			} else {
				for i := range values {
					values[i] = byte(rapid.IntRange(0, 1).Draw(t, "byte"))
				}
			}
			var old codec.Source
			if stored != nil {
				old = source()
			}
			v := nd.NewView(values, box.Shape, item)
			p, err := c.Patch(t.Context(), old, box, v)
			if err != nil {
				t.Fatalf("%s: patch %s: %v", text, box, err)
			}
			stored = bytes.Join(p.Parts, nil)
			if p.Parts == nil {
				stored = nil
			}
			p.Release()
			nd.Copy(nd.NewView(memory, shape, item).Sub(box), v)
			if stored == nil {
				if !bytes.Equal(memory, bytes.Repeat(fill, len(memory)/item)) {
					t.Fatalf("%s: nothing is stored of elements that are not fill", text)
				}
				continue
			}
			read := drawBox(t, shape)
			out, want := make([]byte, read.Size()*item), make([]byte, read.Size()*item)
			nd.Copy(nd.NewView(want, read.Shape, item), nd.NewView(memory, shape, item).Sub(read))
			reader := c
			if rapid.Bool().Draw(t, "lazy") {
				reader = c.Lazy()
			}
			if err := reader.Read(t.Context(), source(), read, nd.NewView(out, read.Shape, item)); err != nil {
				t.Fatalf("%s: read %s: %v", text, read, err)
			}
			if !bytes.Equal(out, want) {
				t.Fatalf("%s: read %s: other elements", text, read)
			}
		}
	})
}

// A raw chunk large enough to be read by many ranges gives every box.
func TestRangesOfLargeChunks(t *testing.T) {
	shape := []int{6, 40, 50, 30}
	data := make([]byte, 6*40*50*30*2)
	for i := range data {
		data[i] = byte(i * 7 / 3)
	}
	for _, text := range []string{
		"[" + little + "]", "[" + big + "," + crc + "]",
		`[{"name":"transpose","configuration":{"order":[3,0,2,1]}},` + little + "]",
		"[" + shard("[3,40,50,30]", "["+little+"]", "start") + "]",
		"[" + shard("[6,40,10,30]", "["+big+","+crc+"]", "end") + "]",
		"[" + shard("[1,1,2,2]", "["+little+"]", "end") + "]",
	} {
		c := mustBind(t, text, shape, dtype.Uint16).Lazy()
		stored, err := c.Encode(nil, nd.NewView(data, shape, 2))
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			box := drawBox(t, shape)
			for i := range box.Shape { // thin ones are what ranges are for
				if rapid.Bool().Draw(t, "thin") {
					box.Shape[i] = 1
				}
			}
			want := make([]byte, box.Size()*2)
			nd.Copy(nd.NewView(want, box.Shape, 2), nd.NewView(data, shape, 2).Sub(box))
			for _, into := range []string{"C", "F"} {
				out := nd.NewView(make([]byte, len(want)), box.Shape, 2)
				if into == "F" {
					out = nd.NewView(out.Data, []int{box.Shape[3], box.Shape[2], box.Shape[1], box.Shape[0]}, 2).Transpose([]int{3, 2, 1, 0})
				}
				if err := c.Read(t.Context(), file(stored), box, out); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(want))
				nd.Copy(nd.NewView(got, box.Shape, 2), out)
				if !bytes.Equal(got, want) {
					t.Fatal(fmt.Sprintf("%s: %s in %s order: other elements", text, box, into))
				}
			}
		})
	}
}
