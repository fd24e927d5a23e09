package codec

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// What metadata may ask for.
const (
	maxWhole       = 4 << 30 // bytes of a chunk that is encoded or decoded in one piece
	maxCodecs      = 16      // in one list
	maxCompressors = 4       // of them, since each may expand what the one behind it expanded
	maxNesting     = 8       // shards in shards in shards
)

// Chain is a list of codecs bound to a kind of chunk. It is safe for concurrent
// use.
type Chain struct {
	specs []Spec
	in    Chunk
	full  nd.Box // of the chunk
	view  nd.View
	item  int    // bytes of an element in views
	fill  []byte // an element in views that is fill
	size  int    // bytes of the chunk's elements in views
	perm  []int  // stored axis i is the chunk's axis perm[i]; nil: the same
	shape []int  // of the stored, transposed chunk
	array arrayCodec
	raw   *rawBytes // array, if it is that
	bytes []bytesCodec
	limit []int // limit[i]: most bytes that can come out of the first i bytes codecs
	sizes sizes // by the same index
	left  int   // bytes codecs that make new bytes of what they get
	front bool  // a checksum lies before the bytes that it is of
	lazy  bool
}

// arrayCodec is the array→bytes codec of a chain; its views and boxes are in
// stored axis order. Encoded bytes are never written to: they may be a caller's,
// and several inner chunks of a shard may share them.
type arrayCodec interface {
	// encode appends the chunk whose leading corner is v; outside it is fill.
	// With omit, a chunk that is all fill is left out, which stored tells.
	encode(sc *scratch, dst []byte, v nd.View, omit bool) (out []byte, stored bool, err error)
	// decode copies a box out of the whole encoded chunk.
	decode(ctx context.Context, sc *scratch, data []byte, box nd.Box, dst nd.View) error
	// read does the same from a source, with ranges where that is less.
	read(ctx context.Context, sc *scratch, src Source, box nd.Box, dst nd.View) error
	check(ctx context.Context, sc *scratch, data []byte) error
	limit() int    // most bytes that a valid encoding has
	grain() []int  // shape of the pieces that can be read apart
	checked() bool // every byte of the encoding is under a checksum
}

// Bind checks specs against the chunks they are to encode.
func Bind(specs []Spec, in Chunk) (*Chain, error) {
	return bind(specs, in, 0)
}

func bind(specs []Spec, in Chunk, depth int) (*Chain, error) {
	in.Shape, in.Fill = slices.Clone(in.Shape), slices.Clone(in.Fill)
	item, fill := in.Type.Size(), in.Fill
	if in.Type.Variable() {
		item, fill = HandleSize, nil
	} else if item == 0 || len(in.Fill) != item {
		return nil, fmt.Errorf("a fill value of %d bytes for elements of %d", len(in.Fill), in.Type.Size())
	}
	n, ok := nd.Size(in.Shape)
	if !ok || n == 0 || n > math.MaxInt/item {
		return nil, fmt.Errorf("the chunk shape %v is impossible: every length is at least 1, and the bytes are to fit 63 bits", in.Shape)
	}
	if len(specs) > maxCodecs {
		return nil, fmt.Errorf("%d codecs: at most %d are supported", len(specs), maxCodecs)
	}
	c := &Chain{specs: slices.Clone(specs), in: in, item: item, fill: fill, shape: in.Shape, full: nd.Full(in.Shape), size: n * item}
	c.view = nd.NewView(nil, in.Shape, item)
	rest := c.specs
	for len(rest) > 0 && rest[0].Name == "transpose" {
		if err := c.transpose(rest[0]); err != nil {
			return nil, err
		}
		rest = rest[1:]
	}
	var err error
	if rest, err = c.bindArray(rest, depth); err != nil {
		return nil, err
	}
	return c, c.bindBytesCodecs(rest)
}

// bindArray binds what makes bytes of the array, and returns what comes behind it.
// A filter takes all of it for itself.
func (c *Chain) bindArray(specs []Spec, depth int) (rest []Spec, err error) {
	if len(specs) == 0 {
		return nil, fmt.Errorf("no codec turns the array into bytes: one of %s and sharding_indexed is needed", elementCodec(c.in.Type))
	}
	s, rest := specs[0], specs[1:]
	stored := Chunk{c.shape, c.in.Type, c.in.Fill}
	switch {
	case s.Name == "bytes":
		c.raw, err = bindBytes(s, stored)
		c.array = c.raw
		return rest, err
	case s.Name == "vlen-utf8" || s.Name == "vlen-bytes":
		c.array, err = bindVlen(s, stored)
		return rest, err
	case s.Name == "sharding_indexed":
		c.array, err = bindSharding(s, stored, depth)
		return rest, err
	case filters[s.Name] != nil:
		c.array, err = bindFilter(specs, stored, depth)
		return nil, err
	case bytesCodecs[s.Name] != nil:
		return nil, s.errorf("works on bytes: one of %s and sharding_indexed goes before it", elementCodec(c.in.Type))
	}
	return nil, unknown(s)
}

func (c *Chain) bindBytesCodecs(specs []Spec) error {
	c.limit = []int{c.array.limit()}
	in := bytesInput{c.in.Type, c.size, -1}
	if c.in.Type.Variable() {
		in.chunk = 0 // not known
	}
	if c.raw != nil {
		in.exact = c.size
	}
	for _, s := range specs {
		bind, ok := bytesCodecs[s.Name]
		if !ok {
			if slices.Contains(Names(), s.Name) {
				return s.errorf("works on arrays, and stands behind a codec that gives bytes")
			}
			return unknown(s)
		}
		b, err := bind(s, in)
		if err != nil {
			return err
		}
		switch b := b.(type) {
		case *summed:
			c.front = c.front || b.front
			if in.exact >= 0 {
				in.exact += sumSize
			}
		case *shuffled:
			c.left++
		default:
			c.left++
			in.exact = -1
		}
		c.bytes = append(c.bytes, b)
		last := c.limit[len(c.limit)-1]
		c.limit = append(c.limit, max(last, b.Bound(last))) // max: a sum past the largest int
	}
	if c.left > maxCompressors {
		return fmt.Errorf("%d compressors behind each other: at most %d are supported", c.left, maxCompressors)
	}
	c.sizes = make(sizes, len(c.limit))
	return nil
}

func unknown(s Spec) error {
	return fmt.Errorf("unknown codec %q (known: %v)", s.Name, Names())
}

// Specs returns the codecs as they were bound.
func (c *Chain) Specs() []Spec { return slices.Clone(c.specs) }

// Chunk returns what the chain is bound to. It is not to be altered.
func (c *Chain) Chunk() Chunk { return c.in }

// Lazy returns the same chain with leave to read a box by byte ranges although
// a checksum covers the whole chunk, which then is not checked. Whole chunks
// are checked all the same.
func (c *Chain) Lazy() *Chain {
	l := *c
	l.lazy = true
	switch a := c.array.(type) {
	case *sharding:
		l.array = a.lazy()
	case *filtered:
		l.array = a.lazy()
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
	switch a := c.array.(type) {
	case *sharding:
		return c.unstored(a.inner.in.Shape), true
	case *filtered:
		if shape, ok := a.inner.Inner(); ok && a.each {
			return c.unstored(shape), true
		}
	}
	return c.in.Shape, false
}

// shards returns what a stored chunk is, if it is a shard, whose inner chunks are
// found without the rest. Filters that work element by element may lie before it.
func (c *Chain) shards() *sharding {
	if len(c.bytes) > 0 {
		return nil
	}
	switch a := c.array.(type) {
	case *sharding:
		return a
	case *filtered:
		if a.each {
			return a.inner.shards()
		}
	}
	return nil
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

// Checked reports whether a checksum covers every stored byte, so that no
// altered one goes unnoticed: the last codec is a checksum, or there are shards
// of such chunks with such an index. Those that zeros would pass do not count.
func (c *Chain) Checked() bool {
	if n := len(c.bytes); n > 0 {
		s, ok := c.bytes[n-1].(*summed)
		return ok && !s.weak
	}
	return c.array.checked()
}

// Partial reports whether a box smaller than a chunk is read by the byte ranges
// that hold it.
func (c *Chain) Partial() bool {
	if f, ok := c.array.(*filtered); ok {
		return f.each && f.inner.Partial()
	}
	return c.shards() != nil || c.bare()
}

// bare reports whether ranges of the stored bytes are elements: nothing but
// checksums lies around them, and those may be left unread.
func (c *Chain) bare() bool {
	return c.raw != nil && (len(c.bytes) == 0 || c.lazy && c.left == 0 && !c.front)
}

// MaxStored returns the most bytes that a valid stored chunk has.
func (c *Chain) MaxStored() int { return c.limit[len(c.limit)-1] }

// IsFill reports whether every element of v is, bit for bit, the fill value:
// such a chunk is not stored.
func (c *Chain) IsFill(v nd.View) bool { return nd.AllEqual(v, c.fill) }

// fits reports an error for chunks too large to be decoded in one piece.
func (c *Chain) fits() error {
	if _, shards := c.array.(*sharding); c.size > maxWhole && (!shards || len(c.bytes) > 0) {
		return fmt.Errorf("a chunk of %d bytes is to be held in memory as a whole, and the limit is %d: use smaller chunks, or shards of them", c.size, maxWhole)
	}
	return nil
}

// admits reports an error if box and v are not of the chunk.
func (c *Chain) admits(box nd.Box, v nd.View) error {
	n := len(c.in.Shape)
	ok := len(box.Start) == n && len(box.Shape) == n && slices.Equal(box.Shape, v.Shape)
	for i := 0; ok && i < n; i++ {
		ok = box.Start[i] >= 0 && box.Shape[i] >= 0 && box.Start[i] <= c.in.Shape[i]-box.Shape[i]
	}
	if !ok || v.Item != c.item {
		return fmt.Errorf("elements of %d bytes and shape %v for the box %v of a chunk of %s of shape %v",
			v.Item, v.Shape, box, c.in.Type, c.in.Shape)
	}
	return v.Check()
}

// elementCodec is the array→bytes codec of chunks, not shards, of a type.
func elementCodec(t dtype.Type) string {
	if t.Variable() {
		return vlenCodec(t)
	}
	return "bytes"
}
