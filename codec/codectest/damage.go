package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// most is how many alterations of one stored chunk are tried.
const most = 3000

// truncated tries beginnings of stored chunks.
func truncated(ctx context.Context, c Chain) error {
	return damage(ctx, c, false, func(stored []byte, try func([]byte) error) error {
		step := max(1, len(stored)/300)
		for n := 0; n < len(stored); n += step {
			if err := try(stored[:n]); err != nil {
				return fmt.Errorf("the first %d of %d bytes: %w", n, len(stored), err)
			}
		}
		return nil
	})
}

// torn tries what a loss of power may leave of a stored chunk: a beginning of it
// with zeros behind, as long as the whole, or with the end of the chunk before.
func torn(ctx context.Context, c Chain) error {
	in := c.Chunk()
	after := sampleOf(in, "noise")
	before := otherThan(in, after)
	old, err := c.Encode(nil, contiguous(in, before))
	if err != nil {
		return err
	}
	err = damage(ctx, c, false, func(stored []byte, try func([]byte) error) error {
		for n := 0; n < len(stored); n += max(1, len(stored)/200) {
			bad := append(bytes.Clone(stored[:n]), make([]byte, len(stored)-n)...)
			if bytes.Equal(bad, stored) {
				break
			}
			if err := try(bad); err != nil {
				return fmt.Errorf("zeros from byte %d of %d on: %w", n, len(stored), err)
			}
		}
		return nil
	})
	if err != nil || !c.Checked() {
		return err
	}
	stored, err := c.Encode(nil, contiguous(in, after))
	if err != nil {
		return err
	}
	for n := 0; n < min(len(stored), len(old)); n += max(1, len(stored)/200) {
		// Chunks of one size in a shard are each the one or the other.
		bad := append(bytes.Clone(stored[:n]), old[n:]...)
		out := poisoned(in.Shape, in.Type.Size())
		err := c.Read(ctx, &object{data: bad}, nd.Full(in.Shape), out)
		if err == nil {
			err = mixed(in, out.Data, before, after)
		} else if errors.Is(err, codec.ErrCorrupt) {
			err = nil
		}
		if err != nil {
			return fmt.Errorf("the chunk before from byte %d of %d on: %w", n, len(stored), err)
		}
	}
	return nil
}

// bombLen is what a bomb decodes to: much more than decoders take to work.
const bombLen = 16 << 20

// bomb gives the chain what its codecs make of a far larger chunk of equal
// elements: little to read, and more to decode than memory may be taken for. It
// says nothing of shards, whose inner chunks stay as large as they are.
func bomb(ctx context.Context, c Chain) error {
	in := c.Chunk()
	sharded := slices.ContainsFunc(c.Specs(), func(s codec.Spec) bool { return s.Name == "sharding_indexed" })
	if sharded || len(in.Shape) == 0 {
		return nil
	}
	large := in
	large.Shape = append([]int{}, in.Shape...)
	large.Shape[0] *= bombLen / size(in)
	big, err := codec.Bind(c.Specs(), large)
	if err != nil {
		return fmt.Errorf("bind to a larger chunk: %w", err)
	}
	if big.MaxStored() < size(large)+size(large)/16 {
		return nil // nothing makes it smaller
	}
	elem := append([]byte{}, in.Fill...)
	elem[0] ^= 1
	stored, err := big.Encode(nil, contiguous(large, bytes.Repeat(elem, size(large)/len(elem))))
	if err != nil {
		return err
	}
	if len(stored) == big.MaxStored() {
		return nil // nor does anything here, which makes it larger first
	}
	if len(stored) > c.MaxStored() { // and is not even read
		stored = stored[:c.MaxStored()]
	}
	out := contiguous(in, make([]byte, size(in)))
	corner := nd.Box{Start: make([]int, len(in.Shape)), Shape: slices.Repeat([]int{1}, len(in.Shape))}
	for _, t := range []struct {
		what string
		do   func() error
	}{
		{"check", func() error { return c.Check(ctx, &object{data: stored}) }},
		{"read", func() error { return c.Read(ctx, codec.Bytes(stored), nd.Full(in.Shape), out) }},
		{"read lazily", func() error { return c.Lazy().Read(ctx, &object{data: stored}, corner, out.Sub(corner)) }},
	} {
		before := allocated()
		err := t.do()
		if took := allocated() - before; took > bombLen/2+uint64(4*size(in)) {
			return fmt.Errorf("%s: %d bytes of memory were taken for a chunk of %d", t.what, took, size(in))
		}
		if !errors.Is(err, codec.ErrCorrupt) && (err != nil || t.what != "read lazily") {
			return fmt.Errorf("%s %d bytes that decode to %d: %w", t.what, len(stored), bombLen, orNone(err))
		}
	}
	return nil
}

// flipped tries stored chunks with one bit flipped: every one, if there are not
// too many.
func flipped(ctx context.Context, c Chain) error {
	return damage(ctx, c, false, func(stored []byte, try func([]byte) error) error {
		step := max(1, 8*len(stored)/most)
		for i := 0; i < 8*len(stored); i += step {
			bad := bytes.Clone(stored)
			bad[i/8] ^= 1 << (i % 8)
			if err := try(bad); err != nil {
				return fmt.Errorf("bit %d of byte %d of %d flipped: %w", i%8, i/8, len(stored), err)
			}
		}
		return nil
	})
}

// garbage tries bytes that have little or nothing of a stored chunk.
func garbage(ctx context.Context, c Chain) error {
	r := random()
	return damage(ctx, c, true, func(stored []byte, try func([]byte) error) error {
		for i := range 60 {
			bad := make([]byte, r.IntN(2*len(stored)+2))
			for j := range bad {
				bad[j] = byte(r.Uint32())
			}
			switch i % 4 {
			case 1: // a good beginning
				copy(bad, stored[:r.IntN(len(stored))])
			case 2: // a good end
				bad = append(bad, stored[r.IntN(len(stored)):]...)
			case 3: // large numbers
				for j := range bad {
					bad[j] |= 0xf0
				}
			}
			if bytes.Equal(bad, stored) {
				continue
			}
			if err := try(bad); err != nil {
				return fmt.Errorf("%d bytes of garbage: %w", len(bad), err)
			}
		}
		return nil
	})
}

// damage calls alter with stored chunks and a function that tries an altered
// one. If checksums cover everything, it is to be reported as corrupt, or with
// spare, where bytes that mean nothing may have been added, to be read as the
// same elements. Else it may be read as others. Neither takes much memory.
func damage(ctx context.Context, c Chain, spare bool, alter func(stored []byte, try func([]byte) error) error) error {
	in := c.Chunk()
	bound := uint64(4*(size(in)+min(c.MaxStored(), 1<<30))) + 16<<20
	for _, s := range samples(in) {
		name, data := s.name, s.data
		if name == "ramp" { // does not differ from noise in this
			continue
		}
		stored, err := c.Encode(nil, contiguous(in, data))
		if err != nil {
			return err
		}
		err = alter(stored, func(bad []byte) error {
			before := allocated()
			err := tryDamaged(ctx, c, bad, data, spare)
			if took := allocated() - before; err == nil && took > bound {
				err = fmt.Errorf("%d bytes of memory were taken for a chunk of %d", took, size(in))
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// allocated returns how many bytes of memory have been taken since the start.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func tryDamaged(ctx context.Context, c Chain, bad, data []byte, spare bool) error {
	in := c.Chunk()
	out := make([]byte, size(in))
	for _, src := range []codec.Source{&object{data: bad}, codec.Bytes(bad)} {
		checked := c.Check(ctx, src)
		read := c.Read(ctx, src, nd.Full(in.Shape), contiguous(in, out))
		for what, err := range map[string]error{"check": checked, "read": read} {
			if err != nil && !errors.Is(err, codec.ErrCorrupt) {
				return fmt.Errorf("%s: an error that is not ErrCorrupt: %w", what, err)
			}
		}
		if (checked == nil) != (read == nil) {
			return fmt.Errorf("check says %w, and read %w", orNone(checked), orNone(read))
		}
		if read == nil && c.Checked() && (!spare || !bytes.Equal(out, data)) {
			return errors.New("nothing wrong is seen")
		}
		corner := nd.Box{Start: make([]int, len(in.Shape)), Shape: make([]int, len(in.Shape))}
		for i := range in.Shape {
			corner.Shape[i] = 1
		}
		// What a patch replaces or takes over encoded need not be looked at.
		p, err := c.Patch(ctx, src, corner, nd.NewView(out, corner.Shape, in.Type.Size()))
		if err == nil {
			p.Release()
		} else if !errors.Is(err, codec.ErrCorrupt) {
			return fmt.Errorf("patch: an error that is not ErrCorrupt: %w", err)
		}
	}
	return nil
}
