package dosna

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// Concatenate makes of several trees, or datasets, one whose elements stay where they
// are: as Copy does with CopyOptions.Refer, at a path where there is none. It has the
// groups, attributes and links of the first. Its datasets are those of the first that
// have the axis, which is a dimension name or a number from 0, with those at the same
// paths in the others behind them along it: of the same type, codecs, and shape but for
// that axis. Datasets without the axis must be equal in all of them.
//
// Where the last chunks of a source reach beyond its end, and another follows, these
// are held by the references themselves, and the chunks are of several lengths, in a
// rectilinear grid.
func Concatenate(ctx context.Context, srcs []Node, axis string, to *Connection, path string) (Node, error) {
	if len(srcs) == 0 || axis == "" {
		return nil, fmt.Errorf("concatenate: %w: there must be sources, and an axis", ErrInvalid)
	}
	if err := hasAxis(ctx, srcs[0], axis); err != nil {
		return nil, err
	}
	a, err := attemptAt(ctx, srcs[0], to, path, &CopyOptions{Refer: true})
	if err != nil {
		return nil, err
	}
	a.axis, a.more = axis, srcs[1:]
	return a.make(ctx)
}

// hasAxis is an error unless a dataset in the first source has the axis.
func hasAxis(ctx context.Context, top Node, axis string) error {
	var names []string
	look := func(n Node) bool {
		d, ok := n.(*Dataset)
		if !ok {
			return false
		}
		for _, name := range d.DimensionNames() {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return d.axisOf(axis) >= 0
	}
	if look(top) {
		return nil
	}
	if g, ok := top.(*Group); ok {
		for n, err := range g.Walk(ctx) {
			if err != nil {
				return err
			}
			if look(n) {
				return nil
			}
		}
	}
	known := "; axes are numbered there, from 0"
	if len(names) > 0 {
		known = "; there are " + strings.Join(names, ", ")
	}
	return fmt.Errorf("concatenate: %w: no dataset of %s in %s has the axis %q%s", ErrInvalid, nodeName(top.place()), top.Connection().url, axis, known)
}

// parts returns the datasets that a copy is put together from, and the axis; -1 if it
// is of the first only.
func (a *attempt) parts(ctx context.Context, first *Dataset) ([]*Dataset, int, error) {
	parts := []*Dataset{first}
	if a.more == nil {
		return parts, -1, nil
	}
	axis := first.axisOf(a.axis)
	for _, top := range a.more {
		from, err := sameWay(first, a.top, top)
		if err != nil {
			return nil, 0, err
		}
		d, err := top.Connection().openFrom(ctx, "", from)
		part, err := asDataset(d, err)
		if err != nil {
			return nil, 0, fmt.Errorf("concatenate %s: %w", first, err)
		}
		if err := first.continuedBy(ctx, part, axis); err != nil {
			return nil, 0, part.errorf("put", fmt.Errorf("behind %s: %w", first, err))
		}
		parts = append(parts, part)
	}
	if axis < 0 {
		parts = parts[:1]
	}
	return parts, axis, nil
}

// sameWay returns the path below another top that is that of a dataset below the first.
func sameWay(d *Dataset, first, other Node) (string, error) {
	if d.path == first.place() {
		return other.place(), nil
	}
	rel := d.path[len(folder(first.place())):]
	return join(other.place(), rel), nil
}

// axisOf returns the axis of a name, or a number; -1 if there is none.
func (d *Dataset) axisOf(name string) int {
	if i := slices.Index(d.DimensionNames(), name); i >= 0 {
		return i
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < d.NDim() {
		return i
	}
	return -1
}

// continuedBy is an error unless another dataset can be put behind this one; or, if axis
// is -1, is equal.
func (d *Dataset) continuedBy(ctx context.Context, part *Dataset, axis int) error {
	a, b := d.now(), part.now()
	same := a.NDim() == b.NDim() && a.Type() == b.Type() && slices.Equal(a.Fill(), b.Fill())
	for i := 0; same && i < a.NDim(); i++ {
		same = i == axis || a.Shape()[i] == b.Shape()[i]
	}
	if !same {
		return fmt.Errorf("%w: it is %s %v with the fill value %s, the other %s %v with %s", ErrInvalid,
			b.Type(), b.Shape(), b.Type().FormatFill(b.Fill()), a.Type(), a.Shape(), a.Type().FormatFill(a.Fill()))
	}
	if axis < 0 {
		return a.equalTo(ctx, b)
	}
	if !slices.EqualFunc(a.doc.Codecs, b.doc.Codecs, sameSpec) {
		return fmt.Errorf("%w: its codecs are %s, and the other's %s", ErrInvalid, codecNames(b), codecNames(a))
	}
	for i, n := range a.grid.Counts() {
		cell := make([]int, a.NDim())
		for k := 0; i != axis && k < n; k++ {
			cell[i] = k
			if b.grid.Counts()[i] != n || a.grid.CellShape(cell)[i] != b.grid.CellShape(cell)[i] {
				return fmt.Errorf("%w: along axis %d its chunks have other lengths", ErrInvalid, i)
			}
		}
	}
	return nil
}

// equalTo is an error unless a dataset without the axis is the same in two sources.
func (d *Dataset) equalTo(ctx context.Context, o *Dataset) error {
	for i := range d.grid.Len() {
		box, ok := d.grid.Cell(d.grid.Coords(i, nil)).Intersect(nd.Full(d.Shape()))
		if !ok {
			continue
		}
		same, err := d.equalIn(ctx, o, box)
		if err == nil && !same {
			err = fmt.Errorf("%w: neither has the axis, and their elements differ", ErrInvalid)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// equalIn reports whether the elements of a box are equal.
func (d *Dataset) equalIn(ctx context.Context, o *Dataset, box nd.Box) (bool, error) {
	if d.doc.Type.Variable() {
		a := codec.NewArena()
		defer a.Free()
		d, o = d.in(a), o.in(a)
	}
	if box.Size() > maxHeld/d.item() {
		return false, fmt.Errorf("%w: a chunk of shape %v does not fit into memory", ErrInvalid, box.Shape)
	}
	x := nd.NewView(make([]byte, box.Size()*d.item()), box.Shape, d.item())
	y := nd.NewView(make([]byte, box.Size()*d.item()), box.Shape, d.item())
	err := d.readSerial(ctx, box, x)
	if err == nil {
		err = o.readSerial(ctx, box, y)
	}
	return err == nil && d.equal(x, y), err
}

// extend makes the spec of a dataset that of all parts together.
func (a *attempt) extend(ctx context.Context, first *Dataset, s *DatasetSpec) error {
	parts, axis, err := a.parts(ctx, first)
	if err != nil || axis < 0 {
		return err
	}
	var lengths []int // of stored objects, one after the other
	total := 0
	for _, p := range parts {
		p = p.now()
		n := p.grid.Counts()[axis]
		cell := make([]int, p.NDim())
		left := p.Shape()[axis]
		total += left
		for k := range n {
			cell[axis] = k
			lengths = append(lengths, min(p.grid.CellShape(cell)[axis], left))
			left -= lengths[len(lengths)-1]
		}
	}
	s.Shape[axis] = total
	last := len(lengths) - 1
	length := s.Chunks[axis]
	if s.Shards == nil && last > 0 { // that of all chunks, though the sources may have had room for more
		length = lengths[0]
	}
	regular := s.Edges == nil || s.Edges[axis] == nil
	for i, n := range lengths {
		regular = regular && (n == length || i == last && n < length)
	}
	if regular {
		s.Chunks[axis] = length
		return nil
	}
	if s.Edges == nil {
		s.Edges = make([][]int, len(s.Shape))
	}
	s.Edges[axis] = lengths
	if s.Shards != nil {
		return fmt.Errorf("%w: shards of several lengths", ErrInvalid)
	}
	s.Chunks[axis] = 0
	return nil
}

func codecNames(d *Dataset) string {
	var names []string
	for _, s := range d.doc.Codecs {
		names = append(names, s.Name+string(s.Config))
	}
	return strings.Join(names, ", ")
}
