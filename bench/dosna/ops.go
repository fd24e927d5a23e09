//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

var opNames = []string{"read", "write", "write_sync", "chunks1", "chunks2", "zplanes", "xplanes", "boxes", "points", "overwrite", "overwrite_sync"}

// A job is an operation on an array that is open. It returns the number of
// elements it moved, and what they add up to, the way all peers add it up; nil
// where they come from the caller.
type job func(ctx context.Context) (moved int, check *float64, err error)

// bench prepares an operation, measures it and tells what it took.
func bench[T sample](p params, t dtype.Type) (r result, err error) {
	if !slices.Contains(opNames, p.op) {
		return r, fmt.Errorf("unknown operation %q", p.op)
	}
	ctx := context.Background()
	sel, err := loadSelections(p.data)
	if err != nil {
		return r, err
	}
	ref := filepath.Join(p.root, "ref", p.layout+".zarr")
	out := filepath.Join(p.root, "out", p.name+"_"+p.layout+"_"+p.op+".zarr")
	var do job
	switch p.op {
	case "write", "write_sync":
		do, err = writing[T](ctx, p, ref, out, sel.N)
	case "overwrite", "overwrite_sync":
		do, err = overwriting[T](ctx, p, ref, out, sel)
	default:
		do, err = reading[T](ctx, p.op, ref, sel)
	}
	if err != nil {
		return r, err
	}
	rss0 := peak()
	m := start()
	moved, check, err := do(ctx)
	seconds, cpuSeconds := m.stop()
	if err != nil {
		return r, err
	}
	mib := float64(moved*t.Size()) / (1 << 20)
	return result{p.name, p.layout, p.op, seconds, cpuSeconds, mib / seconds, peak(), rss0, check}, nil
}

// open opens the array that is the root of a tree.
func open(ctx context.Context, path string, o *dosna.Options) (*dosna.Dataset, error) {
	c, err := dosna.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return c.OpenDataset(ctx, "")
}

// writing creates an array of the layout and fills it.
func writing[T sample](ctx context.Context, p params, ref, out string, n int) (job, error) {
	like, err := open(ctx, ref, nil)
	if err != nil {
		return nil, err
	}
	v, err := source[T](p.data, n*n*n)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return nil, err
	}
	spec := like.Spec()
	return func(ctx context.Context) (int, *float64, error) {
		c, err := dosna.Open(ctx, out, &dosna.Options{Mode: dosna.Create})
		if err != nil {
			return 0, nil, err
		}
		d, err := c.CreateDataset(ctx, "", spec)
		if err != nil {
			return 0, nil, err
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, v); err != nil {
			return 0, nil, err
		}
		if p.op == "write_sync" {
			err = c.Sync(ctx)
		}
		return len(v), nil, err
	}, nil
}

// overwriting assigns a box that does not lie on the borders of chunks, in a copy
// of the stored array.
func overwriting[T sample](ctx context.Context, p params, ref, out string, sel selections) (job, error) {
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	if err := os.CopyFS(out, os.DirFS(ref)); err != nil {
		return nil, err
	}
	var box nd.Box
	for _, edge := range sel.Overwrite {
		box.Start = append(box.Start, edge[0])
		box.Shape = append(box.Shape, edge[1]-edge[0])
	}
	v, err := source[T](p.data, box.Size())
	if err != nil {
		return nil, err
	}
	d, err := open(ctx, out, &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (int, *float64, error) {
		err := dosna.Write(ctx, d, nd.BoxSelection(box), v)
		if err == nil && p.op == "overwrite_sync" {
			err = d.Connection().Sync(ctx)
		}
		return len(v), nil, err
	}, nil
}

// reading opens the stored array and reads the whole of it, or parts.
func reading[T sample](ctx context.Context, op, ref string, sel selections) (job, error) {
	d, err := open(ctx, ref, nil)
	if err != nil {
		return nil, err
	}
	n := sel.N
	parts := func(boxes []nd.Box, workers int, sum func([]T) float64) job {
		return func(ctx context.Context) (int, *float64, error) {
			return readBoxes(ctx, d, boxes, workers, sum)
		}
	}
	switch op {
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
	}
	var boxes []nd.Box
	switch op {
	case "chunks1", "chunks2":
		b := sel.Block
		for i := range (n / b) * (n / b) * (n / b) {
			m := n / b
			boxes = append(boxes, cube([3]int{i / (m * m) * b, i / m % m * b, i % m * b}, b))
		}
		first := func(v []T) float64 { return float64(v[0]) }
		return parts(boxes, int(op[len(op)-1]-'0'), first), nil
	case "zplanes":
		for _, z := range sel.ZPlanes {
			boxes = append(boxes, nd.Box{Start: []int{z, 0, 0}, Shape: []int{1, n, n}})
		}
	case "xplanes":
		for _, x := range sel.XPlanes {
			boxes = append(boxes, nd.Box{Start: []int{0, 0, x}, Shape: []int{n, n, 1}})
		}
	case "boxes":
		for _, at := range sel.Boxes {
			boxes = append(boxes, cube(at, sel.Box))
		}
	}
	return parts(boxes, 1, everyNth[T]), nil
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
