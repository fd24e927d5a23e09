package codec

import (
	"context"
	"slices"
	"unsafe"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// rawBytes is the codec "bytes": the elements in C order, each in one byte
// order (Zarr v3 codec "bytes").
type rawBytes struct {
	in   Chunk
	size int
	swap bool
	odd  bool // stored bytes may be none of the type's elements (see dtype.Type.Tidy)
	full nd.Box
	view nd.View // of the whole chunk, to be given its data
}

func bindBytes(s Spec, in Chunk) (*rawBytes, error) {
	var endian *string
	if err := s.config(optional("endian", &endian)); err != nil {
		return nil, err
	}
	if in.Type.Variable() {
		return nil, s.errorf("elements of %s have no fixed size: %s is for them", in.Type, vlenCodec(in.Type))
	}
	r := &rawBytes{in: in, odd: in.Type.Untidy(), full: nd.Full(in.Shape), view: nd.NewView(nil, in.Shape, in.Type.Size())}
	r.size = r.view.Size() * in.Type.Size()
	switch {
	case endian == nil && in.Type.Kind() == dtype.Struct: // as zarr-python leaves it out
		r.swap = dtype.Native == dtype.Big && in.Type.Ordered()
	case endian == nil && in.Type.Ordered():
		return nil, s.errorf(`configuration: "endian" is missing: elements of %s need little or big`, in.Type)
	case endian == nil:
	case *endian == dtype.Little.String():
		r.swap = dtype.Native == dtype.Big && in.Type.Ordered()
	case *endian == dtype.Big.String():
		r.swap = dtype.Native == dtype.Little && in.Type.Ordered()
	default:
		return nil, s.errorf(`configuration: "endian": %q is neither little nor big`, *endian)
	}
	return r, nil
}

func (r *rawBytes) limit() int    { return r.size }
func (r *rawBytes) grain() []int  { return r.in.Shape }
func (r *rawBytes) checked() bool { return false }

// direct returns the memory of v if it is, byte for byte, the encoded chunk.
func (r *rawBytes) direct(v nd.View) ([]byte, bool) {
	if r.swap || !slices.Equal(v.Shape, r.in.Shape) {
		return nil, false
	}
	return v.Contiguous()
}

func (r *rawBytes) encode(_ *scratch, dst []byte, v nd.View, omit bool) ([]byte, bool, error) {
	at := len(dst)
	out := grow(dst, r.size)
	whole := r.view
	whole.Data = out[at:]
	if !slices.Equal(v.Shape, r.in.Shape) {
		nd.Fill(whole, r.in.Fill)
	}
	nd.Copy(whole.Sub(nd.Box{Start: r.full.Start, Shape: v.Shape}), v)
	if omit && nd.AllEqual(whole, r.in.Fill) {
		return out[:at], false, nil
	}
	if r.swap {
		r.in.Type.Swap(out[at:])
	}
	return out, true, nil
}

func (r *rawBytes) check(_ context.Context, _ *scratch, data []byte) error {
	if len(data) != r.size {
		return corrupt("%d bytes where a chunk of shape %v and type %s has %d", len(data), r.in.Shape, r.in.Type, r.size)
	}
	return nil
}

func (r *rawBytes) decode(ctx context.Context, sc *scratch, data []byte, box nd.Box, dst nd.View) error {
	if err := r.check(ctx, sc, data); err != nil {
		return err
	}
	r.window(sc, data, 0, box, dst)
	return nil
}

// window copies a box out of those bytes of the encoded chunk that begin at off.
func (r *rawBytes) window(sc *scratch, data []byte, off int, box nd.Box, dst nd.View) {
	src := r.view.Sub(box)
	src.Data, src.Off = data, src.Off-off
	r.copyOut(sc, dst, src)
}

// copyOut copies encoded elements to where they are wanted.
func (r *rawBytes) copyOut(sc *scratch, dst, src nd.View) {
	mem, ok := dst.Contiguous()
	if ok || !r.untidy() {
		nd.Copy(dst, src)
		if ok {
			r.tidy(mem)
		}
		return
	}
	// By way of a buffer, so much at a time that it stays in the cache.
	left := dst.Shape[0]
	slab := dst.Size() / left * dst.Item
	rows := min(left, max(1, slabSize/slab))
	held := bufpool.Get(rows * slab)
	shape := sc.take(len(dst.Shape))
	copy(shape, dst.Shape)
	tmp := sc.view(*held, shape, dst.Item)
	dst.Shape, src.Shape = shape, shape
	for ; left > 0; left -= rows {
		rows = min(rows, left)
		shape[0] = rows
		nd.Copy(tmp, src)
		r.tidy(tmp.Data[:rows*slab])
		nd.Copy(dst, tmp)
		dst.Off += rows * dst.Strides[0]
		src.Off += rows * src.Strides[0]
	}
	bufpool.Put(held)
}

const slabSize = 64 << 10

// untidy reports whether stored bytes are not elements yet.
func (r *rawBytes) untidy() bool { return r.swap || r.odd }

// tidy turns stored bytes into elements.
func (r *rawBytes) tidy(data []byte) {
	if r.swap {
		r.in.Type.Swap(data)
	}
	if r.odd {
		r.in.Type.Tidy(data)
	}
}

func (r *rawBytes) read(ctx context.Context, sc *scratch, src Source, box nd.Box, dst nd.View) error {
	if b, ok := inMemory(src); ok && len(b) == r.size {
		r.window(sc, b, 0, box, dst)
		return nil
	}
	if !slices.Equal(box.Shape, r.in.Shape) {
		return r.readRanges(ctx, sc, src, box, dst)
	}
	if into, ok := dst.Contiguous(); ok {
		data, err := src.ReadAll(ctx, into[:0], r.size)
		if err != nil {
			return err
		}
		if err := r.check(ctx, sc, data); err != nil {
			return err
		}
		if unsafe.SliceData(data) != unsafe.SliceData(into) {
			copy(into, data)
		}
		r.tidy(into)
		return nil
	}
	if r.size > maxWhole {
		return r.readRanges(ctx, sc, src, box, dst)
	}
	held := bufpool.Get(r.size)
	defer bufpool.Put(held)
	data, err := src.ReadAll(ctx, (*held)[:0], r.size)
	if err != nil {
		return err
	}
	return r.decode(ctx, sc, data, box, dst)
}
