package codec

import (
	"context"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Patched is what a stored object is to become. Its parts are valid until
// Release.
type Patched struct {
	Parts [][]byte // in order; nil if every element is fill, so that nothing is to be stored
	lent  []*[]byte
}

// Release gives the parts' memory back.
func (p *Patched) Release() {
	for _, b := range p.lent {
		bufpool.Put(b)
	}
	*p = Patched{}
}

// buffer lends memory until Release; what is appended to it is to be kept with
// hold.
func (p *Patched) buffer(n int) *[]byte {
	b := bufpool.Get(n)
	p.lent = append(p.lent, b)
	return b
}

// Patch encodes the chunk that src holds, or an empty one if old is nil, with
// the elements of box replaced by those of v. Inner chunks of a shard that box
// does not touch are taken over as they are. Everything taken from old has been
// checked or is still under its own checksum.
func (c *Chain) Patch(ctx context.Context, old Source, box nd.Box, v nd.View) (*Patched, error) {
	p := &Patched{}
	if err := c.patch(ctx, old, box, v, p); err != nil {
		p.Release()
		return nil, err
	}
	return p, nil
}

func (c *Chain) patch(ctx context.Context, old Source, box nd.Box, v nd.View, p *Patched) error {
	if s, ok := c.array.(*sharding); ok && len(c.bytes) == 0 {
		box, v = c.toStored(box, v)
		return s.patch(ctx, old, box, v, p)
	}
	if err := c.fits(); err != nil {
		return err
	}
	held := bufpool.Get(nd.Box{Shape: c.in.Shape}.Size() * c.in.Type.Size())
	defer bufpool.Put(held)
	whole := nd.NewView(*held, c.in.Shape, c.in.Type.Size())
	if !slices.Equal(box.Shape, c.in.Shape) {
		if old == nil {
			nd.Fill(whole, c.in.Fill)
		} else if err := c.Read(ctx, old, nd.Full(c.in.Shape), whole); err != nil {
			return err
		}
	}
	nd.Copy(whole.Sub(box), v)
	if c.IsFill(whole) {
		return nil
	}
	out := p.buffer(0)
	var err error
	*out, err = c.Encode((*out)[:0], whole)
	p.Parts = append(p.Parts, *out)
	return err
}
