package dosna

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// Resize changes the lengths of the axes. What is cut off is gone, though it may
// still be stored after an error: growing again shows fill values, for which the
// first growth after a cut looks at all stored objects.
func (d *Dataset) Resize(ctx context.Context, shape []int) error {
	if len(shape) != d.NDim() {
		return d.errorf("resize", fmt.Errorf("%w: the shape %v has %d dimensions, and the dataset %d", ErrInvalid, shape, len(shape), d.NDim()))
	}
	_, err := d.reshape(ctx, true, func([]int) ([]int, error) { return slices.Clone(shape), nil })
	if err != nil {
		return d.errorf("resize", err)
	}
	return d.c.durable(ctx)
}

// Append makes room at the end of an axis and writes the values there, which
// have the dataset's shape in all other axes. It returns the index along the
// axis at which they begin. Several writers may append at the same time: each
// gets its own room. After an error in writing, the room stays; after
// ErrUnknownOutcome without an index it may have been made.
func (d *Dataset) Append(ctx context.Context, axis int, values nd.View) (int, error) {
	if err := d.checkView(values); err != nil {
		return 0, d.errorf("append to", err)
	}
	box, at, err := d.extend(ctx, axis, values.Shape)
	if err != nil {
		return 0, err
	}
	return at, d.WriteBox(ctx, box, values)
}

// AppendBlock is Append of elements of any type: those of an array of the given shape,
// in C order.
func (d *Dataset) AppendBlock(ctx context.Context, axis int, shape []int, values codec.Block) (int, error) {
	n, ok := nd.Size(shape)
	var err error
	switch {
	case !ok:
		err = fmt.Errorf("%w: the shape %v is impossible", ErrInvalid, shape)
	case d.doc.Type.Variable():
		err = d.checkBlock(values, n)
	case len(values.Data) != n*d.item():
		err = fmt.Errorf("%w: %d bytes for an array of shape %v of %s", ErrInvalid, len(values.Data), shape, d.doc.Type)
	}
	if err != nil {
		return 0, d.errorf("append to", err)
	}
	box, at, err := d.extend(ctx, axis, shape)
	if err != nil {
		return 0, err
	}
	return at, d.WriteBlock(ctx, nd.BoxSelection(box), values)
}

// extend makes room at the end of an axis for values of a shape, and returns where.
func (d *Dataset) extend(ctx context.Context, axis int, values []int) (nd.Box, int, error) {
	if axis < -d.NDim() || axis >= d.NDim() {
		return nd.Box{}, 0, d.errorf("append to", fmt.Errorf("%w: there is no axis %d of %d", ErrInvalid, axis, d.NDim()))
	}
	if axis < 0 {
		axis += d.NDim()
	}
	if len(values) != d.NDim() {
		return nd.Box{}, 0, d.errorf("append to", fmt.Errorf("%w: values of shape %v have %d dimensions, and the dataset %d", ErrInvalid, values, len(values), d.NDim()))
	}
	old, err := d.reshape(ctx, false, func(shape []int) ([]int, error) {
		grown := slices.Clone(shape)
		for i, n := range values {
			if i != axis && n != shape[i] {
				return nil, fmt.Errorf("%w: values of shape %v do not fit behind shape %v along axis %d", ErrInvalid, values, shape, axis)
			}
		}
		grown[axis] += values[axis]
		return grown, nil
	})
	if err != nil {
		return nd.Box{}, 0, d.errorf("append to", err)
	}
	box := nd.Box{Start: make([]int, d.NDim()), Shape: values}
	box.Start[axis] = old[axis]
	return box, old[axis], nil
}

// cutMember marks an array that has been cut and not grown since. Outside its
// shape there may be old elements: of a Resize that was interrupted, or of writers
// who did not know of it. They are removed before it grows.
const cutMember = "dosna.cut"

var cutMark = json.RawMessage(`{"must_understand": false}`)

func isCut(a *zarr.Array) bool { _, ok := a.Extra[cutMember]; return ok }

func markCut(a *zarr.Array) {
	if a.Extra == nil {
		a.Extra = map[string]json.RawMessage{}
	}
	a.Extra[cutMember] = cutMark
}

// reshape changes the stored shape by a function and returns the one before.
// assigns says that the function gives the same shape whatever it is given.
func (d *Dataset) reshape(ctx context.Context, assigns bool, change func(shape []int) ([]int, error)) ([]int, error) {
	if d.doc.References != "" {
		return nil, errReferenced
	}
	var before []int
	var was bool // cut before
	err := d.c.update(ctx, d.path, revision{
		assigns: assigns,
		change: func(doc zarr.Document) (bool, error) {
			a, err := d.same(doc)
			if err != nil {
				return false, err
			}
			if before == nil || !assigns {
				before, was = slices.Clone(a.Shape), isCut(a)
			}
			for i, n := range a.Shape { // another try may follow one that came through
				before[i] = max(before[i], n)
			}
			was = was || isCut(a)
			after, err := change(slices.Clone(a.Shape))
			if err != nil {
				return false, err
			}
			grown := *a
			grown.Shape = after
			if err := d.cover(&grown); err != nil {
				return false, err
			}
			if err := grown.Check(); err != nil {
				return false, fmt.Errorf("%w: %w", ErrInvalid, err)
			}
			if isCut(a) && !within(after, a.Shape) {
				if err := d.tidy(ctx, a, nil); err != nil {
					return false, err
				}
				delete(a.Extra, cutMember)
			}
			if !within(a.Shape, after) {
				markCut(a)
			}
			a.Shape, a.Chunks, a.Edges = grown.Shape, grown.Chunks, grown.Edges
			return true, nil
		},
		then: func(doc zarr.Document, v store.Version) error {
			a := doc.(*zarr.Array)
			l, err := newLayout(a)
			if err == nil {
				d.latest.Store(l)
				d.seen.saw(v, a.Shape)
			}
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	after := d.now()
	if !isCut(after.doc) { // or it may have been cut before, and not been tidied to the end
		return before, nil
	}
	var cut func(axis int) bool // nil: anywhere
	if !was {
		cut = func(axis int) bool { return after.doc.Shape[axis] < before[axis] }
	}
	return before, d.tidy(ctx, after.doc, cut)
}

// errMoved ends a tidying: somebody else has changed the shape, and has taken care
// of what lies outside, or will.
var errMoved = errors.New("the shape has changed")

// tidy removes what is stored outside the shape of a document: whole objects, and
// the parts of those that the edges of the given axes cut (nil: of all).
//
// The array may grow meanwhile, and what lies outside now be written to. So an
// object is changed only in the version that it was in when the document was
// found to have that shape still.
func (d *Dataset) tidy(ctx context.Context, a *zarr.Array, edges func(axis int) bool) error {
	l, err := newLayout(a)
	if err != nil {
		return err
	}
	t := *d
	t.layout = l
	still := func(ctx context.Context) error {
		doc, _, err := d.c.load(ctx, d.path)
		if err != nil {
			return err
		}
		if now, err := d.same(doc); err != nil || !slices.Equal(now.Shape, a.Shape) {
			return errors.Join(errMoved, err)
		}
		return nil
	}
	_, err = d.c.sweep(ctx, d.prefix, still, func(name string) bool {
		coords, ok := a.Keys.Coords(name, len(a.Shape))
		return ok && l.grid.Contains(coords) != nil
	})
	if err == nil {
		err = t.eachStored(ctx, nil, func(ctx context.Context, k *Chunk) error { return k.cut(ctx, still, edges) })
	}
	if err == nil {
		err = d.c.Sync(ctx) // or what was removed may be back after a loss of power, when the array has grown
	}
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// cut fills what lies behind the array's edge.
func (k *Chunk) cut(ctx context.Context, still func(context.Context) error, edges func(axis int) bool) error {
	d, err := k.d.in(codec.NewArena()).at(k.coords)
	if err != nil {
		return err
	}
	for axis, n := range k.box.Shape {
		if n == d.stored()[axis] || edges != nil && !edges(axis) {
			continue
		}
		beyond := nd.Full(slices.Clone(d.stored()))
		beyond.Start[axis], beyond.Shape[axis] = n, beyond.Shape[axis]-n
		err := d.change(ctx, k.key, edit{
			part:  func(codec.Source) (nd.Box, nd.View, error) { return beyond, d.fillView(beyond.Shape), nil },
			valid: still,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
