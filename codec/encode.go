package codec

import (
	"fmt"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Encode appends the stored form of a chunk to dst. v is its leading corner, as
// at the edge of an array; the rest of the chunk is fill. After an error dst is
// returned with what it held.
func (c *Chain) Encode(dst []byte, v nd.View) ([]byte, error) {
	if err := c.holds(v); err != nil {
		return dst, err
	}
	sc := newScratch()
	defer sc.free()
	out, _, err := c.encode(sc, dst, v, false)
	return out, err
}

// holds reports an error if v is not the corner of a chunk.
func (c *Chain) holds(v nd.View) error {
	ok := len(v.Shape) == len(c.in.Shape) && v.Item == c.item
	for i := 0; ok && i < len(v.Shape); i++ {
		ok = v.Shape[i] >= 0 && v.Shape[i] <= c.in.Shape[i]
	}
	if !ok {
		return fmt.Errorf("elements of %d bytes and shape %v for a chunk of %s of shape %v", v.Item, v.Shape, c.in.Type, c.in.Shape)
	}
	return v.Check()
}

// encode is arrayCodec's, for the whole chain.
func (c *Chain) encode(sc *scratch, dst []byte, v nd.View, omit bool) (out []byte, stored bool, err error) {
	if err := c.fits(); err != nil {
		return dst, false, err
	}
	_, v = sc.transposed(c.perm, c.full, v)
	if c.left == 0 {
		out = dst
		if c.raw != nil {
			out = slices.Grow(dst, c.MaxStored())
		}
		out, stored, err = c.array.encode(sc, out, v, omit)
		if err != nil || !stored {
			return out[:len(dst)], false, err // perhaps with more room
		}
		for _, b := range c.bytes {
			out = b.(*summed).seal(out, len(dst))
		}
		return out, true, nil
	}
	data, held, stored, err := c.flatten(sc, v, omit)
	if err == nil && stored {
		out, held, err = c.wrap(dst, data, held)
	}
	put(held)
	if err != nil || !stored {
		return dst, false, err
	}
	return out, true, nil
}

// flatten returns what the array codec makes of v, and the buffer that it is
// in, if that is not the memory of v.
func (c *Chain) flatten(sc *scratch, v nd.View, omit bool) (data []byte, held *[]byte, stored bool, err error) {
	if c.raw != nil && !isSum(c.bytes[0]) {
		if mem, ok := c.raw.direct(v); ok {
			all := c.raw.view
			all.Data = mem
			return mem, nil, !omit || !nd.AllEqual(all, c.fill), nil
		}
	}
	if c.raw != nil {
		held = bufpool.Get(c.limit[0] + spare)
	} else {
		held = c.sizes.get(0)
	}
	data, stored, err = c.array.encode(sc, (*held)[:0], v, omit)
	*held = data
	c.sizes.saw(0, len(data))
	return data, held, stored, err
}

// wrap appends to dst what the bytes codecs make of data, of which at least one
// makes new bytes. It returns the buffer that is to be given back instead of held.
func (c *Chain) wrap(dst, data []byte, held *[]byte) ([]byte, *[]byte, error) {
	from, left := len(dst), c.left
	for i, b := range c.bytes {
		t, ok := b.(*summed)
		switch {
		case ok && left > 0:
			data = t.seal(data, 0)
			*held = data
		case ok:
			dst = t.seal(dst, from)
		case left == 1:
			var err error
			if dst, err = b.(compressing).Encode(dst, data); err != nil {
				return dst, held, err
			}
			left = 0
		default:
			next := c.sizes.get(i + 1)
			out, err := b.(compressing).Encode((*next)[:0], data)
			*next = out
			put(held)
			if err != nil {
				return dst, next, err
			}
			c.sizes.saw(i+1, len(out))
			data, held = out, next
			left--
		}
	}
	return dst, held, nil
}
