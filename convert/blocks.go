package convert

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// roughText is about how many bytes an element of any length takes, to tell how many
// are read at a time.
const roughText = 64

// textPart bounds by that what is read at a time, since texts may be much longer.
const textPart = 4 << 20

// exportBlocks is export of elements of any length, which JSON alone can hold.
func exportBlocks(ctx context.Context, d *dosna.Dataset, sel nd.Selection, r *nd.Region, w io.Writer, format Format, o *Options) error {
	if format != JSON {
		return fmt.Errorf("elements of %s have no fixed size, and %s has no place for them; write JSON, or make a dataset of a fixed type, such as U20", d.Type(), format)
	}
	j, end, err := newJSONWriter(w, r.Shape, d.Type())
	if err != nil {
		return err
	}
	parts, progress := forParts(d, r.Size())
	next, stop := iter.Pull(runs(r.Shape, roughText, min(o.part(), textPart), cutsIn(d.Grid(), r)))
	defer stop()
	get := func(ctx context.Context) (codec.Block, bool, error) {
		box, more := next()
		if !more {
			return codec.Block{}, false, nil
		}
		part, err := sel.Part(d.Shape(), box)
		if err != nil {
			return codec.Block{}, true, err
		}
		b, err := parts.ReadBlock(ctx, part)
		return b, true, err
	}
	err = overlap(ctx, get, func(_ context.Context, b codec.Block) error {
		for i := range b.Ends {
			if err := j.element(b.At(i)); err != nil {
				return err
			}
		}
		progress.add(len(b.Ends))
		return nil
	})
	if err != nil {
		return err
	}
	return end()
}

// words is textOf elements of any length: what is shown of a result of that shape.
func words(ctx context.Context, d *dosna.Dataset, sel nd.Selection, shape []int, s render.Summary, o *render.TextOptions) (string, error) {
	var texts []string
	write := func(b []byte) string {
		switch {
		case d.Type().Kind() != dtype.Text:
			return render.QuoteBytes(b)
		case len(shape) == 0:
			return string(b)
		}
		return render.Quote(string(b))
	}
	n := nd.Box{Shape: s.Shape}.Size()
	const item = 8 // numbers of texts
	v := nd.NewView(make([]byte, n*item), s.Shape, item)
	if n > 0 {
		for c := range s.Corners() {
			part, err := sel.Part(d.Shape(), c.From)
			if err != nil {
				return "", err
			}
			b, err := d.ReadBlock(ctx, part)
			if err != nil {
				return "", err
			}
			numbers := make([]byte, 0, len(b.Ends)*item)
			for i := range b.Ends {
				numbers = binary.NativeEndian.AppendUint64(numbers, uint64(len(texts)))
				texts = append(texts, write(b.At(i)))
			}
			nd.Copy(v.Sub(c.To), nd.NewView(numbers, c.To.Shape, item))
		}
	}
	return o.Words(shape, v, func(elem []byte) string { return texts[binary.NativeEndian.Uint64(elem)] }), nil
}
