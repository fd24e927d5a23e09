package dosna

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/zarr"
)

// chains are the codecs of a dataset whose stored objects have several shapes: they
// are bound to a shape when they are asked for it.
type chains struct {
	specs []codec.Spec
	t     dtype.Type
	fill  []byte

	mu    sync.RWMutex
	bound map[string]binding // by shape
}

// binding is what a dataset has of the shape of a stored object.
type binding struct {
	checked, lazy *codec.Chain
	form          string
}

// maxChains is how many shapes codecs are bound to at a time. Binding anew takes
// microseconds.
const maxChains = 256

// newChains returns nil if all stored objects of an array have one shape. largest is
// bound to the one that holds any other.
func newChains(a *zarr.Array, largest *codec.Chain) (*chains, error) {
	if !slices.ContainsFunc(a.Edges, func(list []int) bool { return list != nil }) {
		return nil, nil
	}
	if inner, sharded := largest.Inner(); sharded {
		for axis, list := range a.Edges {
			for i, n := range list {
				if n%inner[axis] != 0 {
					return nil, fmt.Errorf("shard %d along axis %d has the length %d, which is not made of whole chunks of %d", i, axis, n, inner[axis])
				}
			}
		}
	}
	return &chains{specs: a.Codecs, t: a.Type, fill: a.Fill, bound: map[string]binding{}}, nil
}

// of returns the codecs for a shape.
func (c *chains) of(shape []int) (binding, error) {
	var most [64]byte
	key := most[:0]
	for _, n := range shape {
		key = binary.AppendUvarint(key, uint64(n))
	}
	c.mu.RLock()
	b, ok := c.bound[string(key)]
	c.mu.RUnlock()
	if ok {
		return b, nil
	}
	chain, err := codec.Bind(c.specs, codec.Chunk{Shape: shape, Type: c.t, Fill: c.fill})
	if err != nil {
		return b, fmt.Errorf("chunks of shape %v: codecs: %w", shape, err)
	}
	b = binding{chain, chain.Lazy(), formOf(c.specs, c.t, shape, c.fill)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.bound) >= maxChains {
		clear(c.bound)
	}
	c.bound[string(key)] = b
	return b, nil
}

// at returns the dataset as what reads and writes the stored object of a cell needs
// it: with codecs bound to that cell's shape.
func (d *Dataset) at(cell []int) (*Dataset, error) {
	if d.chains == nil {
		return d, nil
	}
	b, err := d.chains.of(d.grid.CellShape(cell))
	if err != nil {
		return nil, err
	}
	k := *d
	k.checked, k.chain, k.form = b.checked, b.checked, b.form
	if d.c.o.Verify == VerifyLazy {
		k.chain = b.lazy
	}
	if d.arena != nil {
		k.chain = k.chain.In(d.arena)
	}
	return &k, nil
}

// stored is the shape of the stored objects that the codecs are bound to.
func (d *Dataset) stored() []int { return d.chain.Chunk().Shape }

// cover lengthens the lists of chunk lengths of an array that has got another shape,
// so that they reach its end: by a chunk as long as what is missing, or by several
// where that is longer than the longest so far. Shards are of whole chunks.
func (d *Dataset) cover(a *zarr.Array) error {
	inner, sharded := d.chain.Inner()
	edges := slices.Clone(a.Edges)
	for axis, list := range edges {
		if list == nil {
			continue
		}
		missing, longest, unit := a.Shape[axis], a.Chunks[axis], 1
		if sharded {
			unit = inner[axis]
		}
		for _, n := range list {
			missing -= n
		}
		if missing <= 0 {
			continue
		}
		if len(list) == 0 { // of an axis without length
			longest = (missing + unit - 1) / unit * unit
			a.Chunks = slices.Clone(a.Chunks)
			a.Chunks[axis] = longest
		}
		if missing/longest >= zarr.MaxEdges-len(list) {
			return fmt.Errorf("%w: axis %d of length %d would have more than %d chunks, each with a length of its own and none longer than %d, the longest so far: no more are supported", ErrInvalid, axis, a.Shape[axis], zarr.MaxEdges, longest)
		}
		list = slices.Concat(list, slices.Repeat([]int{longest}, missing/longest))
		if rest := missing % longest; rest > 0 {
			list = append(list, (rest+unit-1)/unit*unit)
		}
		edges[axis] = list
	}
	a.Edges = edges
	return nil
}

// sameGrid reports whether cells with the same coordinates are the same in two arrays,
// but for where the arrays end: chunk lengths may follow in one that the other has not
// come to.
func sameGrid(a, b *zarr.Array) bool {
	if len(a.Chunks) != len(b.Chunks) {
		return false
	}
	list := func(a *zarr.Array, axis int) []int {
		if a.Edges == nil {
			return nil
		}
		return a.Edges[axis]
	}
	for axis := range a.Chunks {
		x, y := list(a, axis), list(b, axis)
		n := min(len(x), len(y))
		switch {
		case (x == nil) != (y == nil):
			return false
		case x == nil && a.Chunks[axis] != b.Chunks[axis]:
			return false
		case !slices.Equal(x[:n], y[:n]):
			return false
		}
	}
	return true
}

// spread returns the spec with the longest chunk, or shard, along each axis that has a
// list of Edges.
func (s DatasetSpec) spread() (DatasetSpec, error) {
	if s.Edges == nil {
		return s, nil
	}
	if len(s.Edges) != len(s.Shape) {
		return s, fmt.Errorf("%w: Edges for %d axes of an array of shape %v", ErrInvalid, len(s.Edges), s.Shape)
	}
	if s.Access != "" {
		return s, fmt.Errorf("%w: both Edges and Access are given, and the one would be guessed from the other", ErrInvalid)
	}
	cells, shape, given := slices.Clone(s.Chunks), slices.Clone(s.Shape), s.Chunks != nil
	if s.Shards != nil {
		cells, given = slices.Clone(s.Shards), true
	}
	edges := make([][]int, len(s.Edges))
	for axis, list := range s.Edges {
		if list == nil {
			continue
		}
		edges[axis], shape[axis] = slices.Clone(list), slices.Max(append([]int{1}, list...))
	}
	if !given {
		var err error
		if cells, err = GuessChunks(shape, roughSize(s.Type), ""); err != nil {
			return s, err
		}
	}
	if len(cells) != len(shape) {
		return s, fmt.Errorf("%w: chunks of shape %v for an array of shape %v", ErrInvalid, cells, s.Shape)
	}
	for axis, list := range edges {
		if list == nil {
			continue
		}
		if n := cells[axis]; given && n != 0 && n != shape[axis] {
			return s, fmt.Errorf("%w: a length of %d along axis %d, where Edges lists them: 0 is to be given there, or the longest, %d", ErrInvalid, n, axis, shape[axis])
		}
		cells[axis] = shape[axis]
	}
	if s.Shards != nil {
		s.Shards = cells
	} else {
		s.Chunks = cells
	}
	if s.Edges = edges; !slices.ContainsFunc(edges, func(list []int) bool { return list != nil }) {
		s.Edges = nil
	}
	return s, nil
}

// commonLength returns the length that chunks along an axis of shards have to divide:
// that of the shards, or the greatest that divides those listed.
func (s DatasetSpec) commonLength(axis int) int {
	n := s.Shards[axis]
	if s.Edges != nil {
		for _, m := range s.Edges[axis] {
			for m > 0 {
				n, m = m, n%m
			}
		}
	}
	return n
}
