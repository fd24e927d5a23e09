package dosna

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Buffer gathers many small writes into the same stored objects, so that each
// object is read, changed and stored once instead of for every write. It is safe
// for concurrent use. What has been written is in the dataset after Flush or
// Close, and not seen by readers before.
type Buffer struct {
	d     *Dataset
	limit int

	mu    sync.Mutex
	held  map[string]*pending
	bytes int
	clock uint64
	err   error // of a flush that had to be made for room
}

// pending is a stored object with elements that wait to be written.
type pending struct {
	coords []int
	box    nd.Box // of the object in the array
	data   nd.View
	set    []byte // 1 for each element that has been written, in C order
	left   int    // how many have not; negative: to be counted
	used   uint64
	lent   [2]*[]byte // what data and set lie in
}

// Buffer returns a buffer for writes to the dataset that holds about limit bytes
// (zero: 256 MiB) before it stores what was longest not written to. A buffer must
// be closed.
func (d *Dataset) Buffer(limit int) (*Buffer, error) {
	if err := d.c.o.writable("write " + d.String()); err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = 256 << 20
	}
	return &Buffer{d: d.now(), limit: limit, held: map[string]*pending{}}, nil
}

// WriteBox assigns the elements of a view, which is broadcast, to a box.
func (b *Buffer) WriteBox(ctx context.Context, box nd.Box, src nd.View) error {
	return b.Write(ctx, nd.BoxSelection(box), src)
}

// Write assigns the elements of a view, which is broadcast, to a selection. It
// copies them. An error of an earlier flush, which some Write had to make for
// room, is returned by every call from then on.
func (b *Buffer) Write(ctx context.Context, sel nd.Selection, src nd.View) error {
	r, err := sel.Resolve(b.d.doc.Shape)
	if err == nil {
		err = b.d.checkView(src)
	}
	if err != nil {
		return b.d.errorf("write", err)
	}
	v, err := src.Broadcast(r.Shape)
	if err != nil {
		return b.d.errorf("write", fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	if r.Size() == 0 {
		return nil
	}
	canon, ok := r.Canonical(v)
	if !ok {
		flat := nd.NewView(make([]byte, r.Size()*v.Item), r.Shape, v.Item)
		nd.Copy(flat, v)
		canon, _ = r.Canonical(flat)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if b.held == nil {
		return b.d.errorf("write", fmt.Errorf("%w: the buffer is closed", ErrInvalid))
	}
	pieces := r.Pieces(b.d.grid)
	for i := range pieces.Len() {
		p := pieces.At(i)
		w := b.pending(p.Cell)
		w.put(p, canon)
		if b.bytes > b.limit {
			if b.err = b.flush(ctx, b.limit*3/4); b.err != nil {
				return b.err
			}
		}
	}
	return nil
}

func (b *Buffer) pending(cell []int) *pending {
	key := b.d.key(cell)
	w, ok := b.held[key]
	if !ok {
		box := b.d.grid.Cell(cell)
		n, item := box.Size(), b.d.doc.Type.Size()
		w = &pending{coords: slices.Clone(cell), box: box, left: n, lent: [2]*[]byte{bufpool.Get(n * item), bufpool.Get(n)}}
		w.data, w.set = nd.NewView(*w.lent[0], box.Shape, item), *w.lent[1]
		clear(w.set)
		b.held[key] = w
		b.bytes += w.size()
	}
	b.clock++
	w.used = b.clock
	return w
}

func (w *pending) size() int { return len(w.data.Data) + len(w.set) }

// put takes over the elements of a piece, and notes which they are.
func (w *pending) put(p nd.Piece, canon nd.View) {
	local := p.Box.Sub(w.box.Start)
	marks := nd.NewView(w.set, w.box.Shape, 1).Sub(local)
	if part, ok := p.Direct(canon); ok {
		nd.Copy(w.data.Sub(local), part)
		nd.Fill(marks, []byte{1})
	} else {
		p.Scatter(w.data.Sub(local), canon)
		p.Scatter(marks, nd.View{Data: []byte{1}, Shape: canon.Shape, Strides: make([]int, len(canon.Shape)), Item: 1})
	}
	w.left = -1
}

// complete reports whether every element has been written.
func (w *pending) complete() bool {
	if w.left < 0 {
		w.left = len(w.set) - bytes.Count(w.set, []byte{1})
	}
	return w.left == 0
}

// Flush stores everything that waits.
func (b *Buffer) Flush(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = b.flush(ctx, 0)
	}
	if b.err != nil {
		return b.err
	}
	return b.d.c.durable(ctx)
}

// Close flushes and ends the buffer. After an error, writes may be lost.
func (b *Buffer) Close(ctx context.Context) error {
	err := b.Flush(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = nil
	return err
}

// flush stores the objects that were longest not written to, until no more than
// keep bytes are left.
func (b *Buffer) flush(ctx context.Context, keep int) error {
	keys := make([]string, 0, len(b.held))
	for key := range b.held {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y string) int { return int(int64(b.held[x].used) - int64(b.held[y].used)) })
	n := 0
	for left := b.bytes; n < len(keys) && left > keep; n++ {
		left -= b.held[keys[n]].size()
	}
	stored := make([]bool, n)
	err := b.d.c.o.local().Run(ctx, n, engine.RunOptions{}, func(ctx context.Context, i int) error {
		err := b.store(ctx, keys[i], b.held[keys[i]])
		stored[i] = err == nil
		return err
	})
	for i, key := range keys[:n] {
		if stored[i] {
			w := b.held[key]
			b.bytes -= w.size()
			delete(b.held, key)
			bufpool.Put(w.lent[0])
			bufpool.Put(w.lent[1])
		}
	}
	if err != nil {
		return b.d.errorf("write", err)
	}
	return nil
}

func (b *Buffer) store(ctx context.Context, key string, w *pending) error {
	if w.complete() {
		return b.d.writeCell(ctx, key, w.data)
	}
	local := nd.Full(w.box.Shape)
	buf := bufpool.Get(len(w.data.Data))
	defer bufpool.Put(buf)
	merged := nd.NewView(*buf, w.box.Shape, w.data.Item)
	return b.d.change(ctx, key, func(old codec.Source) (nd.Box, nd.View, error) {
		if old == nil {
			nd.Fill(merged, b.d.doc.Fill)
		} else if err := b.d.chain.Read(ctx, old, local, merged); err != nil {
			return local, merged, b.d.fault(key, err)
		}
		item := w.data.Item
		for i := 0; i < len(w.set); {
			if w.set[i] == 0 {
				i++
				continue
			}
			j := i
			for j < len(w.set) && w.set[j] == 1 {
				j++
			}
			copy(merged.Data[i*item:j*item], w.data.Data[i*item:j*item])
			i = j
		}
		return local, merged, nil
	})
}

// Retry clears the error of a failed flush, so that writing can go on: what was
// not stored still waits.
func (b *Buffer) Retry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = nil
}
