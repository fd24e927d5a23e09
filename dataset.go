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
// opened, or last resized through this value.
type Dataset struct {
	handle
	latest *atomic.Pointer[Dataset] // the state after the last resize through this value
	doc    *zarr.Array
	chain  *codec.Chain
	grid   nd.Grid // of stored objects
	prefix string  // of the keys of stored objects
}

// newDataset binds a document: everything in it is checked here.
func newDataset(h handle, a *zarr.Array) (*Dataset, error) {
	h.head = a.Head()
	d := &Dataset{handle: h, doc: a, latest: new(atomic.Pointer[Dataset])}
	d.latest.Store(d)
	var err error
	if d.chain, err = codec.Bind(a.Codecs, codec.Chunk{Shape: a.Chunks, Type: a.Type, Fill: a.Fill}); err == nil {
		d.grid, err = nd.NewGrid(a.Shape, a.Chunks)
	}
	if err != nil {
		return nil, fmt.Errorf("dataset %s in %s: %w", nodeName(h.path), h.c.url, err)
	}
	if h.c.o.Verify == VerifyLazy {
		d.chain = d.chain.Lazy()
	}
	if h.path != "" {
		d.prefix = h.path + "/"
	}
	return d, nil
}

// now returns the dataset in its latest state, which does not change: an
// operation works on one state from its beginning to its end.
func (d *Dataset) now() *Dataset { return d.latest.Load() }

// With returns the same dataset with other options. Mode stays as it is.
func (d *Dataset) With(o Options) *Dataset {
	d = d.now()
	w := *d
	w.latest = new(atomic.Pointer[Dataset])
	w.latest.Store(&w)
	w.c = d.c.With(o)
	if o.Verify == VerifyLazy {
		w.chain = d.chain.Lazy()
	} else if again, err := codec.Bind(d.doc.Codecs, d.chain.Chunk()); err == nil {
		w.chain = again
	}
	return &w
}

// Refresh opens the dataset anew, with its shape and attributes of now.
func (d *Dataset) Refresh(ctx context.Context) (*Dataset, error) {
	return asDataset(d.c.openFrom(ctx, "", d.path))
}

// Shape returns the lengths of the axes.
func (d *Dataset) Shape() []int { return slices.Clone(d.now().doc.Shape) }

// NDim returns the number of axes.
func (d *Dataset) NDim() int { return len(d.doc.Shape) }

// Type returns the type of the elements.
func (d *Dataset) Type() dtype.Type { return d.doc.Type }

// Size returns the number of elements.
func (d *Dataset) Size() int { return nd.Full(d.now().doc.Shape).Size() }

// Bytes returns the size of all elements in memory.
func (d *Dataset) Bytes() int { return d.Size() * d.doc.Type.Size() }

// Chunks returns the shape of chunks: of those inside the shards, if there are
// shards.
func (d *Dataset) Chunks() []int {
	inner, _ := d.chain.Inner()
	return slices.Clone(inner)
}

// Shards returns the shape of shards, nil if chunks are stored one by one.
func (d *Dataset) Shards() []int {
	if _, ok := d.chain.Inner(); !ok {
		return nil
	}
	return slices.Clone(d.doc.Chunks)
}

// Grid returns how the array is cut into stored objects.
func (d *Dataset) Grid() nd.Grid { return d.now().grid }

// Fill returns the bytes of the fill value.
func (d *Dataset) Fill() []byte { return slices.Clone(d.doc.Fill) }

// Codecs returns the codecs of a stored object.
func (d *Dataset) Codecs() []codec.Spec { return d.chain.Specs() }

// Checked reports whether all elements are under checksums.
func (d *Dataset) Checked() bool { return d.chain.Checked() }

// DimensionNames returns the names of the axes, "" where one has none; nil if
// none has one.
func (d *Dataset) DimensionNames() []string { return slices.Clone(d.doc.DimNames) }

// Spec returns what creates a dataset like this one.
func (d *Dataset) Spec() DatasetSpec {
	s := DatasetSpec{
		Shape: d.Shape(), Type: d.doc.Type, Chunks: slices.Clone(d.doc.Chunks), Codecs: d.Codecs(),
		Keys: d.doc.Keys.String(), DimensionNames: d.DimensionNames(), Attrs: d.Attrs(),
	}
	s.Fill = d.doc.Type.Value(d.doc.Fill)
	return s
}

// String names the dataset in messages.
func (d *Dataset) String() string {
	return fmt.Sprintf("dataset %s in %s", nodeName(d.path), d.c.url)
}

func (d *Dataset) errorf(verb string, err error) error {
	return fmt.Errorf("%s %s: %w", verb, d, err)
}

// key returns the key of the stored object at grid coordinates.
func (d *Dataset) key(coords []int) string {
	return string(d.doc.Keys.Key(append(make([]byte, 0, len(d.prefix)+32), d.prefix...), coords))
}
