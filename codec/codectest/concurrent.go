package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// failingSource reads from a source whose errors are its own.
func failingSource(ctx context.Context, c Chain) error {
	in := c.Chunk()
	down := errors.New("the network is down")
	out := poisoned(in.Shape, in.Type.Size())
	full := nd.Full(in.Shape)
	_, patchErr := c.Patch(ctx, broken{down}, nd.Box{Start: full.Start, Shape: zeros(in.Shape)}, poisoned(zeros(in.Shape), in.Type.Size()))
	for what, err := range map[string]error{
		"read":  c.Read(ctx, broken{down}, full, out),
		"check": c.Check(ctx, broken{down}),
		"patch": patchErr,
	} {
		if what == "patch" && len(in.Shape) == 0 {
			continue // it has no part of a chunk to leave as it is
		}
		if !errors.Is(err, down) || errors.Is(err, codec.ErrCorrupt) {
			return fmt.Errorf("%s from a source that fails: %w", what, orNone(err))
		}
	}
	return nil
}

func zeros(shape []int) []int { return make([]int, len(shape)) }

func orNone(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

// concurrent uses one chain from several goroutines, each with elements of its own.
func concurrent(ctx context.Context, c Chain) error {
	in := c.Chunk()
	var group sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		group.Go(func() {
			data := bytes.Clone(sampleOf(in, "noise"))
			item := in.Type.Size()
			for j := range i {
				copy(data[j%(len(data)/item)*item:], in.Fill)
			}
			for range 5 {
				if errs[i] = once(ctx, c, data); errs[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func once(ctx context.Context, c Chain, data []byte) error {
	in := c.Chunk()
	stored, err := c.Encode(nil, contiguous(in, data))
	if err != nil {
		return err
	}
	for range 2 {
		out := poisoned(in.Shape, in.Type.Size())
		if err := c.Read(ctx, &object{data: stored}, nd.Full(in.Shape), out); err != nil {
			return err
		}
		if err := differ(out, data); err != nil {
			return err
		}
		p, err := c.Patch(ctx, &object{data: stored}, nd.Full(in.Shape), out)
		if err != nil {
			return err
		}
		stored = bytes.Join(p.Parts, nil)
		p.Release()
		if len(stored) == 0 { // all fill
			return nil
		}
	}
	return nil
}
