package serve

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

type readArgs struct {
	Sel        selection `json:"sel"`
	Orthogonal bool      `json:"orthogonal"`
	Into       *portion  `json:"into"` // memory that the client has, for all of the elements
}

type readAnswer struct {
	Shape []int `json:"shape"`
	Count *int  `json:"count,omitempty"` // of elements of any size, where they end is at the beginning
}

// lengths is s, as JSON that is never null.
func lengths(s []int) []int { return append([]int{}, s...) }

// read reads a selection.
func read(ctx context.Context, k *call, d *dosna.Dataset, a readArgs) (any, error) {
	sel, _, err := a.Sel.parse(k.body, a.Orthogonal)
	if err != nil {
		return nil, err
	}
	region, err := sel.Resolve(d.Shape())
	if err != nil {
		return nil, fmt.Errorf("%w: read %s: %w", errIndex, d, err)
	}
	item := d.Type().Size()
	if d.Type().Variable() {
		return k.readBlock(ctx, d, sel, region)
	}
	if region.Size() > math.MaxInt/max(item, 1) {
		return nil, fmt.Errorf("%w: read %s: a result of shape %v does not fit into memory", dosna.ErrInvalid, d, region.Shape)
	}
	n := region.Size() * item
	var dst []byte
	if a.Into != nil {
		if dst, err = k.elements(a.Into, nil); err == nil && len(dst) != n {
			err = fmt.Errorf("%w: %d bytes of memory for %d", dosna.ErrInvalid, len(dst), n)
		}
	} else {
		dst, err = k.room(n)
	}
	if err != nil {
		return nil, err
	}
	return readAnswer{Shape: lengths(region.Shape)}, d.ReadRaw(ctx, sel, dst)
}

// readBlock reads elements of any size: what is sent is where each ends, in 8 bytes
// each, and then all bytes.
func (k *call) readBlock(ctx context.Context, d *dosna.Dataset, sel nd.Selection, region *nd.Region) (any, error) {
	b, err := d.ReadBlock(ctx, sel)
	if err != nil {
		return nil, err
	}
	dst, err := k.room(8*len(b.Ends) + len(b.Data))
	if err != nil {
		return nil, err
	}
	copy(dst, dtype.Bytes(b.Ends))
	copy(dst[8*len(b.Ends):], b.Data)
	count := len(b.Ends)
	return readAnswer{lengths(region.Shape), &count}, nil
}

type writeArgs struct {
	Sel        selection `json:"sel"`
	Orthogonal bool      `json:"orthogonal"`
	Shape      []int     `json:"shape"` // of the elements, which are broadcast
	From       *portion  `json:"from"`  // where they are; null: in the body
	Count      *int      `json:"count"` // of elements of any size, where they end is at the beginning
}

// write assigns elements to a selection.
func write(ctx context.Context, k *call, d *dosna.Dataset, a writeArgs) (any, error) {
	sel, rest, err := a.Sel.parse(k.body, a.Orthogonal)
	if err != nil {
		return nil, err
	}
	data, err := k.elements(a.From, rest)
	if err != nil {
		return nil, err
	}
	if d.Type().Variable() {
		b, err := block(data, a.Count, a.Shape)
		if err != nil {
			return nil, err
		}
		return nil, indexed(d, sel, d.WriteBlock(ctx, sel, b))
	}
	v, err := view(data, a.Shape, d.Type().Size())
	if err != nil {
		return nil, err
	}
	return nil, indexed(d, sel, d.WriteView(ctx, sel, v))
}

// indexed marks the error of a write as that of its selection, if it is.
func indexed(d *dosna.Dataset, sel nd.Selection, err error) error {
	if err != nil {
		if _, bad := sel.Resolve(d.Shape()); bad != nil {
			return fmt.Errorf("%w: %w", errIndex, err)
		}
	}
	return err
}

// view returns the elements that a client has sent.
func view(data []byte, shape []int, item int) (nd.View, error) {
	if shape == nil {
		shape = []int{}
	}
	n, ok := nd.Size(shape)
	if !ok || len(data)%max(item, 1) != 0 || n != len(data)/max(item, 1) {
		return nd.View{}, fmt.Errorf("%w: %d bytes for elements of %d bytes in the shape %v", dosna.ErrInvalid, len(data), item, shape)
	}
	return nd.NewView(data, shape, item), nil
}

// block returns elements of any size.
func block(data []byte, count *int, shape []int) (codec.Block, error) {
	n, ok := nd.Size(shape)
	if count == nil || !ok || *count != n || n > len(data)/8 {
		return codec.Block{}, fmt.Errorf("%w: elements of any size in the shape %v, with %d bytes; where each ends has to be said first, in 8 bytes", dosna.ErrInvalid, shape, len(data))
	}
	b := codec.Block{Ends: make([]int64, n), Data: data[8*n:]}
	last := int64(0)
	for i := range b.Ends {
		b.Ends[i] = int64(binary.NativeEndian.Uint64(data[8*i:]))
		if b.Ends[i] < last || b.Ends[i] > int64(len(b.Data)) {
			return codec.Block{}, fmt.Errorf("%w: element %d ends at byte %d of %d, and the one before at %d", dosna.ErrInvalid, i, b.Ends[i], len(b.Data), last)
		}
		last = b.Ends[i]
	}
	if last != int64(len(b.Data)) {
		return codec.Block{}, fmt.Errorf("%w: elements of %d bytes in %d", dosna.ErrInvalid, last, len(b.Data))
	}
	return b, nil
}

type appendArgs struct {
	Axis  int      `json:"axis"`
	Shape []int    `json:"shape"`
	From  *portion `json:"from"`
	Count *int     `json:"count"`
}

// appendTo makes an axis longer, and returns where the elements begin, and the shape.
func appendTo(ctx context.Context, k *call, d *dosna.Dataset, a appendArgs) (any, error) {
	data, err := k.elements(a.From, k.body)
	if err != nil {
		return nil, err
	}
	at := 0
	if d.Type().Variable() {
		b, bad := block(data, a.Count, a.Shape)
		if bad != nil {
			return nil, bad
		}
		at, err = d.AppendBlock(ctx, a.Axis, a.Shape, b)
	} else {
		v, bad := view(data, a.Shape, d.Type().Size())
		if bad != nil {
			return nil, bad
		}
		at, err = d.Append(ctx, a.Axis, v)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"at": at, "node": describe(d)}, nil
}

type allocArgs struct {
	Bytes int `json:"bytes"`
}

// alloc gives the client memory, for what it is going to write.
func alloc(_ context.Context, k *call, a allocArgs) (any, error) {
	if a.Bytes <= 0 || !k.conn.memory {
		return nil, fmt.Errorf("%w: %d bytes of memory to share", dosna.ErrInvalid, a.Bytes)
	}
	g, err := k.conn.session.pool.take(a.Bytes)
	if err != nil {
		return nil, err
	}
	k.lend(g, a.Bytes)
	return nil, nil
}
