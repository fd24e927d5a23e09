package dosna

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Clone creates a dataset of the same shape, type, layout, fill value and
// attributes in the same tree, at a path relative to the connection's start,
// and copies the elements into it if data is true. After an error in copying
// the new dataset is returned with it.
func (d *Dataset) Clone(ctx context.Context, path string, data bool) (*Dataset, error) {
	out, err := d.Connection().createDataset(ctx, d.c.start, path, d.Spec())
	if err != nil || !data {
		return out, err
	}
	return out, d.CopyTo(ctx, out)
}

// CopyTo copies all elements to a dataset of the same shape and type, in any
// store. It works and reports progress as the options of d say. On an engine of
// several ranks each does its share, and all have to call CopyTo.
//
// Where both have the same layout and codecs stored objects are copied as they
// are. Between stores they are checked first, unless the options of d say
// VerifyLazy; within one their bytes do not pass through here, and damage is
// found in the copy as it would have been in the original.
func (d *Dataset) CopyTo(ctx context.Context, dst *Dataset) error {
	return d.copyTo(ctx, dst, false)
}

// copyTo is CopyTo. If it is resumed dst may hold a part of the copy, and what is
// equal stays as it is.
func (d *Dataset) copyTo(ctx context.Context, dst *Dataset, resumed bool) error {
	d, dst = d.now(), dst.now()
	if err := dst.writable(); err != nil {
		return d.errorf("copy", fmt.Errorf("%s: %w", dst, err))
	}
	if same, err := d.is(ctx, dst); err != nil || same {
		if err == nil {
			err = fmt.Errorf("%w: onto itself", ErrInvalid)
		}
		return d.errorf("copy", err)
	}
	if d.Type() != dst.Type() {
		return d.errorf("copy", fmt.Errorf("%w: its elements are %s, and those of %s are %s", ErrInvalid, d.Type(), dst, dst.Type()))
	}
	if !slices.Equal(d.doc.Shape, dst.doc.Shape) || d.field != nil || !sameLayout(d.doc, dst.doc) || isCut(d.doc) {
		block := copyBlock
		if d.doc.Type.Variable() { // of which elements may be large
			a := codec.NewArena()
			d, dst, block = d.in(a), dst.in(a), 0
		}
		copied := func(_ context.Context, b Block) error {
			nd.Copy(b.Out, b.In)
			return nil
		}
		var err error
		if resumed {
			err = d.copyMissing(ctx, dst, block)
		} else {
			err = d.mapTo(ctx, dst, MapOptions{BlockBytes: block}, copied)
		}
		if err != nil {
			return d.errorf("copy", err)
		}
		return nil
	}
	dst, err := dst.toWrite(ctx, nil)
	if err != nil {
		return d.errorf("copy", err)
	}
	e := d.c.o.engine()
	ranks := e.Comm().Size()
	err = e.Run(ctx, ranks, engine.RunOptions{}, func(ctx context.Context, rank int) error {
		return d.copyShare(ctx, dst, resumed, func(coords []int) bool { return ranks == 1 || share(coords, ranks) == rank })
	})
	if err = dst.wrote(ctx, err); err != nil {
		return d.errorf("copy", err)
	}
	return nil
}

// share deals out objects to n ranks, all of which agree on it.
func share(coords []int, n int) int {
	sum := 0
	for _, c := range coords {
		sum = (sum*31 + c) % n
	}
	return sum
}

// copyShare copies the objects that are a rank's to copy, and then removes from dst
// those of its share that d has not. In this order nothing is lost should d and
// dst be the same after all.
func (d *Dataset) copyShare(ctx context.Context, dst *Dataset, resumed bool, mine func(coords []int) bool) error {
	empty := true
	for _, err := range dst.list(ctx) {
		if err != nil {
			return err
		}
		empty = false
		break
	}
	one := func(ctx context.Context, k *Chunk) error {
		var err error
		same := false
		if resumed {
			same, err = d.sameObject(ctx, k.key, dst, dst.key(k.coords))
		}
		if err == nil && !same {
			err = d.copyObject(ctx, k, dst)
		}
		if isNotExist(err) {
			return dst.c.replace(ctx, dst.key(k.coords), nil) // it was removed meanwhile
		}
		return err
	}
	err := d.eachStored(ctx, mine, one, dst.c)
	if errors.Is(err, errors.ErrUnsupported) { // the store cannot say which there are
		err = d.eachCell(ctx, mine, one, dst.c)
	}
	if err != nil || empty {
		return err
	}
	quiet := dst.c.o
	quiet.Engine, quiet.Progress = d.c.o.Engine, nil
	return dst.With(quiet).eachStored(ctx, mine, func(ctx context.Context, k *Chunk) error {
		_, err := d.c.store.Stat(ctx, d.key(k.coords))
		if isNotExist(err) {
			err = dst.c.replace(ctx, k.key, nil)
		}
		return err
	}, d.c)
}

// copyBlock is the size in bytes of what is copied at a time between different
// layouts: the more, the fewer source chunks are decoded for several blocks.
const copyBlock = 32 << 20

// copyWhole is the size up to which an object is copied through memory in one
// piece.
const copyWhole = 32 << 20

func (d *Dataset) copyObject(ctx context.Context, k *Chunk, dst *Dataset) error {
	to := dst.key(k.coords)
	if d.c.store == dst.c.store {
		return dst.c.copied(ctx, k.key, to)
	}
	d, err := d.at(k.coords)
	if err != nil {
		return err
	}
	check := d.Checked() && d.c.o.Verify == VerifyFull
	buf := d.objectBuffer()
	defer bufpool.Put(buf)
	out, _, err := d.c.store.Get(ctx, k.key, store.GetOptions{Max: copyWhole}, (*buf)[:0])
	*buf = out[:0]
	switch {
	case errors.Is(err, store.ErrTooLarge):
		return d.copyLarge(ctx, k, dst, to, check)
	case err != nil:
		return err
	case check:
		work := d.c.o.Profile.begin()
		err := d.checked.Check(ctx, codec.Bytes(out))
		work.decoded()
		if err != nil {
			return d.fault(k.key, err)
		}
	}
	return dst.c.replace(ctx, to, [][]byte{out})
}

// copyLarge copies an object piece by piece.
func (d *Dataset) copyLarge(ctx context.Context, k *Chunk, dst *Dataset, to string, check bool) error {
	return d.c.retry(ctx, k.key, func() (again bool, err error) {
		o := d.object(k.key)
		if check {
			work := d.c.o.Profile.begin()
			err := d.checked.Check(ctx, o)
			work.decoded()
			if err != nil {
				_, _, again := o.is()
				return again, d.fault(k.key, err)
			}
		}
		r, info, err := store.OpenReader(ctx, d.c.store, k.key, store.GetOptions{Cond: o.cond()})
		if err = o.saw(info.Version, err); err != nil {
			_, _, again := o.is()
			return again, err
		}
		defer r.Close()
		w, err := store.OpenWriter(dst.c.lasting(ctx), dst.c.guarded(ctx), to, store.Cond{})
		if err != nil {
			return false, err
		}
		defer w.Close()
		if _, err := io.Copy(w, r); err != nil {
			return false, err
		}
		defer dst.c.forget(to)
		_, err = w.Commit()
		return false, err
	})
}

// is reports whether two values are of the same dataset, opened perhaps through
// different addresses: then their documents are the same object.
func (d *Dataset) is(ctx context.Context, o *Dataset) (bool, error) {
	if d.path == o.path && (d.c.store == o.c.store || d.c.url == o.c.url) {
		return true, nil
	}
	// In buckets a version is that of the bytes: two documents of one second look the same.
	if u, v := d.c.root, o.c.root; u.Scheme == "s3" && (u.Host != v.Host || path.Join(u.Path, d.path) != path.Join(v.Path, o.path)) {
		return false, nil
	}
	a, err := d.c.store.Stat(ctx, keyOf(d.path, d.doc))
	if err != nil {
		return false, err
	}
	b, err := o.c.store.Stat(ctx, keyOf(o.path, o.doc))
	if err != nil {
		return false, fmt.Errorf("%s: %w", o, err)
	}
	return a.Version != "" && a.Version == b.Version && a.Size == b.Size && a.ModTime.Equal(b.ModTime), nil
}
