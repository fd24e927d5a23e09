package hdf5

import (
	"context"

	"github.com/dosna/dosna/nd"
)

// Tile is a box of a dataset that is a part of a virtual one.
type Tile struct {
	Source *Dataset
	Box    nd.Box // in the source: along dimensions that the virtual dataset has not, one element
}

// Tile returns where the elements of a box of a virtual dataset are if that is, as it is, one box of one source. If there are
// none, so that all have the fill value, the tile has no source. It is false where elements lie otherwise, and for other layouts.
func (d *Dataset) Tile(ctx context.Context, box nd.Box) (t Tile, ok bool, err error) {
	if d.Layout.Class != Virtual || box.Empty() {
		return Tile{}, false, nil
	}
	for i := len(d.mappings) - 1; i >= 0; i-- { // the last one that has an element gives it
		m := d.mappings[i]
		dst, block := m.dst, 0
		if free := m.dst.endless(); m.numbered && free >= 0 {
			a := m.dst.axes[free]
			if a.block < 1 {
				return Tile{}, false, nil
			}
			block = max(0, (box.Start[free]-a.start)/a.stride)
			dst.axes = append([]axis(nil), dst.axes...)
			if dst.axes[free] = (axis{a.start + block*a.stride, 1, 1, a.block}); box.Stop(free) > a.start+(block+1)*a.stride {
				return Tile{}, false, nil // perhaps of several
			}
		}
		if dst.beside(box) {
			continue
		}
		if dst, err = dst.in(d.Space.Shape); err != nil {
			return Tile{}, false, err
		}
		if !dst.touches(box) {
			continue
		}
		t, ok, err = d.tile(ctx, m, block, dst, box)
		if err != nil || !ok || t.Source != nil {
			return t, ok, err
		}
	}
	return Tile{}, true, nil
}

// beside tells, of selections without end too, that they have nothing in a box, if that is seen at a glance.
func (s selection) beside(box nd.Box) bool {
	for i, a := range s.axes {
		if a.start >= box.Stop(i) || !a.unlimited() && a.len() > 0 && a.start+(a.count-1)*a.stride+a.block <= box.Start[i] {
			return true
		}
	}
	return false
}

// tile returns where a mapping, which touches a box, has that. If the source is not there it has nothing of it.
func (d *Dataset) tile(ctx context.Context, m mapping, block int, dst selection, box nd.Box) (t Tile, ok bool, err error) {
	s, err := d.source(ctx, m, block)
	if err != nil || s == nil {
		return Tile{}, err == nil, err
	}
	src, err := m.src.in(s.Space.Shape)
	if err != nil {
		return Tile{}, false, err
	}
	if i, j := m.src.endless(), m.dst.endless(); i >= 0 && j >= 0 {
		k := min(src.axes[i].len(), dst.axes[j].len())
		src.axes[i], dst.axes[j] = src.axes[i].first(k), dst.axes[j].first(k)
		if !dst.touches(box) {
			return Tile{}, true, nil
		}
	}
	if !alike(src, dst) {
		return Tile{}, false, nil
	}
	t = Tile{s, nd.Box{Start: make([]int, len(src.axes)), Shape: make([]int, len(src.axes))}}
	next := 0
	one := func() {
		for ; next < len(src.axes) && src.axes[next].len() == 1; next++ {
			t.Box.Start[next], t.Box.Shape[next] = src.axes[next].at(0), 1
		}
	}
	for i, a := range dst.axes {
		low, high := a.within(box.Start[i], box.Stop(i))
		if high-low != box.Shape[i] {
			return Tile{}, false, nil
		}
		if a.len() == 1 {
			continue
		}
		one()
		from := src.axes[next]
		if from.at(high-1)-from.at(low) != high-1-low {
			return Tile{}, false, nil
		}
		t.Box.Start[next], t.Box.Shape[next] = from.at(low), high-low
		next++
	}
	one()
	return t, nd.Full(s.Space.Shape).Contains(t.Box), nil
}

// Like returns one of the sources of a virtual dataset that are there; nil if none of the first is.
func (d *Dataset) Like(ctx context.Context) (*Dataset, error) {
	const most = 16
	for i, m := range d.mappings {
		if i == most {
			break
		}
		if s, err := d.source(ctx, m, 0); err != nil || s != nil {
			return s, err
		}
	}
	return nil, nil
}

// Bytes returns where n bytes of a contiguous dataset are, from the byte off of its elements on: in the file, or in one of raw
// data beside it. It is false where they lie in several, and where there are none.
func (d *Dataset) Bytes(ctx context.Context, off, n int64) (src Source, at int64, ok bool, err error) {
	f := d.object.file
	if d.Layout.Class != Contiguous || off < 0 || n < 0 || n > int64(d.Layout.Size)-off {
		return nil, 0, false, nil
	}
	if len(d.Files) == 0 {
		return f.src, f.base + int64(d.Layout.Addr) + off, d.Layout.Addr != undefined, nil
	}
	for _, e := range d.Files {
		if e.Size >= 0 && off >= int64(e.Size) {
			off -= int64(e.Size)
			continue
		}
		if e.Size >= 0 && n > int64(e.Size)-off {
			return nil, 0, false, nil
		}
		src, err := f.source(ctx, e.Name)
		if err != nil {
			return nil, 0, false, err
		}
		at := int64(e.Offset) + off
		return src, at, n <= src.Size()-at, nil
	}
	return nil, 0, false, nil
}

// Source is the file that the dataset is in.
func (d *Dataset) Source() Source { return d.object.file.src }

// Base is what addresses of the dataset's chunks count from in its file.
func (d *Dataset) Base() int64 { return d.object.file.base }
