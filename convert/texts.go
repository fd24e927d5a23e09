package convert

import (
	"context"
	"fmt"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// becomes reports whether elements of one type can be loaded as another: texts of a
// fixed length as texts of any length.
func becomes(from, to dtype.Type) bool {
	switch {
	case from == to:
		return true
	case from.Kind() == dtype.FixedText:
		return to.Kind() == dtype.Text
	case from.Kind() == dtype.FixedBytes:
		return to.Variable()
	}
	return false
}

// store writes a part to the dataset.
func (l loading) store(ctx context.Context, p loaded) error {
	if !l.d.Type().Variable() {
		return l.d.WriteBox(ctx, p.box, p.view)
	}
	b, err := texts(p.view, l.f.Type())
	if err != nil {
		return fmt.Errorf("%s: %w", p.box, err)
	}
	return l.d.WriteBlock(ctx, nd.BoxSelection(p.box), b)
}

// texts returns the elements of a view, in C order, without their padding.
func texts(v nd.View, t dtype.Type) (codec.Block, error) {
	n := v.Size()
	raw := nd.NewView(make([]byte, n*v.Item), v.Shape, v.Item)
	nd.Copy(raw, v)
	b := codec.Block{Ends: make([]int64, 0, n)}
	for i := range n {
		elem := raw.Data[i*v.Item : (i+1)*v.Item]
		switch text := t.Value(elem).(type) {
		case string:
			b.Data = append(b.Data, text...)
		case []byte:
			if t.Kind() == dtype.FixedText {
				return b, fmt.Errorf("element %d is not Unicode: %s", i, t.Format(elem))
			}
			b.Data = append(b.Data, text...)
		}
		b.Ends = append(b.Ends, int64(len(b.Data)))
	}
	return b, nil
}
