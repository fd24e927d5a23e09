package dosna

import (
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/nd"
)

// Block is a part of an array at work: whole chunks, cut at the array's edges.
// Its views are valid during the call only.
type Block struct {
	// Box is where in the array the block lies.
	Box nd.Box
	// In has the elements of the box and, if asked for, those around it: its
	// shape is that of the box with the halo added on both sides.
	In nd.View
	// Out receives the results; it has the box's shape. Every element is to be
	// set: what is in it before, but for Apply, is arbitrary.
	Out nd.View
	// Halo is the width of the margin of In along each axis.
	Halo []int
}

// MapOptions modify Map; the zero value works on chunks without halo.
type MapOptions struct {
	// Halo is the number of elements around a block that the function sees
	// too, along each axis; nil is none. It may be wider than chunks, and
	// than the array.
	Halo []int
	// Boundary says what lies beyond the array's edges, as in scipy.ndimage.
	Boundary nd.Boundary
	// Value is the element beyond the edges where Boundary is Constant, as
	// bytes; nil is zero.
	Value []byte
	// BlockBytes is about how large a block's input may be. Larger blocks
	// read less twice where there is a halo. Zero is 32 MiB with a halo, and
	// without one a stored object at a time.
	BlockBytes int
}

// Map calls f for blocks that together are the whole array, and stores what f
// puts into their outputs in dst, which has the same shape and may have another
// type. Each stored object of dst is written once. f is called by several
// goroutines at a time; on an engine of several ranks, each does its share, and
// all have to call Map. dst must not be d itself: blocks would read neighbours
// already changed. For work in place without a halo there is Apply. Memory is
// that of a block's In and Out for each worker, and on stores behind a network of as
// many more as Options.InFlight has room for; there blocks need not come in order on one
// worker either. Blocks above 4 GiB are refused.
func (d *Dataset) Map(ctx context.Context, dst *Dataset, o MapOptions, f func(ctx context.Context, b Block) error) error {
	err := d.fixed()
	if err == nil {
		err = dst.fixed()
	}
	if err == nil {
		err = d.now().mapTo(ctx, dst.now(), o, f)
	}
	if err != nil {
		return d.errorf("map", err)
	}
	return nil
}

func (d *Dataset) mapTo(ctx context.Context, dst *Dataset, o MapOptions, f func(ctx context.Context, b Block) error) error {
	if err := d.checkMap(ctx, dst, &o); err != nil {
		return err
	}
	dst, err := dst.toWrite(ctx, nil)
	if err != nil {
		return err
	}
	blocks := dst.blocks(o, d.item())
	return dst.wrote(ctx, d.c.run(ctx, d.c.o.engine(), blocks.Len(), d.blockBytes(dst, blocks, o.Halo), func(ctx context.Context, i int) error {
		return d.mapBlock(ctx, dst, o, blocks.Cell(blocks.Coords(i, nil)), f)
	}, dst.c))
}

// blockBytes is how many bytes of a block's input, output and stored objects are held.
func (d *Dataset) blockBytes(dst *Dataset, blocks nd.Grid, halo []int) int {
	if blocks.Len() == 0 {
		return 0
	}
	shape := blocks.CellShape(make([]int, dst.NDim()))
	stored, _ := dst.holds()
	return inputBytes(shape, halo, d.item(), -1)/2 + inputBytes(shape, make([]int, len(shape)), dst.item(), -1)/2 + stored
}

func (d *Dataset) checkMap(ctx context.Context, dst *Dataset, o *MapOptions) error {
	if err := dst.writable(); err != nil {
		return fmt.Errorf("%s: %w", dst, err)
	}
	if same, err := d.is(ctx, dst); err != nil {
		return err
	} else if same {
		return fmt.Errorf("%w: its output is the dataset itself; Apply works in place, and a halo needs a new dataset", ErrInvalid)
	}
	if !slices.Equal(dst.doc.Shape, d.doc.Shape) {
		return fmt.Errorf("%w: its output has the shape %v instead of %v", ErrInvalid, dst.doc.Shape, d.doc.Shape)
	}
	if o.Halo == nil {
		o.Halo = make([]int, d.NDim())
	}
	if len(o.Halo) != d.NDim() || slices.ContainsFunc(o.Halo, func(h int) bool { return h < 0 }) {
		return fmt.Errorf("%w: the halo %v is not a width for each of %d axes", ErrInvalid, o.Halo, d.NDim())
	}
	if o.Value == nil {
		o.Value = make([]byte, d.item())
	}
	if len(o.Value) != d.item() {
		return fmt.Errorf("%w: a boundary value of %d bytes for elements of %s", ErrInvalid, len(o.Value), d.Type())
	}
	return nil
}

// haloBlock is the size of a block's input in bytes where there is a halo.
const haloBlock = 32 << 20

// blocks cuts the array into blocks of whole stored objects: one each, or with a
// halo as many as the options allow, as close to cubes as they can be.
func (d *Dataset) blocks(o MapOptions, item int) nd.Grid {
	limit := o.BlockBytes
	if limit == 0 && slices.ContainsFunc(o.Halo, func(h int) bool { return h > 0 }) {
		limit = haloBlock
	}
	if limit == 0 {
		return d.grid
	}
	shape := slices.Clone(d.doc.Chunks)
	for {
		best := -1
		for i := range shape {
			if shape[i] < d.doc.Shape[i] && (best < 0 || shape[i] < shape[best]) && inputBytes(shape, o.Halo, item, i) <= limit {
				best = i
			}
		}
		if best < 0 {
			break
		}
		shape[best] *= 2
	}
	return d.grid.Merge(shape)
}

// inputBytes is the size of a block's input after doubling it along one axis.
func inputBytes(shape, halo []int, item, double int) int {
	n := item
	for i, s := range shape {
		if i == double {
			s *= 2
		}
		if n > maxInput/(s+2*halo[i]+1) {
			return maxInput
		}
		n *= s + 2*halo[i]
	}
	return n
}

const maxInput = 1 << 62

func (d *Dataset) mapBlock(ctx context.Context, dst *Dataset, o MapOptions, box nd.Box, f func(context.Context, Block) error) error {
	from, to, free := d.partWith(dst)
	defer free()
	in := nd.Box{Start: slices.Clone(box.Start), Shape: slices.Clone(box.Shape)}
	for i, h := range o.Halo {
		in.Start[i] -= h
		in.Shape[i] += 2 * h
	}
	held, inBuf, err := hold(in.Shape, from.item())
	if err != nil {
		return fmt.Errorf("the input of block %v: %w", box, err)
	}
	defer bufpool.Put(inBuf)
	out, outBuf, err := hold(box.Shape, to.item())
	if err != nil {
		return fmt.Errorf("the output of block %v: %w", box, err)
	}
	defer bufpool.Put(outBuf)
	b := Block{Box: box, Halo: o.Halo, In: held, Out: out}
	err = o.Boundary.Read(b.In, in, from.doc.Shape, o.Value, func(part nd.Box, view nd.View) error {
		return from.readSerial(ctx, part, view)
	})
	if err != nil {
		return err
	}
	if err := f(slots.Keep(ctx), b); err != nil {
		return err
	}
	return to.writeSerial(ctx, box, b.Out)
}

// readSerial reads a box for tasks that run side by side already, see serial.
func (d *Dataset) readSerial(ctx context.Context, box nd.Box, dst nd.View) error {
	if box.Empty() {
		return nil
	}
	r, err := nd.BoxSelection(box).Resolve(d.doc.Shape)
	if err != nil {
		return err
	}
	j := d.reading(r, dst)
	bytes, _ := d.holds()
	if err := d.c.serial(ctx, j.pieces.Len(), bytes, j.task); err != nil {
		return err
	}
	return j.settle(ctx)
}

// writeSerial writes a box for them.
func (d *Dataset) writeSerial(ctx context.Context, box nd.Box, src nd.View) error {
	if box.Empty() {
		return nil
	}
	r, err := nd.BoxSelection(box).Resolve(d.doc.Shape)
	if err != nil {
		return err
	}
	pieces := r.Pieces(d.grid)
	stored, decoded := d.holds()
	return d.c.serial(ctx, pieces.Len(), 2*stored+decoded, func(ctx context.Context, i int) error {
		return d.writePiece(ctx, pieces.At(i), src, nil)
	})
}
