package dosna

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/zarr"
)

// Dataset is an N-dimensional array. Its shape is that of the moment it was
// opened, or last resized through this value or one that With made of it; that
// others have resized it is seen by opening it anew, with Refresh. A call works on
// one shape from its beginning to its end.
type Dataset struct {
	handle
	*layout                         // at the time of a call: see now
	latest  *atomic.Pointer[layout] // after the last resize
	seen    *sightings
	checked *codec.Chain // which verifies all that it can
	chain   *codec.Chain // which does as the options say; both are bound to the largest stored object, see at
	chains  *chains      // of other shapes; nil if all objects have one
	prefix  string       // of the keys of stored objects
	form    string       // what tells this document from others under which the same objects are other elements
	arena   *codec.Arena // of elements of any length, during a call; nil for others
	field   *field       // which alone is read; nil: whole elements
}

// layout is what a resize changes.
type layout struct {
	doc  *zarr.Array
	grid nd.Grid // of stored objects
}

func newLayout(a *zarr.Array) (*layout, error) {
	grid, err := nd.NewRectilinear(a.Shape, a.Chunks, a.Edges)
	return &layout{a, grid}, err
}

// newDataset binds a document: everything in it is checked here.
func newDataset(c *Connection, path string, a *zarr.Array) (*Dataset, error) {
	l, err := newLayout(a)
	if err != nil {
		return nil, err
	}
	checked, err := codec.Bind(a.Codecs, codec.Chunk{Shape: a.Chunks, Type: a.Type, Fill: a.Fill})
	if err != nil {
		return nil, err
	}
	chains, err := newChains(a, checked)
	if err != nil {
		return nil, err
	}
	d := &Dataset{
		handle: newHandle(c, path, a.Head()), layout: l, latest: new(atomic.Pointer[layout]), seen: newSightings(c),
		checked: checked, chain: verifying(checked, c.o.Verify), chains: chains,
		prefix: folder(path), form: formOf(a.Codecs, a.Type, a.Chunks, a.Fill),
	}
	d.latest.Store(l)
	if a.References != "" {
		d.c = d.c.through(&referenced{manifest: join(path, a.References), prefix: d.prefix, chunk: func(name string) bool {
			_, ok := a.Keys.Coords(name, len(a.Shape))
			return ok
		}, turn: newTurn()})
	}
	return d, nil
}

// Connection implements Node.
func (d *Dataset) Connection() *Connection { return d.c.beneath() }

func verifying(checked *codec.Chain, v Verify) *codec.Chain {
	if v == VerifyLazy {
		return checked.Lazy()
	}
	return checked
}

// now returns the dataset with its latest shape, which does not change.
func (d *Dataset) now() *Dataset {
	latest := d.latest.Load()
	if latest == d.layout {
		return d
	}
	n := *d
	n.layout = latest
	return &n
}

// With returns the same dataset with other options. Mode and Profile stay as they
// are, and so does Cache unless another is given; one of no bytes is none.
func (d *Dataset) With(o Options) *Dataset {
	w := *d
	w.c = d.c.With(o)
	w.chain = verifying(d.checked, o.Verify)
	return &w
}

// Refresh opens the dataset anew, with its shape and attributes of now.
func (d *Dataset) Refresh(ctx context.Context) (*Dataset, error) {
	return asDataset(d.Connection().openFrom(ctx, "", d.path))
}

// Shape returns the lengths of the axes.
func (d *Dataset) Shape() []int { return slices.Clone(d.now().doc.Shape) }

// NDim returns the number of axes.
func (d *Dataset) NDim() int { return len(d.doc.Shape) }

// Type returns the type of the elements.
func (d *Dataset) Type() dtype.Type {
	if d.field != nil {
		return d.field.Type
	}
	return d.doc.Type
}

// Size returns the number of elements.
func (d *Dataset) Size() int { return nd.Full(d.now().doc.Shape).Size() }

// Bytes returns the size of all elements in memory; 0 if they are of any length, and
// their size is not known.
func (d *Dataset) Bytes() int { return d.Size() * d.Type().Size() }

// Chunks returns the shape of chunks: of those inside the shards, if there are
// shards. Where chunks differ (see Edges) it is the shape that holds any of them.
func (d *Dataset) Chunks() []int {
	if inner, ok := d.chain.Inner(); ok {
		return slices.Clone(inner)
	}
	return slices.Clone(d.now().doc.Chunks)
}

// Shards returns the shape of shards, nil if chunks are stored one by one. Where
// shards differ it is the shape that holds any of them.
func (d *Dataset) Shards() []int {
	if _, ok := d.chain.Inner(); !ok {
		return nil
	}
	return slices.Clone(d.now().doc.Chunks)
}

// Edges returns the lengths of stored objects, shards or else chunks, along each axis
// of a rectilinear grid, nil for an axis along which all have that of Shards or Chunks.
// The last may reach beyond the array, and others lie behind it. It is nil if the grid
// is regular.
func (d *Dataset) Edges() [][]int {
	edges := slices.Clone(d.now().doc.Edges)
	for i, list := range edges {
		edges[i] = slices.Clone(list)
	}
	return edges
}

// Grid returns how the array is cut into stored objects: shards, if there are
// any, else chunks.
func (d *Dataset) Grid() nd.Grid { return d.now().grid }

// Fill returns the fill value, as the bytes of an element in the machine's order.
func (d *Dataset) Fill() []byte {
	if f := d.field; f != nil {
		return slices.Clone(d.doc.Fill[f.Offset : f.Offset+f.Type.Size()])
	}
	return slices.Clone(d.doc.Fill)
}

// Codecs returns the codecs of a stored object.
func (d *Dataset) Codecs() []codec.Spec { return d.chain.Specs() }

// Checked reports whether all elements are under checksums.
func (d *Dataset) Checked() bool { return d.chain.Checked() }

// DimensionNames returns the names of the axes, "" where one has none; nil if
// none has one.
func (d *Dataset) DimensionNames() []string { return slices.Clone(d.doc.DimNames) }

// Spec returns what creates a dataset like this one. Codecs is the whole list of
// codecs in it, and where there are shards, Chunks and Edges are theirs.
func (d *Dataset) Spec() DatasetSpec {
	s := DatasetSpec{
		Shape: d.Shape(), Type: d.doc.Type, Chunks: slices.Clone(d.now().doc.Chunks), Edges: d.Edges(), Codecs: d.Codecs(),
		Fill: d.Fill(),
		Keys: d.doc.Keys.String(), DimensionNames: d.DimensionNames(), Attrs: d.Attrs(),
	}
	if d.field != nil { // codecs are for whole elements
		s.Type, s.Chunks, s.Shards, s.Codecs = d.field.Type, d.Chunks(), d.Shards(), nil
	}
	return s
}

// String names the dataset in messages.
func (d *Dataset) String() string {
	if d.path == "" {
		return "the dataset at the root of " + d.c.url
	}
	return fmt.Sprintf("dataset %s in %s", nodeName(d.path), d.c.url)
}

func (d *Dataset) errorf(verb string, err error) error {
	return fmt.Errorf("%s %s: %w", verb, d, err)
}

// key returns the key of the stored object at grid coordinates.
func (d *Dataset) key(coords []int) string {
	var most [128]byte
	return string(d.doc.Keys.Key(append(most[:0], d.prefix...), coords))
}
