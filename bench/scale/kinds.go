//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/bench/internal/usage"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

const (
	edge = 512 // of planes, and of the array in f4.bin
	slab = 64  // planes that are written and read at a time, one layer of chunks
)

// size writes a dataset of x GiB in slabs, and reads it again.
func (b *bench) size(ctx context.Context) error {
	planes := b.x * (1 << 30 / (4 * edge * edge))
	d, err := b.create(ctx, dosna.DatasetSpec{Shape: []int{planes, edge, edge}, Type: dtype.Float32, Chunks: []int{slab, slab, slab}})
	if err != nil {
		return err
	}
	source, err := os.Open(filepath.Join(b.data, "f4.bin"))
	if err != nil {
		return err
	}
	defer source.Close()
	written, v := make([]float32, slab*edge*edge), make([]float32, slab*edge*edge)
	next := func(z int) error {
		_, err := source.ReadAt(dtype.Bytes(written), int64(z%edge)*4*edge*edge)
		return err
	}
	seconds, cpu, err := slabs(planes, next, func(box nd.Box) error {
		return dosna.Write(ctx, d, nd.BoxSelection(box), written)
	})
	if err != nil {
		return err
	}
	if err := b.tell("write", seconds, cpu); err != nil {
		return err
	}
	if d, err = b.reopen(ctx); err != nil {
		return err
	}
	if seconds, cpu, err = slabs(planes, next, func(box nd.Box) error {
		return dosna.Read(ctx, d, nd.BoxSelection(box), v)
	}); err != nil {
		return err
	}
	if !slices.Equal(v, written) {
		return fmt.Errorf("the last slab read is not the last one written")
	}
	if err := b.tell("read", seconds, cpu); err != nil {
		return err
	}
	if err := b.time("box", func() error {
		box := nd.Box{Start: []int{planes/2 + 7, 100, 200}, Shape: []int{32, 32, 32}}
		return dosna.Read(ctx, d, nd.BoxSelection(box), v[:32*32*32])
	}); err != nil {
		return err
	}
	return b.list(ctx, d, planes*edge*edge/(slab*slab*slab))
}

// slabs calls do for each slab, after next, which is not measured, has made its elements.
func slabs(planes int, next func(z int) error, do func(box nd.Box) error) (seconds, cpu float64, err error) {
	for z := 0; z < planes; z += slab {
		if err := next(z); err != nil {
			return 0, 0, err
		}
		m := usage.Start()
		err := do(nd.Box{Start: []int{z, 0, 0}, Shape: []int{slab, edge, edge}})
		s, c := m.Stop()
		seconds, cpu = seconds+s, cpu+c
		if err != nil {
			return 0, 0, err
		}
	}
	return seconds, cpu, nil
}

// chunks writes a dataset of x chunks of 1 KiB, and reads it again.
func (b *bench) chunks(ctx context.Context) error {
	rows := 1
	for rows*rows < b.x || b.x%rows != 0 {
		rows++
	}
	shape := []int{rows * 16, b.x / rows * 16}
	d, err := b.create(ctx, dosna.DatasetSpec{Shape: shape, Type: dtype.Float32, Chunks: []int{16, 16}})
	if err != nil {
		return err
	}
	v := make([]float32, d.Size())
	for i := range v {
		v[i] = float32(i%1000 + 1)
	}
	if err := b.time("write", func() error { return dosna.Write(ctx, d, nd.Selection{}, v) }); err != nil {
		return err
	}
	if d, err = b.reopen(ctx); err != nil {
		return err
	}
	got := make([]float32, len(v))
	if err := b.time("read", func() error { return dosna.Read(ctx, d, nd.Selection{}, got) }); err != nil {
		return err
	}
	if !slices.Equal(got, v) {
		return fmt.Errorf("what was read is not what was written")
	}
	return b.list(ctx, d, b.x)
}

// sparse works with a few boxes in a dataset of 1 TiB.
func (b *bench) sparse(ctx context.Context) error {
	shape := []int{16384, 4096, 4096}
	d, err := b.create(ctx, dosna.DatasetSpec{Shape: shape, Type: dtype.Float32, Chunks: []int{64, 64, 64}})
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var boxes []nd.Box
	for range 100 {
		box := nd.Box{Shape: []int{64, 64, 64}}
		for _, n := range shape { // far from one another, on no border of chunks
			box.Start = append(box.Start, rng.IntN(n/256-1)*256+10+rng.IntN(40))
		}
		if !slices.ContainsFunc(boxes, func(o nd.Box) bool { return slices.Equal(aligned(o), aligned(box)) }) {
			boxes = append(boxes, box)
		}
	}
	v, got := make([]float32, 64*64*64), make([]float32, 64*64*64)
	for i := range v {
		v[i] = float32(i%1000 + 1)
	}
	if err := b.time("write 100 boxes of 64³", func() error {
		for _, box := range boxes {
			if err := dosna.Write(ctx, d, nd.BoxSelection(box), v); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if d, err = b.reopen(ctx); err != nil {
		return err
	}
	if err := b.time("read them", func() error {
		for _, box := range boxes {
			if err := dosna.Read(ctx, d, nd.BoxSelection(box), got); err != nil {
				return err
			}
			if !slices.Equal(got, v) {
				return fmt.Errorf("box %v is not what was written", box)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := b.time("read 256³ where nothing is stored", func() error {
		got := make([]float32, 256*256*256)
		err := dosna.Read(ctx, d, nd.BoxSelection(nd.Box{Start: []int{16384 - 256, 3840, 3840}, Shape: []int{256, 256, 256}}), got)
		if err == nil && slices.Max(got) != 0 {
			err = fmt.Errorf("there is %v where nothing was written", slices.Max(got))
		}
		return err
	}); err != nil {
		return err
	}
	return b.list(ctx, d, 8*len(boxes))
}

// aligned returns where the block of chunks begins that a box lies in.
func aligned(b nd.Box) []int {
	at := slices.Clone(b.Start)
	for i := range at {
		at[i] -= at[i] % 256
	}
	return at
}

// workers reads and writes the sample data with x workers.
func (b *bench) workers(ctx context.Context) error {
	o := &dosna.Options{Engine: engine.Threads(b.x)}
	c, err := dosna.Open(ctx, filepath.Join(b.data, "ref", "f4_default.zarr"), o)
	if err != nil {
		return err
	}
	d, err := c.OpenDataset(ctx, "")
	if err != nil {
		return err
	}
	v := make([]float32, d.Size())
	if err := dosna.Read(ctx, d, nd.Selection{}, v); err != nil { // touches the memory
		return err
	}
	if err := b.time("read", func() error { return dosna.Read(ctx, d, nd.Selection{}, v) }); err != nil {
		return err
	}
	out, err := dosna.Open(ctx, b.path(), &dosna.Options{Mode: dosna.Create, Engine: o.Engine})
	if err != nil {
		return err
	}
	to, err := out.CreateDataset(ctx, "", d.Spec())
	if err != nil {
		return err
	}
	return b.time("write", func() error { return dosna.Write(ctx, to, nd.Selection{}, v) })
}
