package ops

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

// convertTexts fills dst with the elements of src, one of which has texts or bytes: a
// stored object of dst at a time on each worker.
func convertTexts(ctx context.Context, dst, src *dosna.Dataset, o CastOptions) error {
	to, err := texter(src.Type())
	var from fromText
	if err == nil {
		from, err = parser(dst.Type(), o)
	}
	if err == nil && !slices.Equal(src.Shape(), dst.Shape()) {
		err = fmt.Errorf("it is of shape %v, and the result of %v", src.Shape(), dst.Shape())
	}
	if err != nil {
		return fmt.Errorf("convert %s into %s: %w: %w", src, dst, dosna.ErrInvalid, err)
	}
	in, out := src.Connection().Options(), dst.Connection().Options()
	workers := in.Engine
	grid := dst.Grid()
	tick := progress(in, grid.Len())
	in.Engine, in.Progress, out.Engine, out.Progress = engine.CPU(), nil, engine.CPU(), nil
	reader, writer := src.With(in), dst.With(out)
	return reader.Run(ctx, workers, grid.Len(), blockBytes(dst, memoryOf(src.Type())+memoryOf(dst.Type())), func(ctx context.Context, i int) error {
		box := grid.Cell(grid.Coords(i, nil))
		sel := nd.BoxSelection(box)
		b, err := reader.ReadBlock(ctx, sel)
		if err != nil {
			return err
		}
		b, err = convertBlock(b, src.Type(), dst.Type(), box, to, from)
		if err != nil {
			return fmt.Errorf("convert %s into %s: %w: %w", src, dst, dosna.ErrInvalid, err)
		}
		if err := writer.WriteBlock(ctx, sel, b); err != nil {
			return err
		}
		tick()
		return nil
	}, writer)
}

// blockBytes is about what a stored object of d takes in memory, with so many bytes for an element.
func blockBytes(d *dosna.Dataset, item int) int {
	n, ok := nd.Size(append([]int{item}, d.Grid().Largest()...))
	if !ok {
		return math.MaxInt
	}
	return n
}

// convertBlock converts the elements of a box.
func convertBlock(b codec.Block, from, to dtype.Type, box nd.Box, read toText, parse fromText) (codec.Block, error) {
	n := box.Size()
	var out codec.Block
	for i := range n {
		var elem []byte
		if from.Variable() {
			elem = b.At(i)
		} else {
			elem = b.Data[i*from.Size() : (i+1)*from.Size()]
		}
		text, err := read(elem)
		if err == nil {
			elem, err = parse(text)
		}
		if err != nil {
			return out, fmt.Errorf("element %v: %w", place(box, i), err)
		}
		out.Data = append(out.Data, elem...)
		if to.Variable() {
			out.Ends = append(out.Ends, int64(len(out.Data)))
		}
	}
	return out, nil
}

// place returns the coordinates of element i of a box, in C order.
func place(box nd.Box, i int) []int {
	at := slices.Clone(box.Start)
	for axis, n := range slices.Backward(box.Shape) {
		at[axis] += i % n
		i /= n
	}
	return at
}
