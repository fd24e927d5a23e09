package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// vlen is the codecs "vlen-utf8" and "vlen-bytes" (Zarr codecs of these names in the
// extension registry; numcodecs, "vlen"): the number of elements, and then of each
// its length and its bytes, all numbers little-endian uint32.
//
// The elements of the views that it is given are handles. Text that is not UTF-8 is
// corrupt, as it is for the readers of Python.
type vlen struct {
	in    Chunk
	n     int // of elements
	text  bool
	view  nd.View // of the handles of a chunk, to be given its data
	arena *Arena  // nil: no elements can be had, but encodings checked
	fill  []byte  // the handle of the fill value
}

// maxVariable bounds the encoded form of a chunk of elements of any length. Nothing
// else does, and it is in memory as a whole.
const maxVariable = 1 << 30

// vlenCodec is the codec for a type whose elements have any length.
func vlenCodec(t dtype.Type) string {
	if t.Kind() == dtype.Text {
		return "vlen-utf8"
	}
	return "vlen-bytes"
}

func bindVlen(s Spec, in Chunk) (*vlen, error) {
	if err := s.config(); err != nil {
		return nil, err
	}
	if !in.Type.Variable() || s.Name != vlenCodec(in.Type) {
		return nil, s.errorf("is not for elements of %s", in.Type)
	}
	c := &vlen{in: in, text: in.Type.Kind() == dtype.Text, view: nd.NewView(nil, in.Shape, HandleSize)}
	if c.n = c.view.Size(); c.n > math.MaxUint32 {
		return nil, s.errorf("a chunk of %d elements: at most %d can be stored", c.n, uint32(math.MaxUint32))
	}
	if c.text && !utf8.Valid(in.Fill) {
		return nil, s.errorf("the fill value is not UTF-8")
	}
	return c, nil
}

// within returns the same codec with elements in an arena.
func (c *vlen) within(a *Arena, fill []byte) *vlen {
	w := *c
	w.arena, w.fill = a, fill
	return &w
}

func (c *vlen) limit() int    { return maxVariable }
func (c *vlen) grain() []int  { return c.in.Shape }
func (c *vlen) checked() bool { return false }

func (c *vlen) placed() error {
	if c.arena == nil {
		return fmt.Errorf("elements of %s have no fixed size, and there is no arena for them", c.in.Type)
	}
	return nil
}

func (c *vlen) encode(_ *scratch, dst []byte, v nd.View, omit bool) ([]byte, bool, error) {
	if err := c.placed(); err != nil {
		return dst, false, err
	}
	if !slices.Equal(v.Shape, c.in.Shape) {
		held := bufpool.Get(c.n * HandleSize)
		defer bufpool.Put(held)
		whole := c.view
		whole.Data = *held
		nd.Fill(whole, c.fill)
		nd.Copy(whole.Sub(nd.Box{Start: make([]int, len(v.Shape)), Shape: v.Shape}), v)
		v = whole
	}
	at, t := len(dst), c.arena.table()
	some := !omit
	dst = binary.LittleEndian.AppendUint32(dst, uint32(c.n))
	fits := true
	eachHandle(v, func(h []byte) {
		e := t.at(h)
		if fits = fits && len(dst)-at <= maxVariable-4-len(e); !fits {
			return
		}
		some = some || !bytes.Equal(e, c.in.Fill)
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(len(e))), e...)
	})
	switch {
	case !fits:
		return dst[:at], false, fmt.Errorf("a chunk of shape %v has more than %d bytes of %s: use smaller chunks", c.in.Shape, maxVariable, c.in.Type)
	case !some:
		return dst[:at], false, nil
	}
	return dst, true, nil
}

func (c *vlen) check(_ context.Context, _ *scratch, data []byte) error {
	return c.scan(data, func(i, off, n int) {})
}

// scan calls f with the place in data of every element, and checks them all.
func (c *vlen) scan(data []byte, f func(i, off, n int)) error {
	if len(data) < 4 {
		return corrupt("%d bytes, and the number of elements has 4", len(data))
	}
	if n := binary.LittleEndian.Uint32(data); int64(n) != int64(c.n) {
		return corrupt("%d elements where a chunk of shape %v has %d", n, c.in.Shape, c.n)
	}
	if (len(data)-4)/4 < c.n {
		return corrupt("%d elements in %d bytes", c.n, len(data))
	}
	at := 4
	for i := range c.n {
		if len(data)-at < 4 {
			return corrupt("it ends in the length of element %d of %d", i, c.n)
		}
		n := int64(binary.LittleEndian.Uint32(data[at:]))
		if at += 4; n > int64(len(data)-at) {
			return corrupt("element %d of %d has %d bytes, and %d are there", i, c.n, n, len(data)-at)
		}
		if c.text && !utf8.Valid(data[at:at+int(n)]) {
			return corrupt("element %d of %d is not UTF-8", i, c.n)
		}
		f(i, at, int(n))
		at += int(n)
	}
	if at != len(data) {
		return corrupt("%d bytes follow the last of %d elements", len(data)-at, c.n)
	}
	return nil
}

func (c *vlen) decode(ctx context.Context, sc *scratch, data []byte, box nd.Box, dst nd.View) error {
	if err := c.placed(); err != nil {
		return err
	}
	if len(data) < 4 || (len(data)-4)/4 < c.n { // before memory is taken for so many
		return c.check(ctx, sc, data)
	}
	held := bufpool.Get(c.n * HandleSize)
	defer bufpool.Put(held)
	whole := c.view
	whole.Data = *held
	if err := c.scan(data, func(i, off, n int) { setHandle(whole.Data[i*HandleSize:], 0, off, n) }); err != nil {
		return err
	}
	nd.Copy(dst, whole.Sub(box))
	t := table{data}
	c.arena.adopt(dst, nil, t.at)
	return nil
}

func (c *vlen) read(ctx context.Context, sc *scratch, src Source, box nd.Box, dst nd.View) error {
	if b, ok := inMemory(src); ok {
		if len(b) > maxVariable {
			return tooLong(int64(len(b)), maxVariable)
		}
		return c.decode(ctx, sc, b, box, dst)
	}
	held := bufpool.Get(0)
	defer bufpool.Put(held)
	data, err := src.ReadAll(ctx, (*held)[:0], maxVariable)
	if err != nil {
		return err
	}
	*held = data
	return c.decode(ctx, sc, data, box, dst)
}

// In returns the same chain with elements of any length in an arena: its views are
// of handles. A chain for elements of a fixed size is returned as it is.
func (c *Chain) In(a *Arena) *Chain {
	if !c.in.Type.Variable() {
		return c
	}
	return c.within(a, a.handle(c.in.Fill))
}

func (c *Chain) within(a *Arena, fill []byte) *Chain {
	w := *c
	w.fill = fill
	switch array := c.array.(type) {
	case *vlen:
		w.array = array.within(a, fill)
	case *sharding:
		s := *array
		s.fill, s.inner = fill, array.inner.within(a, fill)
		w.array = &s
	}
	return &w
}

// Item returns the bytes of an element in the views of Read, Encode and Patch.
func (c *Chain) Item() int { return c.item }

// Fill returns an element, as it is in these views, that is the fill value; nil if
// elements have any length and the chain is in no arena. It is not to be altered.
func (c *Chain) Fill() []byte { return c.fill }
