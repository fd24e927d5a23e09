package codec

import (
	"context"
	"slices"

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
	view nd.View // of the whole chunk, to be given its data
}

func bindBytes(s Spec, in Chunk) (arrayCodec, error) {
	var o struct {
		Endian *string `json:"endian"`
	}
	if err := s.config(&o); err != nil {
		return nil, err
	}
	r := &rawBytes{in: in, view: nd.NewView(nil, in.Shape, in.Type.Size())}
	r.size = r.view.Size() * in.Type.Size()
	switch {
	case o.Endian == nil && in.Type.Unit() > 1:
		return nil, s.errorf(`configuration: "endian" is missing: elements of %s need little or big`, in.Type)
	case o.Endian == nil:
	case *o.Endian == dtype.Little.String():
		r.swap = dtype.Native == dtype.Big && in.Type.Unit() > 1
	case *o.Endian == dtype.Big.String():
		r.swap = dtype.Native == dtype.Little && in.Type.Unit() > 1
	default:
		return nil, s.errorf("configuration: endian %q is neither little nor big", *o.Endian)
	}
	return r, nil
}

func (r *rawBytes) limit() int    { return r.size }
func (r *rawBytes) memory() int   { return r.size }
func (r *rawBytes) grain() []int  { return r.in.Shape }
func (r *rawBytes) checked() bool { return false }
func (r *rawBytes) partial() bool { return true }

// plain is false for booleans, whose bytes may be anything in foreign data and
// must be 0 or 1 in Go's memory.
func (r *rawBytes) plain() bool { return !r.swap && r.in.Type != dtype.Bool }

// tidy turns stored bytes into elements.
func (r *rawBytes) tidy(data []byte) {
	if r.swap {
		dtype.Swap(data, r.in.Type.Unit())
	}
	if r.in.Type == dtype.Bool {
		for i, b := range data {
			if b > 1 {
				data[i] = 1
			}
		}
	}
}

func (r *rawBytes) encode(dst []byte, v nd.View) ([]byte, error) {
	at := len(dst)
	dst = grow(slices.Grow(dst, r.size+16), r.size) // room for a checksum behind it
	whole := r.view
	whole.Data = dst[at:]
	if !slices.Equal(v.Shape, r.in.Shape) {
		nd.Fill(whole, r.in.Fill)
	}
	nd.Copy(whole.Sub(nd.Full(v.Shape)), v)
	if r.swap {
		dtype.Swap(dst[at:], r.in.Type.Unit())
	}
	return dst, nil
}

func (r *rawBytes) check(_ context.Context, data []byte) error {
	if len(data) != r.size {
		return corrupt("%d bytes where a chunk of shape %v and type %s has %d", len(data), r.in.Shape, r.in.Type, r.size)
	}
	return nil
}

func (r *rawBytes) decode(ctx context.Context, data []byte, box nd.Box, dst nd.View) error {
	if err := r.check(ctx, data); err != nil {
		return err
	}
	r.tidy(data)
	whole := r.view
	whole.Data = data
	nd.Copy(dst, whole.Sub(box))
	return nil
}

// Ranges are read one by one where the box is so thin that reading over the
// gaps would cost more than another request.
const (
	smallExtent = 64 << 10 // bytes that are read at once whatever the box needs of them
	overRead    = 4        // times the bytes needed that are read at once
)

func (r *rawBytes) read(ctx context.Context, src Source, box nd.Box, dst nd.View) error {
	if data, ok := dst.Contiguous(); ok && r.plain() && slices.Equal(box.Shape, r.in.Shape) {
		out, err := src.ReadAll(ctx, data[:0:len(data)], len(data))
		if err == nil && len(out) != len(data) {
			err = r.check(ctx, out)
		}
		return err
	}
	p := rangePlan{raw: r}
	p.split(box, dst, 0)
	held := bufpool.Get(p.temp)
	defer bufpool.Put(held)
	spans := make([]nd.Span, len(p.parts))
	rest := *held
	for i, part := range p.parts {
		spans[i] = nd.Span{Off: int64(part.off), Dst: part.into}
		if part.into == nil {
			spans[i].Dst, rest = rest[:part.n:part.n], rest[part.n:]
		}
	}
	if err := src.ReadSpans(ctx, spans); err != nil {
		return err
	}
	for i, part := range p.parts {
		if part.into == nil {
			r.tidy(spans[i].Dst)
			from := r.view
			from.Data, from.Off = spans[i].Dst, -part.off
			nd.Copy(part.dst, from.Sub(part.box))
		}
	}
	return nil
}

// rangePlan lists the runs of stored bytes that hold a box.
type rangePlan struct {
	raw   *rawBytes
	parts []rangePart
	temp  int // bytes of the parts that do not go straight into the result
}

type rangePart struct {
	off, n int
	into   []byte // the part's place in the result, if it is laid out alike
	box    nd.Box
	dst    nd.View
}

func (p *rangePlan) split(box nd.Box, dst nd.View, axis int) {
	item := dst.Item
	off, n := 0, item
	for i, s := range p.raw.view.Strides {
		off += box.Start[i] * s
		n += (box.Shape[i] - 1) * s
	}
	need := box.Size() * item
	if n > max(smallExtent, overRead*need) {
		for ; axis < len(box.Shape); axis++ {
			if box.Shape[axis] == 1 {
				continue
			}
			for i := range box.Shape[axis] {
				b := nd.Box{Start: slices.Clone(box.Start), Shape: slices.Clone(box.Shape)}
				b.Start[axis], b.Shape[axis] = box.Start[axis]+i, 1
				p.split(b, dst.Step(axis, i, 1, 1), axis+1)
			}
			return
		}
	}
	part := rangePart{off: off, n: n, box: box, dst: dst}
	if data, ok := dst.Contiguous(); ok && n == need && p.raw.plain() {
		part.into = data
	} else {
		p.temp += n
	}
	p.parts = append(p.parts, part)
}
