package serve

import (
	"context"
	"fmt"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

// spec says what dataset to create; see dosna.DatasetSpec.
type spec struct {
	Shape    []int            `json:"shape"`
	DType    string           `json:"dtype"` // as dtype.ParseType reads it
	Chunks   []int            `json:"chunks"`
	Shards   []int            `json:"shards"`
	Edges    [][]int          `json:"edges"`
	Access   string           `json:"access"`
	Whole    int              `json:"whole"` // without Chunks: arrays of no more bytes are one chunk
	Fill     []byte           `json:"fill"`  // the bytes of an element, in base64
	FillText *string          `json:"fill_text"`
	Codec    string           `json:"codec"`
	Checksum string           `json:"checksum"`
	Codecs   []codec.Spec     `json:"codecs"`
	Keys     string           `json:"keys"`
	Format   int              `json:"format"`
	Dims     []string         `json:"dimension_names"`
	Attrs    dosna.Attributes `json:"attrs"`
}

func (s spec) resolve() (dosna.DatasetSpec, error) {
	t, order, err := dtype.ParseType(s.DType)
	if err != nil {
		return dosna.DatasetSpec{}, fmt.Errorf("%w: %w", dosna.ErrInvalid, err)
	}
	out := dosna.DatasetSpec{
		Shape: s.Shape, Type: t, Order: order, Chunks: s.Chunks, Shards: s.Shards, Edges: s.Edges, Access: s.Access, Codec: s.Codec, Checksum: s.Checksum,
		Codecs: s.Codecs, Keys: s.Keys, Format: s.Format, DimensionNames: s.Dims, Attrs: s.Attrs,
	}
	if out.Shape == nil {
		out.Shape = []int{}
	}
	switch {
	case s.FillText != nil:
		out.Fill = *s.FillText
	case s.Fill != nil:
		out.Fill = s.Fill
	}
	if s.Chunks == nil && s.Shards == nil && s.Edges == nil && s.Access == "" && s.whole(t) {
		out.Chunks = make([]int, len(s.Shape))
		for i, n := range s.Shape {
			out.Chunks[i] = max(n, 1)
		}
	}
	return out, nil
}

// whole reports whether the array is small enough to be one chunk.
func (s spec) whole(t dtype.Type) bool {
	size := t.Size()
	for _, n := range s.Shape {
		if n > 0 && size > s.Whole/n {
			return false
		}
		size *= max(n, 1)
	}
	return size <= s.Whole
}

func createDataset(ctx context.Context, k *call, c *dosna.Connection, s spec) (any, error) {
	full, err := s.resolve()
	if err != nil {
		return nil, err
	}
	d, err := c.CreateDataset(ctx, k.At.Path, full)
	if err != nil {
		return nil, err
	}
	if err := k.keep(d); err != nil {
		return nil, err
	}
	return describe(d), nil
}

// ofDataset makes an operation of what is done with an opened dataset.
func ofDataset[A any](f func(ctx context.Context, k *call, d *dosna.Dataset, a A) (any, error)) operation {
	return with(func(ctx context.Context, k *call, a A) (any, error) {
		d, done, err := k.dataset(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		return f(ctx, k, d, a)
	})
}

type resizeArgs struct {
	Shape []int `json:"shape"`
}

func resize(ctx context.Context, _ *call, d *dosna.Dataset, a resizeArgs) (any, error) {
	if err := d.Resize(ctx, a.Shape); err != nil {
		return nil, err
	}
	return describe(d), nil
}

func clearDataset(ctx context.Context, _ *call, d *dosna.Dataset, _ nothing) (any, error) {
	return nil, d.Clear(ctx)
}

func usage(ctx context.Context, _ *call, d *dosna.Dataset, _ nothing) (any, error) {
	u, err := d.Usage(ctx)
	return map[string]any{"objects": u.Objects, "stored": u.Stored, "cells": u.Cells}, err
}

func storedChunks(ctx context.Context, _ *call, d *dosna.Dataset, _ nothing) (any, error) {
	out := [][]int{}
	for chunk, err := range d.StoredChunks(ctx) {
		if err != nil {
			return nil, err
		}
		out = append(out, chunk.Coords())
	}
	return out, nil
}

func verifyDataset(ctx context.Context, _ *call, d *dosna.Dataset, _ nothing) (any, error) {
	type one struct {
		Key   string `json:"key"`
		Error string `json:"error"`
	}
	faults, more := []one{}, 0
	n, err := d.Verify(ctx, func(f dosna.Fault) {
		if len(faults) == maxFindings {
			more++
			return
		}
		faults = append(faults, one{f.Key, f.Err.Error()})
	})
	return map[string]any{"objects": n, "faults": faults, "more": more}, err
}

type cloneArgs struct {
	To   string `json:"to"`
	Data bool   `json:"data"`
}

func clone(ctx context.Context, k *call, d *dosna.Dataset, a cloneArgs) (any, error) {
	made, err := d.Clone(ctx, a.To, a.Data)
	if err != nil {
		return nil, err
	}
	return describe(made), nil
}

type chunkArgs struct {
	Coords []int  `json:"coords"`
	Do     string `json:"do"` // has, delete, stat, verify
}

func chunk(ctx context.Context, _ *call, d *dosna.Dataset, a chunkArgs) (any, error) {
	c, err := d.Chunk(a.Coords...)
	if err != nil {
		return nil, err
	}
	switch a.Do {
	case "has":
		return c.Exists(ctx)
	case "delete":
		there, err := c.Exists(ctx)
		if err != nil || !there {
			return false, err
		}
		return true, c.Delete(ctx)
	case "stat":
		info, err := c.Stat(ctx)
		return map[string]any{"key": info.Key, "bytes": info.Size, "stored": info.ModTime}, err
	case "verify":
		return nil, c.Verify(ctx)
	}
	return nil, fmt.Errorf("%w: nothing called %q is done with chunks", dosna.ErrInvalid, a.Do)
}

type guessArgs struct {
	Shape  []int  `json:"shape"`
	Item   int    `json:"item"`
	Access string `json:"access"`
}

func guess(_ context.Context, _ *call, a guessArgs) (any, error) {
	return dosna.GuessChunks(a.Shape, a.Item, a.Access)
}

func status(_ context.Context, k *call, _ nothing) (any, error) {
	s := k.conn.server
	used, limit := s.budget.now()
	s.mu.Lock()
	sessions, conns := len(s.sessions), len(s.conns)
	s.mu.Unlock()
	out := map[string]any{"memory": used, "limit": limit, "sessions": sessions, "connections": conns}
	if s.o.Cache != nil {
		out["cache"] = s.o.Cache.Stats()
	}
	return out, nil
}
