package dosna

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// sighting is what the document was in one version.
type sighting struct {
	version store.Version
	shape   []int
}

// confirm is called after something has been stored in objects, and reports an
// error if that is not in the dataset, since it was deleted, moved, replaced or
// cut meanwhile. written tells whether all of it lies within a shape; nil means
// that it is as large as the dataset.
func (d *Dataset) confirm(ctx context.Context, written func(shape []int) bool) error {
	s, err := d.sight(ctx)
	switch {
	case errors.Is(err, ErrNotExist):
		return fmt.Errorf("%w: it was deleted, moved or replaced meanwhile", ErrNotExist)
	case ctx.Err() != nil:
		return fmt.Errorf("stored, but not known to be in the dataset: %w", context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("stored, but not known to be in the dataset: %w", err)
	case within(d.doc.Shape, s.shape) || written != nil && written(s.shape):
		return nil
	}
	return fmt.Errorf("%w: it was cut to the shape %v meanwhile, and what lay outside is lost", ErrConflict, s.shape)
}

// sight returns what the document is. While its version stays the same, a look at
// that is enough.
func (d *Dataset) sight(ctx context.Context) (*sighting, error) {
	last := d.seen.Load()
	if last != nil && last.version != "" {
		info, err := d.c.store.Stat(ctx, documentKey(d.path))
		if err != nil || info.Version == last.version {
			return last, err
		}
	}
	doc, v, err := d.c.load(ctx, d.path)
	if err != nil {
		return nil, err
	}
	a, err := d.same(doc)
	if err != nil {
		return nil, err
	}
	s := &sighting{v, a.Shape}
	d.seen.Store(s)
	return s, nil
}

// same returns the document as that of this dataset. If another node has taken
// its place, this one does not exist any more.
func (d *Dataset) same(doc zarr.Document) (*zarr.Array, error) {
	if a, ok := doc.(*zarr.Array); ok && sameLayout(d.doc, a) && a.Keys == d.doc.Keys {
		return a, nil
	}
	return nil, fmt.Errorf("%w: another node has taken its place; open it anew", ErrNotExist)
}

// sameLayout reports whether stored objects of one array have the same meaning in
// the other, but for where the arrays end.
func sameLayout(a, b *zarr.Array) bool {
	return a.Type == b.Type && slices.Equal(a.Chunks, b.Chunks) && slices.Equal(a.Fill, b.Fill) &&
		slices.EqualFunc(a.Codecs, b.Codecs, sameSpec)
}

// within reports whether no length of a shape exceeds that of another.
func within(shape, other []int) bool {
	for i, n := range shape {
		if n > other[i] {
			return false
		}
	}
	return true
}

func sameSpec(a, b codec.Spec) bool {
	if a.Name != b.Name {
		return false
	}
	if string(a.Config) == string(b.Config) {
		return true
	}
	var x, y any // programs differ in how they lay out JSON
	return json.Unmarshal(a.Config, &x) == nil && json.Unmarshal(b.Config, &y) == nil && reflect.DeepEqual(x, y)
}
