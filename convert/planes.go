package convert

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// planes are pictures that together are an array: the pages of a file, or the
// files of a stack. Its first axis counts them, unless there is a single picture.
type planes struct {
	n     int // 0: a single one, without an axis
	shape []int
	t     dtype.Type
	// unit is the number of rows that are packed together; 0: a picture is only
	// read as a whole.
	unit int
	// read reads whole rows, and is called by several goroutines at a time.
	read func(ctx context.Context, i, first, rows int, dst []byte) error
}

// file makes a File of the pictures.
func (p *planes) file(name string, close func() error) (*File, error) {
	shape := p.shape
	if p.n > 0 {
		shape = append([]int{p.n}, p.shape...)
	}
	l := Layout{Shape: shape, Type: p.t, Order: dtype.Native}
	size, err := l.bytes()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &File{layout: l, name: name, size: size, planes: p, close: close}, nil
}

// readBox reads a box, pictures or parts of them side by side.
func (p *planes) readBox(ctx context.Context, box nd.Box, dst nd.View) error {
	if p.n == 0 {
		box = nd.Box{Start: append([]int{0}, box.Start...), Shape: append([]int{1}, box.Shape...)}
		dst = dst.Insert(0)
	}
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	g.SetLimit(workers)
	first, rows := box.Start[1], box.Shape[1]
	step := rows
	if p.unit > 0 && box.Shape[0] < workers {
		step = (rows/workers/p.unit + 1) * p.unit
	}
	for i := range box.Shape[0] {
		for at := first; at < first+rows; {
			end := min(at/step*step+step, first+rows)
			part := nd.Box{Start: slices.Clone(box.Start[1:]), Shape: slices.Clone(box.Shape[1:])}
			part.Start[0], part.Shape[0] = at, end-at
			out := dst.Index(0, i).Sub(part.Sub(box.Start[1:]))
			g.Go(func() error { return p.readPart(ctx, box.Start[0]+i, part, out) })
			at = end
		}
	}
	return g.Wait()
}

// readPart reads a box of a picture.
func (p *planes) readPart(ctx context.Context, i int, box nd.Box, dst nd.View) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	rows := nd.Box{Start: make([]int, len(p.shape)), Shape: slices.Clone(p.shape)}
	rows.Start[0], rows.Shape[0] = box.Start[0], box.Shape[0]
	if data, ok := dst.Contiguous(); ok && rows.Equal(box) {
		return p.read(ctx, i, box.Start[0], box.Shape[0], data)
	}
	buf := bufpool.Get(rows.Size() * dst.Item)
	defer bufpool.Put(buf)
	if err := p.read(ctx, i, box.Start[0], box.Shape[0], *buf); err != nil {
		return err
	}
	nd.Copy(dst, nd.NewView(*buf, rows.Shape, dst.Item).Sub(box.Sub(rows.Start)))
	return nil
}
