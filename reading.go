package dosna

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// reading is a selection being read: a task for every stored object touched. Where
// a selection picks elements here and there, and objects are made of parts that
// can be decoded apart, there is a task for every part touched instead.
type reading struct {
	d      *Dataset
	pieces *nd.Pieces
	canon  nd.View
	cache  *cacheReader // nil if there is none
	absent atomic.Bool  // an object was not there

	mu     sync.Mutex
	shared map[string]*object // the states of objects that have several pieces; nil if none has
}

func (d *Dataset) reading(r *nd.Region, canon nd.View) *reading {
	j := &reading{d: d, canon: canon}
	grid := d.grid
	j.cache = d.cacheReader()
	if grain := d.chain.Grain(); (r.Sparse() || j.cache != nil) && !slices.Equal(grain, d.stored()) {
		if fine, err := nd.NewGrid(d.doc.Shape, grain); err == nil {
			grid, j.shared = fine, map[string]*object{}
		}
	}
	j.pieces = r.Pieces(grid)
	if j.cache != nil {
		j.cache.admit(j.pieces.Len())
	}
	return j
}

// cell returns the grid coordinates of a piece's object.
func (j *reading) cell(p nd.Piece) []int {
	if j.shared == nil {
		return p.Cell
	}
	for i, start := range p.Box.Start {
		p.Cell[i] = j.d.grid.Find(i, start)
	}
	return p.Cell
}

// task reads a piece. Where an object has several and has changed meanwhile, that
// is left to settle.
func (j *reading) task(ctx context.Context, i int) error {
	p := j.pieces.At(i)
	cell := j.cell(p)
	d, err := j.d.at(cell)
	if err != nil {
		return err
	}
	key, box := d.key(cell), d.grid.Local(cell, p.Box)
	if j.shared == nil {
		return d.c.retry(ctx, key, func() (again bool, err error) {
			return j.read(ctx, d.object(key), p, box)
		})
	}
	j.mu.Lock()
	o := j.shared[key]
	if o == nil {
		o = d.object(key)
		o.often = true
		j.shared[key] = o
	}
	j.mu.Unlock()
	changed, err := j.read(ctx, o, p, box)
	if changed {
		return nil
	}
	return err
}

// read reads a piece from one state of its object. It is true if there is no such
// state any more.
func (j *reading) read(ctx context.Context, o *object, p nd.Piece, box nd.Box) (changed bool, err error) {
	ok := false
	if c := j.cacheOf(o.d); c != nil {
		ok, err = c.read(ctx, o, p, box, j.canon)
	}
	if !ok {
		err = j.load(ctx, o, p, box)
	}
	_, absent, changed := o.is()
	if absent && !o.believed {
		j.absent.Store(true)
	}
	if changed {
		j.d.c.forget(o.key)
	}
	return changed && err != nil, err
}

// cacheOf returns how the cache is used for objects of d, which is the dataset at a cell.
func (j *reading) cacheOf(d *Dataset) *cacheReader {
	if j.cache == nil || d.chains == nil {
		return j.cache
	}
	c := d.cacheReader()
	if c != nil {
		c.keep = j.cache.keep
	}
	return c
}

// load reads a piece from the store.
func (j *reading) load(ctx context.Context, o *object, p nd.Piece, box nd.Box) error {
	if j.d.field != nil {
		return j.gather(ctx, o, p, box)
	}
	if direct, ok := p.Direct(j.canon); ok {
		return o.d.readBox(ctx, o, box, direct)
	}
	if ok, err := j.pick(ctx, o, p, box); ok {
		return err
	}
	return j.gather(ctx, o, p, box)
}

// gather reads all of a piece's box, and copies what is selected.
func (j *reading) gather(ctx context.Context, o *object, p nd.Piece, box nd.Box) error {
	d, free := o.d.part()
	defer free()
	held, buf, err := hold(box.Shape, d.chain.Item())
	if err != nil {
		return err
	}
	defer bufpool.Put(buf)
	if err := d.readBox(ctx, o, box, held); err != nil {
		return err
	}
	j.d.keep(p, held, j.canon)
	p.Gather(j.canon, d.field.in(held))
	return nil
}

// pickGap is how many bytes are read in the time that another range takes.
const pickGap = 4 << 10

// boxCost is what a box costs to read, in bytes and pickGap for each range: along
// its first axes it lies in ranges of their own where much is between them.
func boxCost(stored nd.View, box nd.Box) int {
	n, ranges := stored.Item, 1
	for i := len(box.Shape) - 1; i >= 0; i-- {
		if count := box.Shape[i]; ranges > 1 || stored.Strides[i]-n > pickGap {
			ranges *= count
		} else {
			n += (count - 1) * stored.Strides[i]
		}
	}
	return ranges * (n + pickGap)
}

// pick reads the elements of a piece by ranges, straight to where they belong. It
// is false where that is impossible, or they are too many.
func (j *reading) pick(ctx context.Context, o *object, p nd.Piece, box nd.Box) (ok bool, err error) {
	stored, ok := o.d.chain.Layout()
	if !ok || p.Count()*pickGap > boxCost(stored, box) {
		return false, nil
	}
	spans := make([]nd.Span, 0, p.Count())
	p.Runs(j.canon, stored.Sub(box), func(to, from, n int) {
		spans = append(spans, nd.Span{Off: int64(from), Dst: j.canon.Data[to : to+n]})
	})
	slices.SortFunc(spans, func(a, b nd.Span) int { return cmp.Compare(a.Off, b.Off) })
	err = o.readSpans(ctx, spans)
	if err != nil {
		_, absent, changed := o.is()
		if !absent || changed {
			return true, j.d.fault(o.key, err)
		}
		p.Gather(j.canon, j.d.fillView(box.Shape))
	}
	return true, nil
}

// settle reads anew all pieces of objects that changed between one piece and the
// next, so that all show one state. What was not there is fill, unless the whole
// dataset has gone.
func (j *reading) settle(ctx context.Context) error {
	err := j.d.c.retry(ctx, j.d.prefix, func() (again bool, err error) {
		stale := map[string]bool{}
		for key, o := range j.shared {
			if _, _, changed := o.is(); changed {
				stale[key] = true
				delete(j.shared, key)
			}
		}
		for i := 0; len(stale) > 0 && i < j.pieces.Len(); i++ {
			if !stale[j.d.key(j.cell(j.pieces.At(i)))] {
				continue
			}
			if err := j.task(ctx, i); err != nil {
				return false, err
			}
		}
		if len(stale) > 0 {
			return true, ErrConflict // for those who give up
		}
		return false, nil
	})
	if err != nil || !j.absent.Load() {
		return err
	}
	_, err = j.d.sight(ctx)
	if isNotExist(err) {
		return fmt.Errorf("%w: it was deleted, moved or replaced meanwhile", ErrNotExist)
	}
	return err
}
