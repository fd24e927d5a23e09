package codec_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// counted counts what is asked of a source.
type counted struct {
	file
	calls, spans, bytes int
}

func (c *counted) ReadAll(ctx context.Context, dst []byte, limit int) ([]byte, error) {
	out, err := c.file.ReadAll(ctx, dst, limit)
	c.calls++
	c.spans++
	c.bytes += len(out) - len(dst)
	return out, err
}

func (c *counted) ReadSpans(ctx context.Context, spans []nd.Span) error {
	c.calls++
	c.spans += len(spans)
	for _, s := range spans {
		c.bytes += len(s.Dst)
	}
	return c.file.ReadSpans(ctx, spans)
}

// Boxes are read with few requests of little more than they need.
func TestRequests(t *testing.T) {
	const kib = 1 << 10
	for _, test := range []struct {
		name, specs  string
		shape        []int // of uint32
		start, size  []int
		calls, spans int
		bytes        int // at most
	}{
		{"raw, all", "[" + little + "]", []int{64, 64, 64}, []int{0, 0, 0}, []int{64, 64, 64}, 1, 1, 1024 * kib},
		{"raw, a plane", "[" + little + "]", []int{64, 64, 64}, []int{9, 0, 0}, []int{1, 64, 64}, 1, 1, 16 * kib},
		{"raw, rows", "[" + little + "]", []int{64, 64, 64}, []int{0, 9, 0}, []int{64, 1, 64}, 1, 64, 16 * kib},
		{"raw, columns", "[" + little + "]", []int{64, 64, 64}, []int{0, 0, 9}, []int{64, 64, 1}, 1, 1, 1024 * kib},
		{"raw, an element", "[" + little + "]", []int{64, 64, 64}, []int{5, 6, 7}, []int{1, 1, 1}, 1, 1, 4},
		{"crc32c, an element", "[" + little + "," + crc + "]", []int{64, 64}, []int{5, 6}, []int{1, 1}, 1, 1, 16*kib + 4},
		{"shard, all", "[" + shard("[16,16]", "["+little+","+crc+"]", "end") + "]", []int{256, 256}, []int{0, 0}, []int{256, 256}, 2, 2, 256*(kib+4) + 256*16 + 4},
		{"shard, a row of chunks", "[" + shard("[16,16]", "["+little+","+crc+"]", "start") + "]", []int{256, 256}, []int{32, 0}, []int{16, 256}, 2, 2, 16*(kib+4) + 256*16 + 4},
		{"shard, a column of chunks", "[" + shard("[16,16]", "["+little+","+crc+"]", "end") + "]", []int{256, 256}, []int{0, 32}, []int{256, 16}, 2, 2, 256*(kib+4) + 256*16 + 4},
		{"shard of large chunks, a column", "[" + shard("[128,128]", "["+little+","+crc+"]", "end") + "]", []int{1024, 512}, []int{0, 32}, []int{1024, 16}, 2, 9, 8*(64*kib+4) + 32*16 + 4},
		{"shard of raw chunks, an element", "[" + shard("[128,128]", "["+little+"]", "end") + "]", []int{512, 512}, []int{5, 6}, []int{1, 1}, 2, 2, 4 + 16*16 + 4},
		{"shard of raw chunks, a row", "[" + shard("[128,128]", "["+little+"]", "end") + "]", []int{512, 512}, []int{5, 0}, []int{1, 512}, 2, 2, 3*64*kib + 512 + 16*16 + 4},
		{"shard, an element", "[" + shard("[16,16]", "["+little+","+crc+"]", "end") + "]", []int{256, 256}, []int{77, 99}, []int{1, 1}, 2, 2, kib + 4 + 256*16 + 4},
		{"shard in shard, an element", "[" + shard("[64,64]", "["+shard("[16,16]", "["+little+","+crc+"]", "end")+"]", "end") + "]", []int{256, 256}, []int{77, 99}, []int{1, 1}, 3, 3, kib + 4 + 16*16 + 4 + 16*16 + 4},
	} {
		c := mustBind(t, test.specs, test.shape, dtype.Uint32)
		data := make([]byte, nd.Full(test.shape).Size()*4)
		for i := range data {
			data[i] = byte(i*5 + i>>8)
		}
		v := nd.NewView(data, test.shape, 4)
		stored, err := c.Encode(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		src := &counted{file: stored}
		box := nd.Box{Start: test.start, Shape: test.size}
		out := make([]byte, box.Size()*4)
		if err := c.Read(t.Context(), src, box, nd.NewView(out, box.Shape, 4)); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if src.calls != test.calls || src.spans != test.spans || src.bytes > test.bytes {
			t.Errorf("%s: %d bytes by %d calls of %d spans, want %d by %d of %d",
				test.name, src.bytes, src.calls, src.spans, test.bytes, test.calls, test.spans)
		}
		want := make([]byte, len(out))
		nd.Copy(nd.NewView(want, box.Shape, 4), v.Sub(box))
		if !bytes.Equal(out, want) {
			t.Errorf("%s: other elements", test.name)
		}
		// The index of a prepared source is not read again.
		ready, err := c.Prepare(t.Context(), src)
		if err != nil {
			t.Fatal(err)
		}
		src.calls = 0
		if err := c.Read(t.Context(), ready, box, nd.NewView(out, box.Shape, 4)); err != nil || !bytes.Equal(out, want) {
			t.Errorf("%s, prepared: %v", test.name, err)
		}
		if _, sharded := c.Inner(); sharded && src.calls != test.calls-1 {
			t.Errorf("%s, prepared: %d calls", test.name, src.calls)
		}
	}
}

// A patch of a shard reads what it keeps, and not what it replaces.
func TestPatchRequests(t *testing.T) {
	shape := []int{256, 256}
	c := mustBind(t, "["+shard("[128,128]", "["+little+","+crc+"]", "end")+"]", shape, dtype.Uint8)
	data := bytes.Repeat([]byte{1}, 256*256)
	stored, err := c.Encode(nil, nd.NewView(data, shape, 1))
	if err != nil {
		t.Fatal(err)
	}
	const inner, index = 128*128 + 4, 4*16 + 4
	for _, test := range []struct {
		start, size         []int
		calls, bytes, parts int
	}{
		{[]int{0, 0}, []int{256, 256}, 0, 0, 3},                   // all is new, in ever larger buffers
		{[]int{0, 0}, []int{128, 256}, 2, 2*inner + index, 4},     // half
		{[]int{5, 5}, []int{1, 1}, 2, 4*inner + index, 3},         // the first changes
		{[]int{128, 128}, []int{128, 128}, 2, 3*inner + index, 2}, // the last is new, and its index behind it
	} {
		src := &counted{file: stored}
		box := nd.Box{Start: test.start, Shape: test.size}
		p, err := c.Patch(t.Context(), src, box, nd.NewView(bytes.Repeat([]byte{2}, box.Size()), box.Shape, 1))
		if err != nil {
			t.Fatal(err)
		}
		if src.calls != test.calls || src.bytes != test.bytes || len(p.Parts) != test.parts {
			t.Errorf("%s: %d bytes by %d calls, %d parts; want %d by %d, %d parts", box, src.bytes, src.calls, len(p.Parts), test.bytes, test.calls, test.parts)
		}
		p.Release()
	}
}

// Patching is repeatable many times over pooled memory: parts of several
// patches that are alive at once do not share it.
func TestManyPatches(t *testing.T) {
	shape := []int{64, 64}
	for _, text := range []string{
		"[" + little + "]", "[" + little + "," + zstd + "," + crc + "]",
		"[" + shard("[8,8]", "["+little+","+zstd+"]", "start") + "]",
		"[" + shard("[32,32]", "["+shard("[8,8]", "["+little+"]", "end")+"]", "start") + "]",
	} {
		c := mustBind(t, text, shape, dtype.Uint16)
		memory := make([]byte, 64*64*2)
		var stored []byte
		var alive []*codec.Patched
		var want [][]byte
		for i := range 40 {
			box := nd.Box{Start: []int{i % 13, i % 31}, Shape: []int{1 + i%40, 1 + i%33}}
			values := bytes.Repeat([]byte{byte(i), 1}, box.Size())
			var old codec.Source
			if stored != nil {
				old = file(stored)
			}
			p, err := c.Patch(t.Context(), old, box, nd.NewView(values, box.Shape, 2))
			if err != nil {
				t.Fatal(err)
			}
			nd.Copy(nd.NewView(memory, shape, 2).Sub(box), nd.NewView(values, box.Shape, 2))
			stored = bytes.Join(p.Parts, nil)
			alive, want = append(alive, p), append(want, stored)
			if len(alive) > 5 {
				alive[0].Release()
				alive, want = alive[1:], want[1:]
			}
			for j, p := range alive {
				if !bytes.Equal(bytes.Join(p.Parts, nil), want[j]) {
					t.Fatalf("%s: step %d: the parts of another patch changed", text, i)
				}
			}
		}
		out := make([]byte, len(memory))
		if err := c.Read(t.Context(), file(stored), nd.Full(shape), nd.NewView(out, shape, 2)); err != nil || !bytes.Equal(out, memory) {
			t.Errorf("%s: other elements (%v)", text, err)
		}
	}
}

// Of a shard, what the specification leaves open is accepted: inner chunks in
// any order, with room between them, and two that share their bytes.
func TestForeignShards(t *testing.T) {
	c := mustBind(t, `[`+unindexed("[2]", big, "start")+`]`, []int{8}, dtype.Uint16)
	index := make([]byte, 64)
	for i, e := range [][2]uint64{{80, 4}, {70, 4}, {80, 4}, {1<<64 - 1, 1<<64 - 1}} {
		binary.LittleEndian.PutUint64(index[16*i:], e[0])
		binary.LittleEndian.PutUint64(index[16*i+8:], e[1])
	}
	stored := append(index, "......\x00\x05\x00\x06......\x00\x07\x00\x08..."...)
	want := []uint16{7, 8, 5, 6, 7, 8, 0, 0}
	for _, src := range []codec.Source{codec.Bytes(stored), file(stored)} {
		for range 2 { // the first must not alter what the second sees
			out := make([]uint16, 8)
			if err := c.Read(t.Context(), src, nd.Full([]int{8}), nd.NewView(dtype.Bytes(out), []int{8}, 2)); err != nil || !slices.Equal(out, want) {
				t.Errorf("%v, %v; want %v", out, err, want)
			}
		}
		if err := c.Check(t.Context(), src); err != nil {
			t.Error(err)
		}
		p, err := c.Patch(t.Context(), src, nd.Box{Start: []int{7}, Shape: []int{1}}, nd.NewView([]byte{1, 0}, []int{1}, 2))
		if err != nil {
			t.Fatal(err)
		}
		out := make([]uint16, 8)
		err = c.Read(t.Context(), codec.Bytes(bytes.Join(p.Parts, nil)), nd.Full([]int{8}), nd.NewView(dtype.Bytes(out), []int{8}, 2))
		if err != nil || !slices.Equal(out[:7], want[:7]) || out[7] != 1 {
			t.Errorf("patched: %v, %v", out, err)
		}
		p.Release()
	}
}

// An index that cannot be true is corrupt, however its numbers add up.
func TestHostileIndex(t *testing.T) {
	c := mustBind(t, `[`+unindexed("[2]", little, "end")+`]`, []int{4}, dtype.Uint16)
	for _, e := range [][2]uint64{
		{1<<64 - 1, 4}, {0, 1<<64 - 1}, {1 << 63, 4}, {1<<63 - 2, 4}, {0, 1 << 62}, {37, 4}, {0, 0}, {0, 5}, {0, 3}, {1<<64 - 5, 4}, {1<<64 - 4, 4},
	} {
		stored := make([]byte, 8, 40)
		stored = binary.LittleEndian.AppendUint64(stored, e[0])
		stored = binary.LittleEndian.AppendUint64(stored, e[1])
		stored = append(stored, bytes.Repeat([]byte{255}, 16)...)
		for _, src := range []codec.Source{codec.Bytes(stored), file(stored)} {
			elem := nd.NewView(make([]byte, 2), []int{1}, 2)
			_, patchErr := c.Patch(t.Context(), src, nd.Box{Start: []int{1}, Shape: []int{1}}, elem)
			for what, err := range map[string]error{
				"read":  c.Read(t.Context(), src, nd.Full([]int{2}), nd.NewView(make([]byte, 4), []int{2}, 2)),
				"check": c.Check(t.Context(), src),
				"patch": patchErr,
			} {
				if !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), "inner chunk [0]") {
					t.Errorf("%d bytes at %d: %s: %v", e[1], e[0], what, err)
				}
			}
		}
	}
}

// A shard of more inner chunks than are looked up at once, sparse and full.
func TestManyInnerChunks(t *testing.T) {
	shape := []int{20000}
	for _, text := range []string{
		"[" + shard("[1]", "["+little+","+crc+"]", "end") + "]",
		"[" + shard("[2]", "["+big+"]", "start") + "]",
		"[" + shard("[10000]", "["+shard("[1]", "["+little+"]", "start")+"]", "end") + "]",
	} {
		c := mustBind(t, text, shape, dtype.Uint16)
		for _, every := range []int{1, 7} {
			data := make([]byte, 40000)
			for i := 0; i < len(data); i += 2 * every {
				data[i], data[i+1] = byte(i>>1), byte(i>>9|1)
			}
			stored, err := c.Encode(nil, nd.NewView(data, shape, 2))
			if err != nil {
				t.Fatal(err)
			}
			box := nd.Box{Start: []int{3}, Shape: []int{19990}}
			for _, src := range []codec.Source{codec.Bytes(stored), file(stored)} {
				out := make([]byte, 2*19990)
				if err := c.Read(t.Context(), src, box, nd.NewView(out, box.Shape, 2)); err != nil || !bytes.Equal(out, data[6:len(data)-14]) {
					t.Errorf("%s: other elements (%v)", text, err)
				}
				if err := c.Check(t.Context(), src); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// A context that is done ends a read, a check and a patch of a shard.
func TestCancelled(t *testing.T) {
	shape := []int{64, 64}
	c := mustBind(t, "["+shard("[8,8]", "["+little+","+crc+"]", "end")+"]", shape, dtype.Uint8)
	data := bytes.Repeat([]byte{1}, 64*64)
	stored, err := c.Encode(nil, nd.NewView(data, shape, 1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, src := range []codec.Source{codec.Bytes(stored), file(stored)} {
		box := nd.Box{Start: []int{1, 1}, Shape: []int{9, 9}}
		_, patchErr := c.Patch(ctx, src, box, nd.NewView(data[:81], box.Shape, 1))
		for what, err := range map[string]error{
			"read":  c.Read(ctx, src, nd.Full(shape), nd.NewView(data, shape, 1)),
			"check": c.Check(ctx, src),
			"patch": patchErr,
		} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

func TestInnerSpecs(t *testing.T) {
	for text, want := range map[string]string{
		"[" + little + "," + crc + "]":                              "crc32c",
		"[" + shard("[2]", "["+little+","+zstd+"]", "end") + "]":    "zstd",
		"[" + shard("[2]", "["+little+"]", "end") + "," + crc + "]": "bytes",
	} {
		list := mustBind(t, text, []int{4}, dtype.Int32).InnerSpecs()
		if last := list[len(list)-1].Name; last != want {
			t.Errorf("%s: the last codec inside is %s, want %s", text, last, want)
		}
		mustBind(t, string(marshal(t, list)), []int{3}, dtype.Int32)
	}
}

// Booleans of others may be any byte but 0; ours are 1.
func TestForeignBooleans(t *testing.T) {
	shape := []int{2, 3}
	for _, text := range []string{`["bytes"]`, `["bytes",` + zstd + `]`, "[" + shard("[1,3]", `["bytes"]`, "end") + "]"} {
		foreign := mustBind(t, text, shape, dtype.Uint8)
		stored, err := foreign.Encode(nil, nd.NewView([]byte{0, 1, 2, 255, 128, 0}, shape, 1))
		if err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(stored)
		c := mustBind(t, text, shape, dtype.Bool)
		for _, src := range []codec.Source{codec.Bytes(stored), file(stored)} {
			out := make([]byte, 12)
			rows := nd.NewView(out, []int{2, 6}, 1).Sub(nd.Full(shape))
			for _, dst := range []nd.View{nd.NewView(out, shape, 1), rows} {
				if err := c.Read(t.Context(), src, nd.Full(shape), dst); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 6)
				nd.Copy(nd.NewView(got, shape, 1), dst)
				if want := []byte{0, 1, 1, 1, 1, 0}; !bytes.Equal(got, want) {
					t.Errorf("%s: % x, want % x", text, got, want)
				}
			}
		}
		if !bytes.Equal(stored, before) {
			t.Errorf("%s: the stored bytes were altered", text)
		}
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
