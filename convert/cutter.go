package convert

import (
	"context"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// A box with gaps of a file is read as one span, gaps and all, if the span is no
// longer than maxSpan and no more than maxWaste times what is wanted: a system
// call costs as much as some kilobytes.
const (
	maxSpan  = 4 << 20
	maxWaste = 8
)

// cutter reads a box of a file that can be read anywhere. Axes are in file
// order.
type cutter struct {
	ctx   context.Context
	f     *File
	box   nd.Box
	shape []int
	item  int
}

// read reads the part of the box along axis and those after it into data, in
// file order. Off is where the array, cut to one position of each axis before,
// begins in the file.
func (c cutter) read(axis int, off int64, data []byte) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	whole := nd.NewView(nil, c.shape[axis:], c.item)
	part := nd.Box{Start: c.box.Start[axis:], Shape: c.box.Shape[axis:]}
	v := whole.Sub(part)
	span := c.item
	for i, n := range part.Shape {
		span += (n - 1) * whole.Strides[i]
	}
	start := off + int64(v.Off)
	switch {
	case span == len(data):
		return c.readAt(data, start)
	case span <= maxSpan && span/maxWaste <= len(data):
		buf := bufpool.Get(span)
		defer bufpool.Put(buf)
		if err := c.readAt(*buf, start); err != nil {
			return err
		}
		v.Data, v.Off = *buf, 0
		nd.Copy(nd.NewView(data, part.Shape, c.item), v)
		return nil
	}
	n := len(data) / part.Shape[0]
	for i := range part.Shape[0] {
		at := off + int64(part.Start[0]+i)*int64(whole.Strides[0])
		if err := c.read(axis+1, at, data[i*n:(i+1)*n]); err != nil {
			return err
		}
	}
	return nil
}

func (c cutter) readAt(data []byte, off int64) error {
	n, err := c.f.at.ReadAt(data, off)
	if n == len(data) {
		return nil
	}
	return c.f.short(err, off+int64(n)-c.f.off)
}
