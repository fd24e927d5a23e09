package codec

import (
	"github.com/dosna/dosna/internal/compress/shuffle"
)

// shuffled is the codec "numcodecs.shuffle" (numcodecs documentation, "Shuffle";
// the filter of that name in HDF5): first byte 0 of every element, then byte 1 of
// every element, and so on.
type shuffled struct{ size int }

func bindShuffle(s Spec, in bytesInput) (bytesCodec, error) {
	c := &shuffled{size: max(in.t.Size(), 1)}
	if err := s.config(optional("elementsize", &c.size)); err != nil {
		return nil, err
	}
	switch {
	case c.size < 0:
		return nil, s.errorf(`configuration: "elementsize": %d is negative`, c.size)
	case c.size < 2:
	case in.exact < 0:
		return nil, s.errorf("it works on elements, and what comes before it gives bytes of any number")
	case in.exact%c.size != 0:
		return nil, s.errorf(`configuration: "elementsize": %d bytes are no whole number of elements of %d`, in.exact, c.size)
	}
	return c, nil
}

// Bound implements bytesCodec.
func (c *shuffled) Bound(n int) int { return n }

// Encode implements compressing.
func (c *shuffled) Encode(dst, src []byte) ([]byte, error) {
	at := len(dst)
	dst = grow(dst, len(src))
	shuffle.Bytes(dst[at:], src, c.size)
	return dst, nil
}

// Decode implements compressing.
func (c *shuffled) Decode(dst, src []byte, limit int) ([]byte, error) {
	if len(src) > limit {
		return dst, tooLong(int64(len(src)), limit)
	}
	at := len(dst)
	dst = grow(dst, len(src))
	return dst, c.DecodeInto(dst[at:], src)
}

// DecodeInto implements compressing.
func (c *shuffled) DecodeInto(dst, src []byte) error {
	if len(src) != len(dst) || c.size > 1 && len(src)%c.size != 0 {
		return corrupt("%d bytes of elements of %d, where there are to be %d", len(src), c.size, len(dst))
	}
	shuffle.UndoBytes(dst, src, c.size)
	return nil
}
