package codec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// filter is an array→array codec other than transpose, bound to chunks. It works
// on elements in C order, aligned as Go's are; dst has just the size of what comes
// of src.
type filter interface {
	encode(dst, src []byte) error
	// decode is encode's inverse as far as there is one. An error means that no
	// encoder can have made src.
	decode(dst, src []byte) error
	// out returns the shape and type of what encode makes of a chunk.
	out() ([]int, dtype.Type)
	// elementwise reports whether every element is made of one other, so that any
	// number of them can be worked on.
	elementwise() bool
	// total reports whether there is nothing that decode refuses.
	total() bool
}

// filters binds a spec to chunks.
var filters = map[string]func(s Spec, in Chunk) (filter, error){
	"bitround":                   bindBitRound,
	"cast_value":                 bindCastValue,
	"packbits":                   bindPackBits,
	"numcodecs.astype":           bindAsType,
	"numcodecs.bitround":         bindNumcodecsBitRound,
	"numcodecs.delta":            bindDelta,
	"numcodecs.fixedscaleoffset": bindFixedScaleOffset,
	"numcodecs.packbits":         bindNumcodecsPackBits,
	"numcodecs.quantize":         bindQuantize,
	"scale_offset":               bindScaleOffset,
}

// filtered is a filter and the codecs behind it, which make bytes of what it makes
// of the elements.
type filtered struct {
	filter
	spec  Spec
	in    Chunk
	size  int
	view  nd.View // of a whole chunk, to be given its data
	box   nd.Box  // of a whole chunk
	full  nd.Box  // of what the filter makes of it
	inner *Chain
	each  bool // filter is elementwise
	// exact means that the fill value comes back from what the filter makes of it.
	// Else elements may become what it becomes, and are not to be left out.
	exact bool
}

func bindFilter(specs []Spec, in Chunk, depth int) (*filtered, error) {
	s := specs[0]
	if in.Type.Variable() {
		return nil, s.errorf("it works on elements of a fixed size, and those of %s have none", in.Type)
	}
	fl, err := filters[s.Name](s, in)
	if err != nil {
		return nil, err
	}
	shape, t := fl.out()
	f := &filtered{filter: fl, spec: s, in: in, full: nd.Full(shape), each: fl.elementwise(), box: nd.Full(in.Shape)}
	f.view = nd.NewView(nil, in.Shape, in.Type.Size())
	f.size = f.view.Size() * in.Type.Size()
	fill := t.Zero()
	if f.each {
		made, back := aligned(t.Size()), aligned(in.Type.Size())
		if fl.encode(made, append(aligned(0), in.Fill...)) == nil {
			copy(fill, made)
			f.exact = fl.decode(back, made) == nil && slices.Equal(back, in.Fill)
		}
	}
	rest := specs[1:]
	if s.Name == "packbits" { // it makes bytes in one order, and needs no codec to say which
		rest = append([]Spec{{Name: "bytes"}}, rest...)
	}
	f.inner, err = bind(rest, Chunk{shape, t, fill}, depth)
	return f, err
}

// aligned returns memory for one element, of n bytes, with room for the largest.
func aligned(n int) []byte {
	words := make([]uint64, 2+n/8)
	return dtype.Bytes(words)[:n]
}

// memory returns the elements of v if they lie as filters need them.
func (f *filtered) memory(v nd.View) ([]byte, bool) {
	mem, ok := v.Contiguous()
	return mem, ok && uintptr(unsafe.Pointer(unsafe.SliceData(mem)))%8 == 0
}

// apply puts what the filter makes of the elements of v, which it does not alter,
// in dst.
func (f *filtered) apply(sc *scratch, dst []byte, v nd.View) error {
	mem, ok := f.memory(v)
	if !ok {
		held := bufpool.Get(v.Size() * v.Item)
		defer bufpool.Put(held)
		mem = *held
		nd.Copy(sc.view(mem, v.Shape, v.Item), v)
	}
	if err := f.filter.encode(dst, mem); err != nil {
		return f.spec.errorf("%w", err)
	}
	return nil
}

// undo copies what src was made of, a box of elements in C order, to dst.
func (f *filtered) undo(sc *scratch, dst nd.View, src []byte) error {
	mem, ok := f.memory(dst)
	var held *[]byte
	if !ok {
		held = bufpool.Get(dst.Size() * dst.Item)
		defer bufpool.Put(held)
		mem = *held
	}
	if err := f.filter.decode(mem, src); err != nil {
		return corrupt("%w", f.spec.errorf("%w", err))
	}
	f.in.Type.Tidy(mem)
	if !ok {
		nd.Copy(dst, sc.view(mem, dst.Shape, dst.Item))
	}
	return nil
}

func (f *filtered) encode(sc *scratch, dst []byte, v nd.View, omit bool) ([]byte, bool, error) {
	if omit && (v.Size() == 0 || nd.AllEqual(v, f.in.Fill)) {
		return dst, false, nil
	}
	if !slices.Equal(v.Shape, f.in.Shape) {
		held := bufpool.Get(f.size)
		defer bufpool.Put(held)
		whole := f.view
		whole.Data = *held
		nd.Fill(whole, f.in.Fill)
		nd.Copy(whole.Sub(nd.Box{Start: f.box.Start, Shape: v.Shape}), v)
		v = whole
	}
	made := bufpool.Get(f.inner.size)
	defer bufpool.Put(made)
	if err := f.apply(sc, *made, v); err != nil {
		return dst, false, err
	}
	all := f.inner.view
	all.Data = *made
	return f.inner.encode(sc, dst, all, false)
}

func (f *filtered) decode(ctx context.Context, sc *scratch, data []byte, box nd.Box, dst nd.View) error {
	return f.copyOut(sc, box, dst, func(box nd.Box, v nd.View) error { return f.inner.decode(ctx, sc, data, box, v) })
}

func (f *filtered) read(ctx context.Context, sc *scratch, src Source, box nd.Box, dst nd.View) error {
	return f.copyOut(sc, box, dst, func(box nd.Box, v nd.View) error { return f.inner.read(ctx, sc, src, box, v) })
}

// copyOut copies a box to dst that get gives as the filter made it: the box alone,
// if that is possible, else all of the chunk.
func (f *filtered) copyOut(sc *scratch, box nd.Box, dst nd.View, get func(nd.Box, nd.View) error) error {
	part := box
	if !f.each {
		part = f.full
	}
	item := f.inner.in.Type.Size()
	made := bufpool.Get(part.Size() * item)
	defer bufpool.Put(made)
	if err := get(part, sc.view(*made, part.Shape, item)); err != nil {
		return err
	}
	if f.each || slices.Equal(box.Shape, f.in.Shape) {
		return f.undo(sc, dst, *made)
	}
	held := bufpool.Get(f.size)
	defer bufpool.Put(held)
	whole := f.view
	whole.Data = *held
	if err := f.undo(sc, whole, *made); err != nil {
		return err
	}
	nd.Copy(dst, whole.Sub(box))
	return nil
}

func (f *filtered) check(ctx context.Context, sc *scratch, data []byte) error {
	if f.total() {
		return f.inner.check(ctx, sc, data)
	}
	held := bufpool.Get(f.size)
	defer bufpool.Put(held)
	whole := f.view
	whole.Data = *held
	return f.decode(ctx, sc, data, f.box, whole)
}

// patch is Chain.patch where elements and the fill value can be taken one by one:
// of a shard, only the inner chunks that box touches are made anew.
func (f *filtered) patch(ctx context.Context, sc *scratch, old Source, box nd.Box, v nd.View, p *Patched) error {
	item := f.inner.in.Type.Size()
	made := *p.lend(v.Size() * item)
	if err := f.apply(sc, made, v); err != nil {
		return err
	}
	return f.inner.patch(ctx, sc, old, box, sc.view(made, box.Shape, item), p)
}

// lazy returns the same codec with less to check behind it.
func (f *filtered) lazy() *filtered {
	l := *f
	l.inner = f.inner.Lazy()
	return &l
}

func (f *filtered) limit() int    { return f.inner.MaxStored() }
func (f *filtered) checked() bool { return f.inner.Checked() }

func (f *filtered) grain() []int {
	if f.each {
		return f.inner.Grain()
	}
	return f.in.Shape
}

// elements reads a type in the configuration of a filter of numcodecs: a string of
// NumPy's, or a name. Absent, it is otherwise. The order of bytes that it may say
// is that of the codec "bytes".
func (s Spec) elements(member string, raw json.RawMessage, otherwise dtype.Type) (number, error) {
	t := otherwise
	if !isNull(raw) {
		var text string
		err := json.Unmarshal(raw, &text)
		if err == nil {
			t, _, err = dtype.ParseType(text)
		}
		if err != nil {
			return number{}, s.errorf("configuration: %q: %w", member, err)
		}
	}
	n, ok := numberOf(t)
	if !ok {
		return number{}, s.errorf("it works on real numbers: elements of %s are none", t)
	}
	return n, nil
}

// viewed is elements for the type that a filter takes the elements of chunks for,
// as a view of NumPy's does.
func (s Spec) viewed(member string, raw json.RawMessage, in Chunk) (number, error) {
	n, err := s.elements(member, raw, in.Type)
	if err == nil && n.t.Size() != in.Type.Size() {
		err = s.errorf("configuration: %q: %s for elements of %s, which have another size", member, n.t, in.Type)
	}
	return n, err
}

// errNotMade is what decoders say of bytes that are none of encode's.
var errNotMade = errors.New("no encoder makes such bytes")

func notMade(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errNotMade}, args...)...)
}
