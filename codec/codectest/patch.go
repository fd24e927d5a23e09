package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// patch writes boxes one after the other, and compares the chunk with one in
// memory that is written alike.
func patch(ctx context.Context, c Chain) error {
	in := c.Chunk()
	r := random()
	for _, s := range samples(in) {
		name, data := s.name, s.data
		want := blank(in)
		var stored []byte // nil: nothing
		for step := range 8 {
			box := randomBox(r, in.Shape)
			if step == 5 {
				box = nd.Full(in.Shape)
			}
			from := layouts(box.Shape, in.Type.Size())[step%4].view
			set(from, part(in, data, box))
			nd.Copy(contiguous(in, want).Sub(box), from)
			next, err := patched(ctx, c, stored, box, from, step)
			if err != nil {
				return fmt.Errorf("patch %d of %s, %s: %w", step, name, box, err)
			}
			if isFill := bytes.Equal(want, blank(in)); isFill != (next == nil) {
				return fmt.Errorf("patch %d of %s, %s: all fill is %t, and %d bytes are to be stored", step, name, box, isFill, len(next))
			}
			if stored = next; stored == nil {
				continue
			}
			if err := readBack(ctx, c, stored, want); err != nil {
				return fmt.Errorf("patch %d of %s, %s: %w", step, name, box, err)
			}
		}
	}
	return nil
}

// patched returns what an object becomes by a patch; nil for nothing.
func patched(ctx context.Context, c Chain, stored []byte, box nd.Box, v nd.View, step int) ([]byte, error) {
	var old codec.Source
	far := &object{data: stored}
	if stored != nil {
		old = far
		if step%3 == 1 {
			old = codec.Bytes(stored)
		}
		if step%2 == 1 {
			ready, err := c.Prepare(ctx, old)
			if err != nil {
				return nil, err
			}
			old = ready
		}
	}
	before := bytes.Clone(stored)
	p, err := c.Patch(ctx, old, box, v)
	if err != nil {
		return nil, err
	}
	out := bytes.Join(p.Parts, nil)
	if p.Parts == nil {
		out = nil
	} else if len(out) == 0 {
		return nil, errors.New("parts without a byte")
	}
	// Another patch must not get the memory of this one's parts.
	other, err := c.Patch(ctx, old, box, v)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(out, bytes.Join(p.Parts, nil)) {
		return nil, errors.New("the parts changed before they were released")
	}
	if !bytes.Equal(out, bytes.Join(other.Parts, nil)) {
		return nil, errors.New("the same patch gives other bytes")
	}
	p.Release()
	if !bytes.Equal(out, bytes.Join(other.Parts, nil)) {
		return nil, errors.New("the parts of one patch changed when those of another were released")
	}
	other.Release()
	if !bytes.Equal(before, stored) {
		return nil, errors.New("the patch altered the old bytes")
	}
	return out, far.misread()
}

// patchToFill writes fill over what is stored: nothing is to remain.
func patchToFill(ctx context.Context, c Chain) error {
	in := c.Chunk()
	stored, err := c.Encode(nil, contiguous(in, sampleOf(in, "sparse")))
	if err != nil {
		return err
	}
	last := nd.Box{Start: make([]int, len(in.Shape)), Shape: make([]int, len(in.Shape))}
	for i, n := range in.Shape {
		last.Start[i], last.Shape[i] = n-1, 1
	}
	for _, box := range []nd.Box{nd.Full(in.Shape), last} {
		for _, old := range []codec.Source{nil, &object{data: stored}, codec.Bytes(stored)} {
			p, err := c.Patch(ctx, old, box, nd.NewView(part(in, blank(in), box), box.Shape, in.Type.Size()))
			if err != nil {
				return fmt.Errorf("fill over %s: %w", box, err)
			}
			n := len(p.Parts)
			p.Release()
			if n > 0 {
				return fmt.Errorf("fill over %s: %d parts are to be stored", box, n)
			}
		}
	}
	return nil
}
