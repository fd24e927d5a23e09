package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// roundTrip encodes elements from memory of every layout, and reads them back
// into every layout.
func roundTrip(ctx context.Context, c Chain) error {
	in := c.Chunk()
	for _, s := range samples(in) {
		name, data := s.name, s.data
		for _, from := range layouts(in.Shape, in.Type.Size()) {
			set(from.view, data)
			stored, err := c.Encode(nil, from.view)
			if err != nil {
				return fmt.Errorf("encode %s in %s: %w", name, from.name, err)
			}
			if err := differ(from.view, data); err != nil {
				return fmt.Errorf("encode %s in %s altered its input: %w", name, from.name, err)
			}
			if err := readBack(ctx, c, stored, data); err != nil {
				return fmt.Errorf("%s encoded from %s: %w", name, from.name, err)
			}
		}
	}
	return nil
}

// readBack reads a whole stored chunk in every way there is.
func readBack(ctx context.Context, c Chain, stored, want []byte) error {
	in := c.Chunk()
	before := bytes.Clone(stored)
	far := &object{data: stored}
	for i, to := range layouts(in.Shape, in.Type.Size()) {
		src := []codec.Source{far, codec.Bytes(stored)}[i%2]
		if err := c.Check(ctx, src); err != nil {
			return fmt.Errorf("check of %T: %w", src, err)
		}
		if err := c.Read(ctx, src, nd.Full(in.Shape), to.view); err != nil {
			return fmt.Errorf("read %T into %s: %w", src, to.name, err)
		}
		if err := differ(to.view, want); err != nil {
			return fmt.Errorf("read %T into %s: %w", src, to.name, err)
		}
	}
	if !bytes.Equal(before, stored) {
		return errors.New("reading altered the stored bytes")
	}
	return far.misread()
}

// encode looks at where Encode puts its output, and at the bound on it.
func encode(_ context.Context, c Chain) error {
	in := c.Chunk()
	for _, s := range samples(in) {
		name, data := s.name, s.data
		v := contiguous(in, data)
		plain, err := c.Encode(nil, v)
		if err != nil {
			return err
		}
		if len(plain) > c.MaxStored() {
			return fmt.Errorf("%s is encoded to %d bytes, and MaxStored is %d", name, len(plain), c.MaxStored())
		}
		for _, room := range []int{0, 1, len(plain) / 2, len(plain) - 1, len(plain), len(plain) + 100, c.MaxStored()} {
			dst := append(make([]byte, 0, 5+min(max(room, 0), 1<<20)), "begin"...)
			out, err := c.Encode(dst, v)
			if err != nil {
				return err
			}
			if !bytes.HasPrefix(out, []byte("begin")) || !bytes.Equal(out[5:], plain) {
				return fmt.Errorf("%s is encoded to other bytes behind a prefix, with room for %d", name, room)
			}
		}
		if want := bytes.Equal(data, blank(in)); c.IsFill(v) != want {
			return fmt.Errorf("IsFill of %s is %t", name, !want)
		}
	}
	return nil
}

// clipped encodes chunks at the edge of an array: what lies beyond it is fill.
func clipped(ctx context.Context, c Chain) error {
	in := c.Chunk()
	r := random()
	for _, s := range samples(in) {
		name, data := s.name, s.data
		for i := range 6 {
			box := nd.Box{Start: make([]int, len(in.Shape)), Shape: make([]int, len(in.Shape))}
			for axis, n := range in.Shape {
				box.Shape[axis] = r.IntN(n + 1)
				if i == 0 { // nothing at all
					box.Shape[axis] = 0
				}
			}
			want := blank(in)
			nd.Copy(contiguous(in, want).Sub(box), contiguous(in, data).Sub(box))
			stored, err := c.Encode(nil, contiguous(in, data).Sub(box))
			if err != nil {
				return fmt.Errorf("encode %s of %s: %w", box, name, err)
			}
			if err := readBack(ctx, c, stored, want); err != nil {
				return fmt.Errorf("%s of %s: %w", box, name, err)
			}
		}
	}
	return nil
}

// boxes reads parts of a chunk, from every kind of source.
func boxes(ctx context.Context, c Chain) error {
	in := c.Chunk()
	r := random()
	for _, s := range samples(in) {
		name, data := s.name, s.data
		stored, err := c.Encode(nil, contiguous(in, data))
		if err != nil {
			return err
		}
		far := &object{data: stored}
		ready, err := c.Prepare(ctx, far)
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		if _, err := c.Prepare(ctx, ready); err != nil {
			return fmt.Errorf("prepare twice: %w", err)
		}
		near, err := c.Prepare(ctx, codec.Bytes(stored))
		if err != nil {
			return fmt.Errorf("prepare bytes in memory: %w", err)
		}
		for i := range 20 {
			box := randomBox(r, in.Shape)
			to := layouts(box.Shape, in.Type.Size())[i/4%4]
			src := []codec.Source{far, ready, codec.Bytes(stored), near}[i%4]
			for mode, reader := range map[string]Chain{"": c, " lazily": c.Lazy()} {
				what := fmt.Sprintf("read %s of %s%s from %T into %s", box, name, mode, src, to.name)
				if err := reader.Read(ctx, src, box, to.view); err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
				if err := differ(to.view, part(in, data, box)); err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
				nd.Fill(to.view, bytes.Repeat([]byte{poison}, in.Type.Size()))
			}
		}
		if err := far.misread(); err != nil {
			return err
		}
	}
	return nil
}

// arguments asks for what is not of the chunk.
func arguments(ctx context.Context, c Chain) error {
	in := c.Chunk()
	item := in.Type.Size()
	stored, err := c.Encode(nil, contiguous(in, sampleOf(in, "noise")))
	if err != nil {
		return err
	}
	reject := func(what string, box nd.Box, v nd.View) error {
		if err := c.Read(ctx, codec.Bytes(stored), box, v); err == nil {
			return fmt.Errorf("read %s: no error", what)
		}
		if p, err := c.Patch(ctx, nil, box, v); err == nil {
			p.Release()
			return fmt.Errorf("patch %s: no error", what)
		}
		return nil
	}
	full := nd.Full(in.Shape)
	short := poisoned(in.Shape, item)
	short.Data = short.Data[:len(short.Data)-1]
	if _, err := c.Encode(nil, short); err == nil {
		return errors.New("encode a view that reaches outside its memory: no error")
	}
	more := nd.Full(append([]int{1}, in.Shape...))
	errs := []error{
		reject("a view that reaches outside its memory", full, short),
		reject("elements of another size", full, poisoned(in.Shape, item+1)),
		reject("a box of another number of axes", more, poisoned(more.Shape, item)),
		reject("a view of another shape", full, poisoned(more.Shape, item)),
	}
	for axis, n := range in.Shape {
		for _, start := range []int{-1, 1, n, 1 << 62} {
			box := nd.Full(in.Shape)
			box.Start[axis] = start
			errs = append(errs, reject("a box outside the chunk", box, poisoned(in.Shape, item)))
		}
		empty := nd.Box{Start: make([]int, len(in.Shape)), Shape: append([]int{}, in.Shape...)}
		empty.Shape[axis] = 0
		if err := c.Read(ctx, codec.Bytes(nil), empty, poisoned(empty.Shape, item)); err != nil {
			errs = append(errs, fmt.Errorf("read an empty box: %w", err))
		}
		larger := append([]int{}, in.Shape...)
		larger[axis]++
		if _, err := c.Encode(nil, poisoned(larger, item)); err == nil {
			errs = append(errs, errors.New("encode more than a chunk: no error"))
		}
	}
	return errors.Join(errs...)
}
