package codec

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// maxWhole is the largest chunk that is encoded or decoded in one piece: what
// metadata claims beyond it is not met with memory.
const maxWhole = 4 << 30

// Chain is a list of codecs bound to a kind of chunk. It is safe for concurrent
// use.
type Chain struct {
	specs []Spec
	in    Chunk
	perm  []int // stored axis i is the chunk's axis perm[i]; nil: the same
	shape []int // of the stored, transposed chunk
	array arrayCodec
	bytes []BytesCodec
	limit []int // limit[i]: most bytes that can come out of the first i bytes codecs
	lazy  bool
}

// arrayCodec is the array→bytes codec of a chain; its views and boxes are in
// stored axis order.
type arrayCodec interface {
	// encode appends the chunk whose leading corner is v; outside it is fill.
	encode(dst []byte, v nd.View) ([]byte, error)
	// decode copies a box out of the whole encoded chunk, which it may change.
	decode(ctx context.Context, data []byte, box nd.Box, dst nd.View) error
	// read does the same with ranges of the source.
	read(ctx context.Context, src Source, box nd.Box, dst nd.View) error
	check(ctx context.Context, data []byte) error
	limit() int     // most bytes that a valid encoding has
	memory() int    // bytes needed at once to encode or decode a piece of it
	grain() []int   // shape of the pieces that can be read apart
	checked() bool  // every element is under a checksum
	partial() bool  // read serves a small box with small ranges
	plain() bool    // the encoding is the elements themselves
}

// Bind checks specs against the chunks they are to encode.
func Bind(specs []Spec, in Chunk) (*Chain, error) {
	return bind(specs, in, 0)
}

// maxNesting bounds shards in shards in shards.
const maxNesting = 8

func bind(specs []Spec, in Chunk, depth int) (*Chain, error) {
	if in.Type.Size() == 0 || len(in.Fill) != in.Type.Size() {
		return nil, fmt.Errorf("a fill value of %d bytes for elements of %d", len(in.Fill), in.Type.Size())
	}
	if n, ok := nd.Size(in.Shape); !ok || n > math.MaxInt/in.Type.Size() || slices.Contains(in.Shape, 0) {
		return nil, fmt.Errorf("the chunk shape %v is impossible: every length is at least 1, and the bytes are to fit 63 bits", in.Shape)
	}
	c := &Chain{specs: specs, in: in, shape: in.Shape}
	rest := specs
	for len(rest) > 0 && rest[0].Name == "transpose" {
		if err := c.transpose(rest[0]); err != nil {
			return nil, err
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return nil, fmt.Errorf("no codec turns the array into bytes: one of bytes and sharding_indexed is needed")
	}
	stored := Chunk{c.shape, in.Type, in.Fill}
	var err error
	switch rest[0].Name {
	case "bytes":
		c.array, err = bindBytes(rest[0], stored)
	case "sharding_indexed":
		c.array, err = bindSharding(rest[0], stored, depth)
	default:
		if _, ok := bytesCodecs[rest[0].Name]; ok {
			return nil, fmt.Errorf("codec %s works on bytes: one of bytes and sharding_indexed goes before it", rest[0].Name)
		}
		return nil, unknown(rest[0])
	}
	if err != nil {
		return nil, err
	}
	c.limit = []int{c.array.limit()}
	for _, s := range rest[1:] {
		b, err := bindBytesCodec(s, in)
		if err != nil {
			return nil, err
		}
		c.bytes = append(c.bytes, b)
		last := c.limit[len(c.limit)-1]
		c.limit = append(c.limit, max(last, b.Bound(last))) // max: a sum past the largest int
	}
	return c, nil
}

func bindBytesCodec(s Spec, in Chunk) (BytesCodec, error) {
	bind, ok := bytesCodecs[s.Name]
	if !ok {
		switch s.Name {
		case "bytes", "transpose", "sharding_indexed":
			return nil, s.errorf("works on arrays, and stands behind a codec that gives bytes")
		}
		return nil, unknown(s)
	}
	return bind(s, in.Type)
}

func unknown(s Spec) error {
	return fmt.Errorf("unknown codec %q (known: %v)", s.Name, Names())
}

// Specs returns the codecs as they were bound.
func (c *Chain) Specs() []Spec { return slices.Clone(c.specs) }

// Chunk returns what the chain is bound to.
func (c *Chain) Chunk() Chunk { return c.in }

// Lazy returns the same chain with leave to read a box by byte ranges although
// a checksum covers the whole chunk, which then is not checked.
func (c *Chain) Lazy() *Chain {
	l := *c
	l.lazy = true
	if s, ok := c.array.(*sharding); ok {
		l.array = s.lazy()
	}
	return &l
}

// Grain returns the shape of the smallest pieces that are decoded apart from
// each other: the innermost chunks of a shard, else the chunk.
func (c *Chain) Grain() []int {
	if len(c.bytes) > 0 {
		return c.in.Shape
	}
	return c.unstored(c.array.grain())
}

// Inner returns the chunk shape inside a shard, and whether there are shards.
func (c *Chain) Inner() ([]int, bool) {
	s, ok := c.array.(*sharding)
	if !ok {
		return c.in.Shape, false
	}
	return c.unstored(s.inner.in.Shape), true
}

// Checked reports whether a checksum covers every element, so that damage to
// stored bytes never passes for data.
func (c *Chain) Checked() bool {
	return c.array.checked() || slices.ContainsFunc(c.bytes, isTrailer)
}

func isTrailer(b BytesCodec) bool { _, ok := b.(trailer); return ok }

// Partial reports whether a box smaller than a chunk is read by the byte ranges
// that hold it.
func (c *Chain) Partial() bool {
	return (len(c.bytes) == 0 || c.skipsChecks()) && c.array.partial()
}

// skipsChecks reports whether only checksums lie around the elements, and may
// be left unread.
func (c *Chain) skipsChecks() bool {
	for _, b := range c.bytes {
		if !isTrailer(b) {
			return false
		}
	}
	return c.lazy && c.array.plain()
}

// MaxStored returns the most bytes that a valid stored chunk has.
func (c *Chain) MaxStored() int { return c.limit[len(c.limit)-1] }

// Prepare returns a source like src that remembers what every read of it needs,
// such as a shard's index. It is for several reads of one object.
func (c *Chain) Prepare(ctx context.Context, src Source) (Source, error) {
	if s, ok := c.array.(*sharding); ok && len(c.bytes) == 0 {
		return s.prepare(ctx, src)
	}
	return src, nil
}

// Read decodes the elements of box, in chunk coordinates, into dst, which has
// the box's shape. The bytes of src are read whole, and checked, where they are
// compressed or checksummed; else in ranges.
func (c *Chain) Read(ctx context.Context, src Source, box nd.Box, dst nd.View) error {
	if box.Empty() {
		return nil
	}
	box, dst = c.toStored(box, dst)
	if len(c.bytes) == 0 || c.skipsChecks() {
		return c.array.read(ctx, src, box, dst)
	}
	return c.unwrap(ctx, src, c.whole(box, dst), func(data []byte) error {
		return c.array.decode(ctx, data, box, dst)
	})
}

// whole returns the memory into which the last codec can decode at once: that
// of dst, if it is laid out as the chunk is.
func (c *Chain) whole(box nd.Box, dst nd.View) []byte {
	if c.array.plain() && slices.Equal(box.Shape, c.shape) {
		if data, ok := dst.Contiguous(); ok {
			return data
		}
	}
	return nil
}

// Check decodes all of src, and says what is wrong with it.
func (c *Chain) Check(ctx context.Context, src Source) error {
	return c.unwrap(ctx, src, nil, func(data []byte) error { return c.array.check(ctx, data) })
}

// unwrap reads all of src, undoes the bytes codecs and calls use with what the
// array codec gave once, unless that went straight into the memory of into.
func (c *Chain) unwrap(ctx context.Context, src Source, into []byte, use func([]byte) error) error {
	if err := c.fits(); err != nil {
		return err
	}
	held := bufpool.Get(0)
	defer bufpool.Put(held)
	data, err := src.ReadAll(ctx, (*held)[:0], c.MaxStored())
	*held = data[:0]
	if err != nil {
		return err
	}
	for i := len(c.bytes) - 1; i >= 0; i-- {
		if t, ok := c.bytes[i].(trailer); ok {
			if data, err = t.check(data); err != nil {
				return err
			}
			continue
		}
		if d, ok := c.bytes[i].(intoDecoder); ok && into != nil && i == 0 {
			return d.DecodeInto(into, data)
		}
		next := bufpool.Get(0)
		defer bufpool.Put(next)
		data, err = c.bytes[i].Decode((*next)[:0], data, c.limit[i])
		*next = data[:0]
		if err != nil {
			return err
		}
	}
	if into != nil {
		if len(data) != len(into) {
			return c.wrongSize(len(data))
		}
		copy(into, data)
		return nil
	}
	return use(data)
}

func (c *Chain) wrongSize(n int) error {
	return corrupt("a chunk of %d bytes decodes to %d", c.array.limit(), n)
}

// fits reports an error for chunks too large to be decoded in one piece.
func (c *Chain) fits() error {
	if n := c.array.memory(); n > maxWhole {
		return fmt.Errorf("a chunk of %d bytes is to be held in memory as a whole, and the limit is %d: use smaller chunks, or shards of them", n, maxWhole)
	}
	return nil
}

// Encode appends the stored form of a chunk to dst. v is its leading corner, as
// at the edge of an array; the rest of the chunk is fill.
func (c *Chain) Encode(dst []byte, v nd.View) ([]byte, error) {
	if err := c.fits(); err != nil {
		return dst, err
	}
	if c.perm != nil {
		v = v.Transpose(c.perm)
	}
	left := c.compressors()
	cur, from := dst, len(dst) // the bytes so far are cur[from:]
	var lent *[]byte           // what cur lies in, unless that is dst or v
	defer func() { release(lent, cur) }()
	raw, direct := v.Contiguous()
	if left > 0 && direct && c.array.plain() && !isTrailer(c.bytes[0]) && slices.Equal(v.Shape, c.shape) {
		cur, from = raw, 0
	} else {
		if left > 0 {
			lent = bufpool.Get(0)
			cur, from = (*lent)[:0], 0
		}
		var err error
		if cur, err = c.array.encode(cur, v); err != nil {
			return dst, err
		}
	}
	for _, b := range c.bytes {
		if t, ok := b.(trailer); ok {
			cur = t.seal(cur, from)
			continue
		}
		left--
		next, at, nextLent := dst, len(dst), (*[]byte)(nil)
		if left > 0 {
			nextLent = bufpool.Get(0)
			next, at = (*nextLent)[:0], 0
		}
		next, err := b.Encode(next, cur[from:])
		release(lent, cur)
		cur, from, lent = next, at, nextLent
		if err != nil {
			return dst, err
		}
	}
	return cur, nil
}

// release returns a lent buffer, which may have grown to now.
func release(lent *[]byte, now []byte) {
	if lent != nil {
		*lent = now[:0]
		bufpool.Put(lent)
	}
}

// compressors counts the codecs that make new bytes of what they get.
func (c *Chain) compressors() int {
	n := 0
	for _, b := range c.bytes {
		if !isTrailer(b) {
			n++
		}
	}
	return n
}

// IsFill reports whether every element of v is, bit for bit, the fill value:
// such a chunk is not stored.
func (c *Chain) IsFill(v nd.View) bool { return nd.AllEqual(v, c.in.Fill) }

func (c *Chain) toStored(box nd.Box, v nd.View) (nd.Box, nd.View) {
	if c.perm == nil {
		return box, v
	}
	b := nd.Box{Start: make([]int, len(c.perm)), Shape: make([]int, len(c.perm))}
	for i, p := range c.perm {
		b.Start[i], b.Shape[i] = box.Start[p], box.Shape[p]
	}
	return b, v.Transpose(c.perm)
}

func (c *Chain) unstored(shape []int) []int {
	if c.perm == nil {
		return shape
	}
	out := make([]int, len(shape))
	for i, p := range c.perm {
		out[p] = shape[i]
	}
	return out
}
