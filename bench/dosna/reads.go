//go:build unix

package main

import (
	"context"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
)

// reading opens the stored array and reads the whole of it, or parts.
func reading[T sample](ctx context.Context, p params, ref string, sel selections) (job, error) {
	d, err := open(ctx, ref, p.options())
	if err != nil {
		return nil, err
	}
	n := sel.N
	switch p.op {
	case "read":
		return func(ctx context.Context) (int, *float64, error) {
			v, err := dosna.ReadAll[T](ctx, d, nd.Selection{})
			if err != nil {
				return 0, nil, err
			}
			check := lattice(v, n)
			return len(v), &check, nil
		}, nil
	case "points":
		return func(ctx context.Context) (int, *float64, error) {
			return readPoints[T](ctx, d, sel.Points)
		}, nil
	case "chunks1", "chunks2":
		first := func(v []T) float64 { return float64(v[0]) }
		return func(ctx context.Context) (int, *float64, error) {
			return readBoxes(ctx, d, sel.blocks(), int(p.op[len(p.op)-1]-'0'), first)
		}, nil
	}
	op, repeated := strings.CutSuffix(p.op, "_again")
	boxes := sel.parts(op)
	pass := func(ctx context.Context) (int, *float64, error) {
		return readBoxes(ctx, d, boxes, 1, everyNth[T])
	}
	if !repeated {
		return pass, nil
	}
	if _, _, err := pass(ctx); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (moved int, check *float64, err error) {
		for range again {
			var n int
			if n, check, err = pass(ctx); err != nil {
				return 0, nil, err
			}
			moved += n
		}
		return moved, check, nil
	}, nil
}

// options are those of a connection that reads.
func (p params) options() *dosna.Options {
	o := &dosna.Options{}
	if p.cache > 0 {
		o.Cache = dosna.NewCache(p.cache)
		o.Cache.MaxAge = p.maxAge
	}
	return o
}

// readBoxes reads boxes of one size, one after another on each of some workers,
// into memory that each worker uses again.
func readBoxes[T sample](ctx context.Context, d *dosna.Dataset, boxes []nd.Box, workers int, sum func([]T) float64) (int, *float64, error) {
	var next atomic.Int64
	sums := make([]float64, workers)
	work := func(ctx context.Context, worker int) error {
		v := make([]T, boxes[0].Size())
		for {
			i := int(next.Add(1) - 1)
			if i >= len(boxes) {
				return nil
			}
			if err := dosna.Read(ctx, d, nd.BoxSelection(boxes[i]), v); err != nil {
				return err
			}
			sums[worker] += sum(v)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for worker := range workers {
		g.Go(func() error { return work(ctx, worker) })
	}
	if err := g.Wait(); err != nil {
		return 0, nil, err
	}
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return len(boxes) * boxes[0].Size(), &total, nil
}

// readPoints reads single elements in one call.
func readPoints[T sample](ctx context.Context, d *dosna.Dataset, points [][3]int) (int, *float64, error) {
	var z, y, x []int
	for _, p := range points {
		z, y, x = append(z, p[0]), append(y, p[1]), append(x, p[2])
	}
	v := make([]T, len(points))
	if err := dosna.Read(ctx, d, nd.Sel(nd.List(z...), nd.List(y...), nd.List(x...)), v); err != nil {
		return 0, nil, err
	}
	total := 0.0
	for _, e := range v {
		total += float64(e)
	}
	return len(v), &total, nil
}
