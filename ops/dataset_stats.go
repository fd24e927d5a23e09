package ops

import (
	"context"
	"fmt"
	"sync"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

// Stats takes statistics of the selected elements of a dataset, a stored
// object at a time on each worker. Options that need several readings read the
// dataset several times, and report progress anew for each; if it is written to
// meanwhile, that is an error if noticed. A selection must not repeat elements.
//
// On an engine of several ranks every rank reads all, and has the result.
func Stats(ctx context.Context, d *dosna.Dataset, sel nd.Selection, o StatsOptions) (Statistics, error) {
	s, err := takeStats(ctx, d, sel, o)
	if err != nil {
		return Statistics{}, fmt.Errorf("statistics of %s: %w", d, err)
	}
	return s, nil
}

func takeStats(ctx context.Context, d *dosna.Dataset, sel nd.Selection, o StatsOptions) (Statistics, error) {
	region, err := sel.Resolve(d.Shape())
	if err != nil {
		return Statistics{}, err
	}
	total, err := NewAccumulator(d.Type(), o)
	if err != nil {
		return Statistics{}, fmt.Errorf("%w: %w", dosna.ErrInvalid, err)
	}
	r := &reading{d: d, region: region, total: total}
	for more := true; more; {
		if err := r.read(ctx); err != nil {
			return Statistics{}, err
		}
		if more, err = total.Next(); err != nil {
			return Statistics{}, err
		}
	}
	return total.Stats()
}

// reading adds the elements of a region to an accumulator.
type reading struct {
	d      *dosna.Dataset
	region *nd.Region
	total  *Accumulator

	mu   sync.Mutex
	idle []*worker // that no task uses
}

func (r *reading) read(ctx context.Context) error {
	o := r.d.Connection().Options()
	workers := 0 // as many as there are processors
	if o.Engine != nil {
		workers = o.Engine.Workers()
	}
	alone := o
	alone.Engine, alone.Progress = engine.CPU(), nil
	serial := r.d.With(alone)
	pieces := r.region.Pieces(r.d.Grid())
	tick := progress(o, pieces.Len())
	r.idle = nil
	err := serial.Run(ctx, engine.Threads(workers), pieces.Len(), blockBytes(r.d, 2*memoryOf(r.d.Type())), func(ctx context.Context, i int) error {
		w := r.worker()
		err := r.add(ctx, w, serial, pieces.At(i))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.idle = append(r.idle, w)
		tick()
		return err
	})
	for _, w := range r.idle {
		r.total.Merge(w.Accumulator)
	}
	return err
}

// worker is what one task at a time works with.
type worker struct {
	*Accumulator
	block, mask []byte
}

func (r *reading) worker() *worker {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.idle); n > 0 {
		w := r.idle[n-1]
		r.idle = r.idle[:n-1]
		return w
	}
	return &worker{Accumulator: r.total.Fork()}
}

func (r *reading) add(ctx context.Context, w *worker, d *dosna.Dataset, p nd.Piece) error {
	item := d.Type().Size()
	n := p.Box.Size()
	w.block = grow(w.block, n*item)
	v := nd.NewView(w.block, p.Box.Shape, item)
	if err := d.ReadBox(ctx, p.Box, v); err != nil {
		return err
	}
	one := nd.View{Data: []byte{1}, Shape: r.region.Shape, Strides: make([]int, len(r.region.Shape)), Item: 1}
	canon, ok := r.region.Canonical(one)
	if !ok {
		return fmt.Errorf("the selection of shape %v cannot be laid out", r.region.Shape)
	}
	if _, whole := p.Direct(canon); whole {
		return w.Add(v)
	}
	w.mask = grow(w.mask, n)
	clear(w.mask)
	p.Scatter(nd.NewView(w.mask, p.Box.Shape, 1), canon)
	kept := 0
	for i, selected := range w.mask {
		if selected != 0 {
			copy(w.block[kept*item:(kept+1)*item], w.block[i*item:])
			kept++
		}
	}
	if kept != p.Count() {
		return fmt.Errorf("%w: the selection repeats elements; select each once", dosna.ErrInvalid)
	}
	return w.Add(nd.NewView(w.block, []int{kept}, item))
}

// progress returns a function to call when a task is finished.
func progress(o dosna.Options, total int) func() {
	if o.Progress == nil {
		return func() {}
	}
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		o.Progress(done, total)
	}
}
