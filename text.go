package dosna

import (
	"context"
	"fmt"
	"unicode/utf8"
	"unsafe"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// ReadBlock reads a selection of elements of any type, in C order of the result's
// shape: those of a fixed size in the machine's byte order, and of others where each
// ends. Beside the result it needs 16 bytes for each of the latter.
func (d *Dataset) ReadBlock(ctx context.Context, sel nd.Selection) (codec.Block, error) {
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err == nil && r.Size() > maxResult/d.item() {
		err = fmt.Errorf("%w: a selection of shape %v is too large for memory; read it in parts", ErrInvalid, r.Shape)
	}
	if err != nil {
		return codec.Block{}, d.errorf("read", err)
	}
	a := codec.NewArena()
	v := nd.NewView(make([]byte, r.Size()*d.item()), r.Shape, d.item())
	if err := d.in(a).readRegion(ctx, r, v); err != nil {
		return codec.Block{}, err
	}
	if !d.doc.Type.Variable() {
		return codec.Block{Data: v.Data}, nil
	}
	b, err := a.Block(v)
	if err != nil {
		return b, d.errorf("read", fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	return b, nil
}

// WriteBlock assigns elements of any type to a selection: as many as are selected,
// in C order of the selection's shape, or one for all of them. The block must not
// change meanwhile. Texts are UTF-8. Otherwise it is as Write.
func (d *Dataset) WriteBlock(ctx context.Context, sel nd.Selection, b codec.Block) error {
	if !d.doc.Type.Variable() {
		return d.WriteRaw(ctx, sel, b.Data)
	}
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err == nil {
		err = d.checkBlock(b, r.Size())
	}
	if err != nil {
		return d.errorf("write", err)
	}
	a := codec.NewArena()
	handles, err := a.Handles(b)
	if err != nil {
		return d.errorf("write", fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	v := nd.NewView(handles, r.Shape, codec.HandleSize)
	if len(b.Ends) == 1 {
		v = nd.NewView(handles, nil, codec.HandleSize)
	}
	return d.in(a).writeRegion(ctx, r, v)
}

// checkBlock reports why a block is not n elements of the dataset, or one for all.
func (d *Dataset) checkBlock(b codec.Block, n int) error {
	if len(b.Ends) != n && len(b.Ends) != 1 {
		return fmt.Errorf("%w: %d elements for %d", ErrInvalid, len(b.Ends), n)
	}
	if err := b.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if d.doc.Type.Kind() != dtype.Text || utf8.Valid(b.Data) && !cutsRune(b) {
		return nil
	}
	for i := range b.Ends {
		if !utf8.Valid(b.At(i)) {
			return fmt.Errorf("%w: element %d is not UTF-8: %.60q", ErrInvalid, i, b.At(i))
		}
	}
	return nil
}

// cutsRune reports whether an element begins in the middle of a character.
func cutsRune(b codec.Block) bool {
	for _, end := range b.Ends {
		if end < int64(len(b.Data)) && !utf8.RuneStart(b.Data[end]) {
			return true
		}
	}
	return false
}

// ReadText reads a selection of texts or bytes into new memory, in C order of the
// result's shape. Elements may be of any length or of a fixed one, whose padding is
// left out. As a string bytes are what they are, whether they are UTF-8 or not.
func ReadText[T string | []byte](ctx context.Context, d *Dataset, sel nd.Selection) ([]T, error) {
	t := d.Type()
	if !isText(t) {
		return nil, d.errorf("read", fmt.Errorf("%w: its elements are %s, which are not texts", ErrInvalid, t))
	}
	b, err := d.ReadBlock(ctx, sel)
	if err != nil {
		return nil, err
	}
	if t.Variable() {
		texts := make([]T, len(b.Ends))
		for i := range texts {
			texts[i] = own[T](b.At(i))
		}
		return texts, nil
	}
	size := t.Size()
	texts := make([]T, len(b.Data)/size)
	for i := range texts {
		switch text := t.Value(b.Data[i*size : (i+1)*size]).(type) {
		case string:
			texts[i] = T(text)
		case []byte:
			texts[i] = T(text)
		}
	}
	return texts, nil
}

// own returns bytes that nobody alters as a T, without copying them.
func own[T string | []byte](b []byte) T {
	var t T
	switch p := any(&t).(type) {
	case *string:
		*p = unsafe.String(unsafe.SliceData(b), len(b))
	case *[]byte:
		*p = b
	}
	return t
}

// WriteText assigns texts or bytes to a selection: as many as are selected, in C
// order of the selection's shape, or one for all of them. Elements may be of any
// length or of a fixed one, in which they have to fit.
func WriteText[T string | []byte](ctx context.Context, d *Dataset, sel nd.Selection, texts []T) error {
	t := d.doc.Type
	switch {
	case !isText(t):
		return d.errorf("write", fmt.Errorf("%w: its elements are %s, which are not texts", ErrInvalid, t))
	case t.Variable():
		return d.WriteBlock(ctx, sel, codec.Join(texts))
	}
	raw := make([]byte, 0, len(texts)*t.Size())
	for i, text := range texts {
		elem, err := t.Encode(text)
		if err != nil {
			return d.errorf("write", fmt.Errorf("%w: element %d: %w", ErrInvalid, i, err))
		}
		raw = append(raw, elem...)
	}
	return d.WriteRaw(ctx, sel, raw)
}

func isText(t dtype.Type) bool {
	switch t.Kind() {
	case dtype.Text, dtype.ByteString, dtype.FixedText, dtype.FixedBytes:
		return true
	}
	return false
}
