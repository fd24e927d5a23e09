//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/bench/internal/usage"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

var opNames = []string{"read", "write", "write_sync", "chunks1", "chunks2", "zplanes", "xplanes", "boxes", "points", "overwrite", "overwrite_sync",
	"zplanes_again", "xplanes_again", "boxes_again", "blur"}

const (
	sigma = 2 // of the blur
	again = 3 // passes that are measured, after one that is not, of operations named ..._again
)

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
	ref := p.root + "/ref/" + p.layout + ".zarr"
	if strings.HasSuffix(p.layout, "_gzip") {
		ref = p.root + "/ref/" + p.layout + ".h5#/a"
	}
	out := p.root + "/out/" + p.name + "_" + p.layout + "_" + p.op + ".zarr"
	var do job
	switch p.op {
	case "write", "write_sync":
		do, err = writing[T](ctx, p, ref, out, sel.N)
	case "overwrite", "overwrite_sync":
		do, err = overwriting[T](ctx, p, ref, out, sel)
	case "blur":
		do, err = blurring(ctx, p.root+"/ref/blur.zarr", out)
	default:
		do, err = reading[T](ctx, p, ref, sel)
	}
	if err != nil {
		return r, err
	}
	rss0 := usage.Peak()
	m := usage.Start()
	moved, check, err := do(ctx)
	seconds, cpuSeconds := m.Stop()
	if err != nil {
		return r, err
	}
	mib := float64(moved*t.Size()) / (1 << 20)
	return result{p.name, p.layout, p.op, seconds, cpuSeconds, mib / seconds, usage.Peak(), rss0, check}, nil
}

// open opens the array that is the root of a tree, or has a path behind "#".
func open(ctx context.Context, address string, o *dosna.Options) (*dosna.Dataset, error) {
	address, path, _ := strings.Cut(address, "#")
	c, err := dosna.Open(ctx, address, o)
	if err != nil {
		return nil, err
	}
	return c.OpenDataset(ctx, path)
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
	if err := empty(out); err != nil {
		return nil, err
	}
	spec := like.Spec()
	return func(ctx context.Context) (int, *float64, error) {
		d, c, err := create(ctx, out, spec)
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
	if err := empty(out); err != nil {
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

// blurring filters a stored array into a new one like it.
func blurring(ctx context.Context, ref, out string) (job, error) {
	src, err := open(ctx, ref, nil)
	if err != nil {
		return nil, err
	}
	if err := empty(out); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (int, *float64, error) {
		dst, _, err := create(ctx, out, src.Spec())
		if err != nil {
			return 0, nil, err
		}
		return src.Size(), nil, ops.Blur(ctx, dst, src, ops.GaussianOptions{Sigma: []float64{sigma}})
	}, nil
}

// empty makes place for a store. In buckets there is some.
func empty(path string) error {
	if strings.Contains(path, "://") {
		return nil
	}
	return errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o777))
}

// create creates a store with an array as its root.
func create(ctx context.Context, path string, spec dosna.DatasetSpec) (*dosna.Dataset, *dosna.Connection, error) {
	c, err := dosna.Open(ctx, path, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		return nil, nil, err
	}
	d, err := c.CreateDataset(ctx, "", spec)
	return d, c, err
}
