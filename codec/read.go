package codec

import (
	"context"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Prepare returns a source like src that remembers what every read of it needs,
// such as a shard's index. It is for several reads of one object.
func (c *Chain) Prepare(ctx context.Context, src Source) (Source, error) {
	if s := c.shards(); s != nil {
		return s.prepare(ctx, src)
	}
	return src, nil
}

// Read decodes the elements of box, in chunk coordinates, into dst, which has
// the box's shape. The bytes of src are read whole, and checked, where they are
// compressed or checksummed; else in ranges. Of compressed bytes without a
// checksum of their own, no more need be decoded than the box takes. After an
// error the contents of dst are undefined.
func (c *Chain) Read(ctx context.Context, src Source, box nd.Box, dst nd.View) error {
	if err := c.admits(box, dst); err != nil || box.Empty() {
		return err
	}
	sc := newScratch()
	defer sc.free()
	return c.read(ctx, sc, src, box, dst)
}

func (c *Chain) read(ctx context.Context, sc *scratch, src Source, box nd.Box, dst nd.View) error {
	if len(c.bytes) == 0 || c.bare() && !slices.Equal(box.Shape, c.in.Shape) {
		box, dst = sc.transposed(c.perm, box, dst)
		return c.array.read(ctx, sc, src, box, dst)
	}
	data, held, err := c.fetch(ctx, src)
	defer put(held)
	if err != nil {
		return err
	}
	return c.decode(ctx, sc, data, box, dst)
}

// Check decodes all of src, and says what is wrong with it.
func (c *Chain) Check(ctx context.Context, src Source) error {
	sc := newScratch()
	defer sc.free()
	return c.checkAll(ctx, sc, src)
}

func (c *Chain) checkAll(ctx context.Context, sc *scratch, src Source) error {
	if f, ok := c.array.(*filtered); ok && f.total() {
		return f.inner.checkAll(ctx, sc, src)
	}
	if s, ok := c.array.(*sharding); ok && len(c.bytes) == 0 {
		return s.checkAll(ctx, sc, src)
	}
	data, held, err := c.fetch(ctx, src)
	defer put(held)
	if err != nil {
		return err
	}
	return c.check(ctx, sc, data)
}

func (c *Chain) check(ctx context.Context, sc *scratch, data []byte) error {
	data, held, err := c.peel(data, 0)
	defer put(held)
	if err != nil {
		return err
	}
	return c.array.check(ctx, sc, data)
}

// fetch returns all bytes of src and the buffer that they are in, if it is ours.
func (c *Chain) fetch(ctx context.Context, src Source) (data []byte, held *[]byte, err error) {
	if err := c.fits(); err != nil {
		return nil, nil, err
	}
	if b, ok := inMemory(src); ok {
		if len(b) > c.MaxStored() {
			return nil, nil, tooLong(int64(len(b)), c.MaxStored())
		}
		return b, nil, nil
	}
	stage := len(c.bytes)
	held = c.sizes.get(stage)
	data, err = src.ReadAll(ctx, (*held)[:0], c.MaxStored())
	if err == nil {
		*held = data
		c.sizes.saw(stage, len(data))
	}
	return data, held, err
}

// decode is read from all of the stored bytes.
func (c *Chain) decode(ctx context.Context, sc *scratch, data []byte, box nd.Box, dst nd.View) error {
	box, dst = sc.transposed(c.perm, box, dst)
	if c.bare() && len(data) == c.MaxStored() && !slices.Equal(box.Shape, c.shape) {
		c.raw.window(sc, data, 0, box, dst)
		return nil
	}
	if d, from, n := c.part(box); d != nil {
		return c.decodePart(sc, d, data, from, n, box, dst)
	}
	into, last := c.straight(box, dst)
	stop := 0
	if into != nil {
		stop = 1
	}
	data, held, err := c.peel(data, stop)
	defer put(held)
	switch {
	case err != nil:
		return err
	case into == nil:
		return c.array.decode(ctx, sc, data, box, dst)
	}
	if err := last.DecodeInto(into, data); err != nil {
		return err
	}
	c.raw.tidy(into)
	return nil
}

// part returns the codec that can decode no more than what holds a box, and
// where that is. Its own checksums have to be read with all of the rest, unless
// the chain is lazy; those behind it are always.
func (c *Chain) part(box nd.Box) (d partDecoder, from, n int) {
	if c.raw == nil || len(c.bytes) == 0 {
		return nil, 0, 0
	}
	d, ok := c.bytes[0].(partDecoder)
	if !ok || d.sums() && !c.lazy {
		return nil, 0, 0
	}
	off, n := c.raw.extent(box, 0)
	if from, ok = d.part(off, n, c.size); !ok {
		return nil, 0, 0
	}
	return d, from, off + n - from
}

func (c *Chain) decodePart(sc *scratch, d partDecoder, data []byte, from, n int, box nd.Box, dst nd.View) error {
	data, held, err := c.peel(data, 1)
	defer put(held)
	if err != nil {
		return err
	}
	part := bufpool.Get(n)
	defer bufpool.Put(part)
	if err := d.decodePart(*part, data, from, c.size); err != nil {
		return err
	}
	c.raw.window(sc, *part, from, box, dst)
	return nil
}

// straight returns the memory of dst, if it is laid out as the chunk is, and
// the codec that can decode right into it.
func (c *Chain) straight(box nd.Box, dst nd.View) ([]byte, compressing) {
	if c.raw == nil || len(c.bytes) == 0 || !slices.Equal(box.Shape, c.shape) {
		return nil, nil
	}
	d, ok := c.bytes[0].(compressing)
	if !ok {
		return nil, nil
	}
	into, _ := dst.Contiguous()
	return into, d
}

// peel undoes the bytes codecs from the last to that at stop, and returns what
// they give and the buffer that it is in, if that is not the memory of data.
func (c *Chain) peel(data []byte, stop int) (out []byte, held *[]byte, err error) {
	if err := c.fits(); err != nil {
		return nil, nil, err
	}
	for i := len(c.bytes) - 1; i >= stop; i-- {
		if t, ok := c.bytes[i].(*summed); ok {
			data, err = t.check(data)
		} else {
			next := c.sizes.get(i)
			data, err = c.bytes[i].(compressing).Decode((*next)[:0], data, c.limit[i])
			put(held)
			held = next
			if err == nil {
				*held = data
				c.sizes.saw(i, len(data))
			}
		}
		if err != nil {
			return nil, held, err
		}
	}
	return data, held, nil
}
