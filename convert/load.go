package convert

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
)

// Parent is where datasets are created: a dosna.Connection or a dosna.Group.
type Parent interface {
	CreateDataset(ctx context.Context, path string, s dosna.DatasetSpec) (*dosna.Dataset, error)
}

// Import creates a dataset with the shape and type of an array in a file, and
// the layout of spec, and fills it. If that fails the dataset is deleted again; one
// that is the root of a tree stays, without elements.
func Import(ctx context.Context, to Parent, path string, spec dosna.DatasetSpec, f *File, o *Options) (*dosna.Dataset, error) {
	spec.Shape, spec.Type = f.Shape(), f.Type()
	d, err := to.CreateDataset(ctx, path, spec)
	if err != nil {
		return nil, err
	}
	if err := Load(ctx, d, f, o); err != nil {
		// also after ctx was cancelled
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if d.Path() == "/" { // which stays as long as the tree
			return nil, errors.Join(err, d.Clear(clean))
		}
		return nil, errors.Join(err, d.Delete(clean))
	}
	return d, nil
}

// Load fills a dataset from an array in a file of the same shape and type. The
// file is read in long runs, and each stored object is written once. Only if
// the array comes as a stream whose rows of stored objects are larger than
// Options.Memory allows, are they written in several steps.
//
// The dataset's options tell which engine does the work, and who is told of its
// progress, in bytes. A stream that has nothing to give when ctx is cancelled is
// not waited for: the read ends, with the goroutine that it is in, when something
// comes or the stream is closed, and the file cannot be read any more.
func Load(ctx context.Context, d *dosna.Dataset, f *File, o *Options) error {
	if !slices.Equal(d.Shape(), f.Shape()) || d.Type() != f.Type() {
		return fmt.Errorf("import %s to %s: %w: the file has the shape %v of %s, and the dataset %v of %s",
			f.name, d, dosna.ErrInvalid, f.Shape(), f.Type(), d.Shape(), d.Type())
	}
	parts, progress := forParts(d, d.Bytes())
	l := loading{f: f, d: parts, item: f.Type().Size(), memory: newBuffers()}
	next, stop := iter.Pull(l.boxes(o.part()))
	defer stop()
	get := func(ctx context.Context) (loaded, bool, error) {
		box, more := next()
		if !more {
			return loaded{}, false, nil
		}
		p, err := l.read(ctx, box)
		return p, true, err
	}
	err := overlap(ctx, get, func(ctx context.Context, p loaded) error {
		defer l.memory.put(p.view.Data)
		err := l.d.WriteBox(ctx, p.box, p.view)
		progress.add(p.box.Size() * l.item)
		return err
	})
	if err == nil && f.size == 0 && f.Sequential() && f.last {
		err = f.end(ctx)
	}
	if err != nil {
		return fmt.Errorf("import %s to %s: %w", f.name, d, err)
	}
	if c := d.Connection(); c.Options().Durable {
		return c.Sync(ctx)
	}
	return nil
}

// loading is a file being read in parts.
type loading struct {
	f    *File
	d    *dosna.Dataset
	item int

	memory buffers
}

// loaded is a part of the array in memory.
type loaded struct {
	box  nd.Box
	view nd.View
}

// boxes yields the parts in which the file is read, in the array's axes.
func (l loading) boxes(limit int) iter.Seq[nd.Box] {
	layout := l.f.layout
	shape := layout.fileOrder(layout.Shape)
	cell := layout.fileOrder(l.d.Grid().CellShape(make([]int, len(shape))))
	list := runs(shape, l.item, limit, cell, make([]int, len(shape)))
	if !l.f.Sequential() {
		list = blocks(shape, l.item, min(limit, partGoal), cell)
	}
	return func(yield func(nd.Box) bool) {
		for b := range list {
			if !yield(layout.fileBox(b)) {
				return
			}
		}
	}
}

func (l loading) read(ctx context.Context, box nd.Box) (loaded, error) {
	data := l.memory.get(box.Size() * l.item)
	view := l.f.layout.fileView(nd.NewView(data, l.f.layout.fileOrder(box.Shape), l.item))
	return loaded{box, view}, l.f.ReadBox(ctx, box, view)
}
