package convert

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
)

// Parent is where datasets are built: a dosna.Connection or a dosna.Group.
type Parent interface {
	BuildDataset(ctx context.Context, path string, s dosna.DatasetSpec, fill func(ctx context.Context, d *dosna.Dataset) error) (*dosna.Dataset, error)
}

// Import creates a dataset with the shape and type of an array in a file, and the
// layout of spec, and fills it. Nobody sees it before it is complete; if that fails
// nothing of it remains. Its type is that of the array, unless spec has one for
// elements of any length, and the file texts of a fixed one.
func Import(ctx context.Context, to Parent, path string, spec dosna.DatasetSpec, f *File, o *Options) (*dosna.Dataset, error) {
	if spec.Shape = f.Shape(); !spec.Type.Variable() {
		spec.Type = f.Type()
	}
	return to.BuildDataset(ctx, path, spec, func(ctx context.Context, d *dosna.Dataset) error { return Load(ctx, d, f, o) })
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
	if !slices.Equal(d.Shape(), f.Shape()) || !becomes(f.Type(), d.Type()) {
		return fmt.Errorf("import %s to %s: %w: the file has the shape %v of %s, and the dataset %v of %s",
			f.name, d, dosna.ErrInvalid, f.Shape(), f.Type(), d.Shape(), d.Type())
	}
	parts, progress := forParts(d, d.Size()*f.Type().Size())
	l := loading{f: f, d: parts, item: f.Type().Size(), memory: newBuffers()}
	next, stop := iter.Pull(l.boxes(l.limit(o)))
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
		err := l.store(ctx, p)
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

// limit returns the most bytes of a part. Pictures, which may be read as a whole
// only, are read once if Options.Memory does not forbid it: as many as stored
// objects are deep.
func (l loading) limit(o *Options) int {
	if l.f.planes != nil && (o == nil || o.Memory <= 0) {
		return maxPictures
	}
	return o.part()
}

// maxPictures bounds the bytes of pictures that are in memory at a time.
const maxPictures = 512 << 20

// boxes yields the parts in which the file is read, in the array's axes.
func (l loading) boxes(limit int) iter.Seq[nd.Box] {
	layout := l.f.layout
	shape := layout.fileOrder(layout.Shape)
	grid := layout.fileGrid(l.d.Grid())
	list := runs(shape, l.item, limit, cutsOf(grid))
	if !l.f.Sequential() && l.f.planes == nil {
		list = blocks(grid, l.item, min(limit, partGoal))
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
