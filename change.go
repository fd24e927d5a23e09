package dosna

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/lock"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// edit is a change to a part of a stored object.
type edit struct {
	// part is given the object as it is (nil if absent), and returns the box to
	// replace and its new elements. It is called again if somebody else changes
	// the object meanwhile.
	part func(old codec.Source) (nd.Box, nd.View, error)
	// valid, if not nil, is asked after the object has been read and before it
	// is stored: an error keeps it from being stored.
	valid func(ctx context.Context) error
	// function says that the new elements depend on the old: doing it twice is
	// not doing it once.
	function bool
}

// writeCell stores the object of a cell of the grid, v being the part of it
// inside the array. Where the array's edge cuts the cell, somebody may have
// moved the edge and written behind it: that stays.
func (d *Dataset) writeCell(ctx context.Context, key string, v nd.View) error {
	if slices.Equal(v.Shape, d.stored()) {
		return d.writeObject(ctx, key, v)
	}
	box := nd.Full(v.Shape)
	return d.change(ctx, key, edit{part: func(codec.Source) (nd.Box, nd.View, error) { return box, v, nil }})
}

// change changes a part of a stored object. Where the store does not keep writers
// apart it is refused, before anything is read.
func (d *Dataset) change(ctx context.Context, key string, u edit) error {
	if !d.c.keepsApart() {
		if err := d.c.mayRace("change a part of " + key); err != nil {
			return err
		}
	}
	if err := d.c.log.mayStore(ctx); err != nil {
		return err
	}
	mine, err := d.c.locks.lock(ctx, key)
	if err != nil {
		return err
	}
	defer d.c.locks.unlock(mine)
	var doubt doubts
	err = d.c.retry(ctx, key, func() (again bool, err error) {
		o := d.object(key)
		err = d.tryChange(ctx, o, o, u, &doubt)
		_, absent, again := o.is()
		if absent && !again && errors.Is(err, ErrNotExist) { // which the first read has found out
			err = d.tryChange(ctx, o, nil, u, &doubt)
		}
		version, absent, again := o.is()
		return err != nil && (again || doubt.again(err, version, !absent)), err
	})
	if err == nil {
		err = d.c.log.keepShort(ctx)
	}
	return err
}

// tryChange changes the state o of an object, read through old.
func (d *Dataset) tryChange(ctx context.Context, o *object, old codec.Source, u edit, doubt *doubts) error {
	box, v, err := u.part(old)
	if err != nil {
		return err
	}
	work := d.c.o.Profile.begin()
	p, err := d.chain.Patch(ctx, old, box, v)
	work.encoded()
	if err != nil {
		return d.fault(o.key, err)
	}
	defer p.Release()
	if err := o.look(ctx); err != nil {
		return err
	}
	if u.valid != nil {
		if err := u.valid(ctx); err != nil {
			return err
		}
	}
	version, absent, _ := o.is()
	if u.function && !doubt.same(version, !absent) {
		return settled{doubt.err}
	}
	switch {
	case p.Parts != nil:
		_, err = d.c.putIfMatch(ctx, o.key, p.Parts, version, !absent)
	case !absent:
		err = d.deleteIfMatch(ctx, o.key, version)
	}
	if errors.Is(err, ErrConflict) {
		err = o.saw("", err)
	}
	return err
}

// deleteIfMatch removes an object that has become all fill; where that cannot be
// done safely it is stored.
func (d *Dataset) deleteIfMatch(ctx context.Context, key string, v store.Version) error {
	if d.c.store.Guarantees().DeleteIfMatch {
		defer d.c.forget(key)
		return d.c.guarded(ctx).Delete(ctx, key, store.Cond{IfMatch: v})
	}
	return d.encoded(key, d.fillView(d.stored()), func(object []byte) error {
		_, err := d.c.putIfMatch(ctx, key, [][]byte{object}, v, true)
		return err
	})
}

// removeObject removes a stored object whatever it is. Under a lease that is a
// condition too; where the store cannot have that, fill is stored instead.
func (d *Dataset) removeObject(ctx context.Context, key string) error {
	if lock.From(ctx) == nil || d.c.store.Guarantees().DeleteIfMatch {
		return d.c.replace(ctx, key, nil)
	}
	return d.encoded(key, d.fillView(d.stored()), func(object []byte) error {
		return d.c.replace(ctx, key, [][]byte{object})
	})
}

// fillView returns a view of that shape with fill in every element.
func (d *Dataset) fillView(shape []int) nd.View {
	return nd.View{Data: d.chain.Fill(), Shape: shape, Strides: make([]int, len(shape)), Item: d.chain.Item()}
}

// maxHeld bounds what is held in memory at once for one stored object or block, as
// codecs bound what they hold of one chunk.
const maxHeld = 4 << 30

// hold returns memory for the elements of a box, in C order, which is to be given
// back to bufpool. Its content is arbitrary.
func hold(shape []int, item int) (nd.View, *[]byte, error) {
	n, ok := nd.Size(shape)
	if !ok || n > maxHeld/item {
		return nd.View{}, nil, fmt.Errorf("%w: elements of shape %v, %d bytes each, would be held in memory at once, and the limit is %d GiB", ErrInvalid, shape, item, maxHeld>>30)
	}
	buf := bufpool.Get(n * item)
	return nd.NewView(*buf, shape, item), buf, nil
}

// was reads a box, in coordinates of the object, of what change gives: fill where
// there was no object.
func (d *Dataset) was(ctx context.Context, old codec.Source, box nd.Box, dst nd.View, key string) error {
	if old == nil {
		nd.Fill(dst, d.chain.Fill())
		return nil
	}
	work := d.c.o.Profile.begin()
	err := d.chain.Read(ctx, old, box, dst)
	work.decoded()
	return d.fault(key, err)
}
