package dosna

import (
	"bytes"
	"fmt"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// item returns the bytes of an element in views of the dataset: of a handle, where
// elements have any length (see package codec), and the dataset is in an arena.
func (d *Dataset) item() int {
	if d.field != nil {
		return d.field.Type.Size()
	}
	return d.chain.Item()
}

// fixed is an error if elements have no fixed size, for calls with memory of the
// caller's.
func (d *Dataset) fixed() error {
	if d.doc.Type.Variable() && d.arena == nil {
		return fmt.Errorf("%w: elements of %s have no fixed size; ReadText and WriteText, ReadBlock and WriteBlock are for them", ErrInvalid, d.doc.Type)
	}
	return nil
}

// in returns the dataset with elements of any length in an arena. Other datasets
// are as they are without.
func (d *Dataset) in(a *codec.Arena) *Dataset {
	if !d.doc.Type.Variable() {
		return d
	}
	w := *d
	w.arena, w.chain = a, d.chain.In(a)
	return &w
}

// part returns the dataset for a part of some work, with an arena that is emptied
// by free: what has been read is needed no longer then.
func (d *Dataset) part() (p *Dataset, free func()) {
	if d.arena == nil {
		return d, nothing
	}
	a := d.arena.Sub()
	return d.in(a), a.Free
}

func nothing() {}

// keep makes of the elements of a box that a piece selects ones in the arena of d,
// if they are of any length.
func (d *Dataset) keep(p nd.Piece, box, canon nd.View) {
	if d.arena == nil {
		return
	}
	marks := bufpool.Get(box.Size())
	defer bufpool.Put(marks)
	clear(*marks)
	ones := nd.View{Data: []byte{1}, Shape: canon.Shape, Strides: make([]int, len(canon.Shape)), Item: 1}
	p.Scatter(nd.NewView(*marks, box.Shape, 1), ones)
	d.arena.Keep(box, *marks)
}

// partWith is part for work on two datasets in one arena.
func (d *Dataset) partWith(dst *Dataset) (from, to *Dataset, free func()) {
	if d.arena == nil {
		return d, dst, nothing
	}
	a := d.arena.Sub()
	return d.in(a), dst.in(a), a.Free
}

// equal reports whether two views in C order have equal elements.
func (d *Dataset) equal(v, w nd.View) bool {
	if d.arena != nil {
		return d.arena.Equal(v, w)
	}
	return bytes.Equal(v.Data, w.Data)
}

// roughSize is about how many bytes an element takes, to guess chunks by.
func roughSize(t dtype.Type) int {
	if t.Variable() {
		return 64
	}
	return t.Size()
}
