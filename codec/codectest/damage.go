package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/metrics"

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
