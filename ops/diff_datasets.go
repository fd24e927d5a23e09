package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// lengths are those of chunks or shards along each axis: a number, or if these are what
// is stored, the list of a rectilinear grid.
func lengths(shape []int, d *dosna.Dataset, stored bool) []any {
	if shape == nil {
		return nil
	}
	out := make([]any, len(shape))
	for i, n := range shape {
		out[i] = n
		if edges := d.Edges(); stored && edges != nil && edges[i] != nil {
			out[i] = edges[i]
		}
	}
	return out
}

// datasets compares two datasets, but for their attributes.
func (f *differ) datasets(ctx context.Context, path string, a, b *dosna.Dataset) error {
	sa, sb := a.Spec(), b.Spec()
	parts := []struct {
		kind DiffKind
		a, b any
	}{
		{DiffShapes, append([]int{}, sa.Shape...), append([]int{}, sb.Shape...)},
		{DiffTypes, sa.Type.JSON(), sb.Type.JSON()},
		{DiffFillValues, sa.Type.FormatFill(a.Fill()), sb.Type.FormatFill(b.Fill())},
		{DiffDimensions, sa.DimensionNames, sb.DimensionNames},
		{DiffChunks, lengths(a.Chunks(), a, a.Shards() == nil), lengths(b.Chunks(), b, b.Shards() == nil)},
		{DiffShards, lengths(a.Shards(), a, true), lengths(b.Shards(), b, true)},
		{DiffCodecs, sa.Codecs, sb.Codecs},
		{DiffKeys, sa.Keys, sb.Keys},
	}
	if !f.o.Metadata {
		parts = parts[:4]
	}
	for _, p := range parts {
		x, y := textOf(p.a), textOf(p.b)
		same := p.kind == DiffFillValues && sameFill(a, b)
		if p.kind == DiffCodecs {
			same = sameText(x, y)
		}
		if same {
			continue
		}
		if err := f.either(path, p.kind, x, y); err != nil {
			return err
		}
	}
	elements := comparisonOf(sa.Type, sb.Type, f.o)
	if !slices.Equal(sa.Shape, sb.Shape) || elements == nil && sa.Type != sb.Type { // which has been told
		return nil
	}
	if elements == nil {
		return fmt.Errorf("%s: %w: elements of %s cannot be compared", a, errors.ErrUnsupported, sa.Type)
	}
	c := newContents(f, a, b, elements)
	if err := c.run(ctx); err != nil && !errors.Is(err, errEnough) {
		return err
	}
	f.sum.Datasets++
	f.sum.Elements += a.Size()
	if c.found.Count == 0 {
		return nil
	}
	c.found.Size = a.Size()
	return f.found(Difference{Kind: DiffValues, Path: path, Values: &c.found})
}

// sameText compares two values in JSON, whatever they are laid out like.
func sameText(a, b json.RawMessage) bool {
	var x, y any
	for _, v := range []struct {
		text json.RawMessage
		into *any
	}{{a, &x}, {b, &y}} {
		d := json.NewDecoder(bytes.NewReader(v.text))
		d.UseNumber()
		if d.Decode(v.into) != nil {
			return false
		}
	}
	return sameJSON(x, y)
}

// sameFill compares fill values as elements, NaNs as equal: of one type bit by
// bit, since they decide what a stored chunk is.
func sameFill(a, b *dosna.Dataset) bool {
	if a.Type() == b.Type() {
		return bytes.Equal(a.Fill(), b.Fill())
	}
	same := comparisonOf(a.Type(), b.Type(), DiffOptions{})
	if same == nil {
		return false
	}
	equal := true
	same(blockOfOne(a.Type(), a.Fill()), blockOfOne(b.Type(), b.Fill()), func(int, float64, float64) { equal = false })
	return equal
}

// ValueDifference tells how the elements of two datasets differ.
type ValueDifference struct {
	// Count is how many differ, of Size.
	Count, Size int
	// First is the index of the first of them, in C order, and A and B are the
	// elements there, as dtype.Type.Format writes them. With the option First it
	// is the one that was found first.
	First []int
	A, B  string
	// Abs and Rel are the largest |a-b| and |a-b|/|b| among those that differ, of
	// times in their unit. They are NaN if no difference can be told: of texts and
	// the like, and where one of two is NaN.
	Abs, Rel float64
}

// contents compares the elements of two datasets of one shape.
type contents struct {
	f     *differ
	a, b  *dosna.Dataset // which work on the caller's goroutine
	pairs comparison
	// bitwise says that elements with equal bytes are equal.
	bitwise bool
	workers *engine.Engine
	block   []int

	mu    sync.Mutex
	found ValueDifference
}

func newContents(f *differ, a, b *dosna.Dataset, pairs comparison) *contents {
	o := a.Connection().Options()
	c := &contents{f: f, pairs: pairs}
	c.found.Abs, c.found.Rel = math.NaN(), math.NaN()
	c.bitwise = a.Type() == b.Type() && !(f.o.NaNDiffers && hasNaN(a.Type()))
	workers := 0 // as many as there are processors
	if o.Engine != nil {
		workers = o.Engine.Workers()
	}
	c.workers = engine.Threads(workers)
	alone := func(d *dosna.Dataset) *dosna.Dataset {
		o := d.Connection().Options()
		o.Engine, o.Progress = engine.CPU(), nil
		return d.With(o)
	}
	c.a, c.b = alone(a), alone(b)
	c.block = blockOf(a.Shape(), a.Chunks(), b.Chunks(), max(memoryOf(a.Type()), memoryOf(b.Type())))
	return c
}

// memoryOf is about what an element takes in memory; of any length, a few words.
func memoryOf(t dtype.Type) int {
	if t.Variable() {
		return 64
	}
	return t.Size()
}

// What is read of each dataset at a time: chunks together until they are so many
// bytes, and parts of those that have more than the most.
const (
	diffBlock = 8 << 20
	diffMost  = 128 << 20
)

// blockOf returns the shape of what is compared at a time.
func blockOf(shape, chunksA, chunksB []int, item int) []int {
	block := make([]int, len(shape))
	for i, n := range shape {
		block[i] = max(min(max(chunksA[i], chunksB[i]), n), 1)
	}
	fits := func(limit int) bool {
		n, ok := nd.Size(block)
		return ok && n <= limit/item
	}
	for !fits(diffMost) && slices.Max(block) > 1 {
		i := slices.Index(block, slices.Max(block))
		block[i] = (block[i] + 1) / 2
	}
	for {
		best := -1
		for i, n := range block {
			if n < shape[i] && (best < 0 || n < block[best]) {
				best = i
			}
		}
		if best < 0 {
			return block
		}
		was := block[best]
		block[best] = min(2*was, shape[best])
		if !fits(diffBlock) {
			block[best] = was
			return block
		}
	}
}

// parallel runs tasks that read of both datasets.
func (c *contents) parallel(ctx context.Context, n int, task func(ctx context.Context, i int) error) error {
	size, _ := nd.Size(c.block)
	return c.a.Run(ctx, c.workers, n, 2*size*max(memoryOf(c.a.Type()), memoryOf(c.b.Type())), task, c.b)
}

func (c *contents) run(ctx context.Context) error {
	if c.a.Size() == 0 {
		return nil
	}
	if c.bitwise && bytes.Equal(c.a.Fill(), c.b.Fill()) && c.a.Grid().Equal(c.b.Grid()) {
		err := c.stored(ctx)
		if !errors.Is(err, errors.ErrUnsupported) { // a store that cannot list
			return err
		}
		c.found = ValueDifference{Abs: math.NaN(), Rel: math.NaN()}
	}
	blocks, err := nd.NewGrid(c.a.Shape(), c.block)
	if err != nil {
		return err
	}
	c.f.progress.expect(blocks.Len())
	return c.parallel(ctx, blocks.Len(), func(ctx context.Context, i int) error {
		err := c.compare(ctx, blocks.Cell(blocks.Coords(i, nil)))
		if err == nil {
			c.f.progress.tick()
		}
		return err
	})
}

// diffListed is how many chunks are taken from a listing before they are compared.
const diffListed = 4096

// stored compares what is stored of two datasets that are cut alike and have the
// same fill value: what neither has is equal.
func (c *contents) stored(ctx context.Context) error {
	for _, err := range c.b.StoredChunks(ctx) { // before all of a is read, for nothing if b cannot list
		if err != nil {
			return err
		}
		break
	}
	for _, side := range []struct {
		from, to *dosna.Dataset
		second   bool
	}{{c.a, c.b, false}, {c.b, c.a, true}} {
		var batch []*dosna.Chunk
		for k, err := range side.from.StoredChunks(ctx) {
			if err != nil {
				return err
			}
			if batch = append(batch, k); len(batch) < diffListed {
				continue
			}
			if err := c.chunks(ctx, batch, side.to, side.second); err != nil {
				return err
			}
			batch = batch[:0]
		}
		if err := c.chunks(ctx, batch, side.to, side.second); err != nil {
			return err
		}
	}
	return nil
}

// chunks compares chunks that one dataset stores with those of the other. The
// second time those that the other stores too have been compared already.
func (c *contents) chunks(ctx context.Context, batch []*dosna.Chunk, other *dosna.Dataset, second bool) error {
	c.f.progress.expect(len(batch))
	unequal := make([]bool, len(batch))
	err := c.parallel(ctx, len(batch), func(ctx context.Context, i int) error {
		k, err := other.Chunk(batch[i].Coords()...)
		if err != nil {
			return err
		}
		var done bool
		if second {
			done, err = k.Exists(ctx)
		} else {
			done, err = batch[i].SameStored(ctx, k)
		}
		if err != nil {
			return err
		}
		unequal[i] = !done
		c.f.progress.tick()
		return nil
	})
	if err != nil {
		return err
	}
	var left []nd.Box
	for i, k := range batch {
		if unequal[i] {
			left = append(left, k.Box())
		}
	}
	if len(left) == 0 {
		return nil
	}
	cell := slices.Clone(left[0].Shape)
	for _, box := range left {
		for i, n := range box.Shape {
			cell[i] = max(cell[i], n)
		}
	}
	parts, err := nd.NewGrid(cell, c.block)
	if err != nil {
		return err
	}
	n := parts.Len()
	if n > math.MaxInt/len(left) {
		return fmt.Errorf("%w: %d chunks of shape %v in blocks of shape %v are too many", dosna.ErrInvalid, len(left), cell, c.block)
	}
	c.f.progress.expect(n * len(left))
	return c.parallel(ctx, n*len(left), func(ctx context.Context, i int) error {
		box := left[i/n]
		part, ok := parts.Cell(parts.Coords(i%n, nil)).Shift(box.Start).Intersect(box)
		if ok {
			if err := c.compare(ctx, part); err != nil {
				return err
			}
		}
		c.f.progress.tick()
		return nil
	})
}

// compare compares the elements of a box.
func (c *contents) compare(ctx context.Context, box nd.Box) error {
	x, giveA, err := c.read(ctx, c.a, box)
	if err != nil {
		return err
	}
	defer giveA()
	y, giveB, err := c.read(ctx, c.b, box)
	if err != nil {
		return err
	}
	defer giveB()
	if c.bitwise && bytes.Equal(x.Data, y.Data) && slices.Equal(x.Ends, y.Ends) {
		return nil
	}
	first, count := 0, 0
	largestAbs, largestRel := math.NaN(), math.NaN()
	c.pairs(x, y, func(i int, abs, rel float64) {
		if count == 0 {
			first = i
		}
		count++
		largestAbs, largestRel = larger(largestAbs, abs), larger(largestRel, rel)
	})
	if count == 0 {
		return nil
	}
	at := make([]int, len(box.Shape))
	for i, rest := len(at)-1, first; i >= 0; i-- {
		rest, at[i] = rest/box.Shape[i], box.Start[i]+rest%box.Shape[i]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found.Count == 0 || slices.Compare(at, c.found.First) < 0 {
		text := func(t dtype.Type, b codec.Block) string { return t.Format(element(t, b, first)) }
		c.found.First, c.found.A, c.found.B = at, text(c.a.Type(), x), text(c.b.Type(), y)
	}
	c.found.Count += count
	c.found.Abs, c.found.Rel = larger(c.found.Abs, largestAbs), larger(c.found.Rel, largestRel)
	if c.f.o.First {
		return errEnough
	}
	return nil
}

// read returns the elements of a box, and a function that gives their memory back.
func (c *contents) read(ctx context.Context, d *dosna.Dataset, box nd.Box) (b codec.Block, give func(), err error) {
	t := d.Type()
	if t.Variable() {
		b, err = d.ReadBlock(ctx, nd.BoxSelection(box))
		return b, func() {}, err
	}
	buf := bufpool.Get(box.Size() * t.Size())
	if err := d.ReadBox(ctx, box, nd.NewView(*buf, box.Shape, t.Size())); err != nil {
		bufpool.Put(buf)
		return b, nil, err
	}
	return codec.Block{Data: *buf}, func() { bufpool.Put(buf) }, nil
}

// larger returns the larger of two numbers, of which NaNs do not count.
func larger(x, y float64) float64 {
	if x != x || y > x {
		return y
	}
	return x
}
