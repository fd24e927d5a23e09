package dosna

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
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

	turn  // for what follows
	held  map[string]*pending
	bytes int
	clock uint64
	err   error // of a flush
}

// pending is a stored object with elements that wait to be written.
type pending struct {
	cell []int
	box  nd.Box // of the object in the array
	data nd.View
	set  []byte // 1 for each element that has been written, in C order
	used uint64
	lent [2]*[]byte // what data and set lie in
}

// Buffer returns a buffer for writes to the dataset that holds about limit bytes
// (zero: 256 MiB) before it stores what was longest not written to. A buffer must
// be closed.
func (d *Dataset) Buffer(limit int) (*Buffer, error) {
	d = d.now()
	err := d.writable()
	if err == nil {
		err = d.fixed()
	}
	if err != nil {
		return nil, d.errorf("write", err)
	}
	if limit <= 0 {
		limit = 256 << 20
	}
	return &Buffer{d: d, limit: limit, turn: newTurn(), held: map[string]*pending{}}, nil
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
	if err := b.lock(ctx); err != nil {
		return b.d.errorf("write", err)
	}
	defer b.unlock()
	if b.err != nil {
		return b.err
	}
	if b.held == nil {
		return b.d.errorf("write", fmt.Errorf("%w: the buffer is closed", ErrInvalid))
	}
	pieces := r.Pieces(b.d.grid)
	for i := range pieces.Len() {
		p := pieces.At(i)
		w, err := b.pending(p.Cell)
		if err != nil {
			return b.d.errorf("write", err)
		}
		w.put(p, canon)
		if b.bytes > b.limit {
			if b.err = b.flush(ctx, b.limit*3/4); b.err != nil {
				return b.err
			}
		}
	}
	return nil
}

func (b *Buffer) pending(cell []int) (*pending, error) {
	key := b.d.key(cell)
	w, ok := b.held[key]
	if !ok {
		box := b.d.grid.Cell(cell)
		data, buf, err := hold(box.Shape, b.d.item())
		if err != nil {
			return nil, err
		}
		marks := bufpool.Get(box.Size())
		w = &pending{cell: cell, box: box, data: data, set: *marks, lent: [2]*[]byte{buf, marks}}
		clear(w.set)
		b.held[key] = w
		b.bytes += w.size()
	}
	b.clock++
	w.used = b.clock
	return w, nil
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
}

// complete reports whether every element has been written.
func (w *pending) complete() bool { return bytes.IndexByte(w.set, 0) < 0 }

// Flush stores everything that waits. An error is also that of every later call.
func (b *Buffer) Flush(ctx context.Context) error {
	if err := b.lock(ctx); err != nil {
		return b.d.errorf("write", err)
	}
	defer b.unlock()
	return b.flushAll(ctx)
}

func (b *Buffer) flushAll(ctx context.Context) error {
	if b.err == nil {
		b.err = b.flush(ctx, 0)
	}
	return b.err
}

// Close flushes and ends the buffer, in any case: after an error, what waits is
// lost. Closing again does nothing.
func (b *Buffer) Close(ctx context.Context) error {
	b.turn <- struct{}{} // whatever holds it obeys its own context
	defer b.unlock()
	if b.held == nil {
		return nil
	}
	err := b.flushAll(ctx)
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
	if n == 0 {
		return nil
	}
	d, err := b.d.toWrite(ctx, nil)
	if err != nil {
		return d.errorf("write", err)
	}
	stored := make([]bool, n)
	quiet := *d.c
	quiet.o.Progress = nil
	bytes, decoded := d.holds()
	err = d.wrote(ctx, quiet.run(ctx, d.c.o.local(), n, 2*bytes+decoded, func(ctx context.Context, i int) error {
		err := d.storePending(ctx, keys[i], b.held[keys[i]])
		stored[i] = err == nil
		return err
	}))
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

func (d *Dataset) storePending(ctx context.Context, key string, w *pending) error {
	k, err := d.at(w.cell)
	if err != nil {
		return err
	}
	if w.complete() {
		return k.writeCell(ctx, key, w.data)
	}
	local := nd.Full(w.box.Shape)
	merged, buf, err := hold(w.box.Shape, w.data.Item)
	if err != nil {
		return err
	}
	defer bufpool.Put(buf)
	return k.change(ctx, key, edit{part: func(old codec.Source) (nd.Box, nd.View, error) {
		if err := k.was(ctx, old, local, merged, key); err != nil {
			return local, merged, err
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
	}})
}

// Retry clears the error of a failed flush, so that writing can go on: what was
// not stored still waits.
func (b *Buffer) Retry() {
	b.turn <- struct{}{}
	defer b.unlock()
	b.err = nil
}
