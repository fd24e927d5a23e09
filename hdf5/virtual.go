package hdf5

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dosna/dosna/nd"
)

// mapping is a part of a virtual dataset, and where its elements are (section VII, "Virtual dataset global heap block").
type mapping struct {
	file, dataset string // as they are stored: %b is the number of a block
	numbered      bool   // there is a %b in one of them
	src, dst      selection
}

const (
	mostMappings = 1 << 20
	mostVirtual  = 16 // virtual datasets of virtual datasets
)

// virtual reads the mappings of a virtual dataset, and finds out how large it is if it has no end.
func (d *Dataset) virtual(ctx context.Context) error {
	f := d.object.file
	if d.Layout.addr == undefined || d.Layout.addr == 0 && d.Layout.entry == 0 {
		return nil
	}
	data, err := f.global(ctx, d.Layout.addr, d.Layout.entry)
	if err != nil {
		return err
	}
	if err := sumOf(data, "the mappings of a virtual dataset"); err != nil {
		return err
	}
	c := f.cursor(data[:len(data)-4])
	version := c.version("virtual dataset", 0, 1)
	n := c.length()
	if n > mostMappings {
		c.fail("a virtual dataset of %d mappings", n)
	}
	for range n {
		if c.err != nil {
			return c.err
		}
		m := c.mapping(version, d.mappings)
		m.numbered = c.err == nil && (substituted(m.file) || substituted(m.dataset))
		d.mappings = append(d.mappings, m)
	}
	if c.err != nil {
		return c.err
	}
	for _, m := range d.mappings {
		if m.dst.rank != 0 && m.dst.rank != len(d.Space.Shape) {
			return fmt.Errorf("%w: a mapping of %d dimensions in a virtual dataset of %d", ErrCorrupt, m.dst.rank, len(d.Space.Shape))
		}
	}
	return d.grow(ctx)
}

// mapping reads one. Names that an earlier one has may be left out in version 1.
func (c *cursor) mapping(version int, before []mapping) mapping {
	const sharedFile, sharedDataset, sameFile = 1, 2, 4
	flags := 0
	if version > 0 {
		flags = c.u8()
	}
	earlier := func() mapping {
		i := c.length()
		if i >= len(before) {
			c.fail("a mapping has the name of the mapping %d of %d", i, len(before))
			return mapping{}
		}
		return before[i]
	}
	m := mapping{file: "."}
	switch {
	case flags&sameFile != 0:
	case flags&sharedFile != 0:
		m.file = earlier().file
	default:
		m.file = c.text()
	}
	if flags&sharedDataset != 0 {
		m.dataset = earlier().dataset
	} else {
		m.dataset = c.text()
	}
	m.src, m.dst = c.selection(), c.selection()
	return m
}

// substituted tells whether a name has the place of a block's number, %b.
func substituted(name string) bool {
	return name != numberedName(name, 0) && strings.Contains(name, "%b")
}

// numberedName puts the number of a block in a name; %% is a percent sign.
func numberedName(name string, block int) string {
	if !strings.Contains(name, "%") {
		return name
	}
	return strings.NewReplacer("%%", "%", "%b", strconv.Itoa(block)).Replace(name)
}

// source opens the dataset of a mapping, or nil if it is not there.
func (d *Dataset) source(ctx context.Context, m mapping, block int) (*Dataset, error) {
	file, name := m.file, m.dataset
	if m.numbered {
		file, name = numberedName(file, block), numberedName(name, block)
	}
	key := file + "\x00" + name
	d.mu.Lock()
	s := d.sources[key]
	d.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if d.depth >= mostVirtual {
		return nil, fmt.Errorf("%w: virtual datasets of virtual datasets more than %d deep", ErrUnsupported, mostVirtual)
	}
	f, err := d.object.file.other(ctx, file)
	var o *Object
	if err == nil {
		o, err = f.Lookup(ctx, name)
	}
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if s, err = o.dataset(ctx, d.depth+1); err != nil {
		return nil, err
	}
	if s.Type.Size != d.Type.Size || s.Type.Class != d.Type.Class {
		return nil, fmt.Errorf("%w: %q has elements of another type than the virtual dataset", ErrUnsupported, name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sources == nil || len(d.sources) >= 1024 {
		d.sources = map[string]*Dataset{}
	}
	d.sources[key] = s
	return s, nil
}

// endless returns the dimension of a selection that goes on, or -1.
func (s selection) endless() int { return slices.IndexFunc(s.axes, axis.unlimited) }

// mostBlocks bounds the numbered sources of a mapping.
const mostBlocks = 1 << 16

// grow sets the extent of a dimension without end to that which its sources have now.
func (d *Dataset) grow(ctx context.Context) error {
	free, extent := -1, 0
	for _, m := range d.mappings {
		at := m.dst.endless()
		if at < 0 {
			continue
		}
		free = at
		a := m.dst.axes[at]
		n := 0
		if m.numbered {
			for ; ; n++ {
				if n > mostBlocks {
					return fmt.Errorf("%w: a virtual dataset of more than %d numbered sources", ErrUnsupported, mostBlocks)
				}
				s, err := d.source(ctx, m, n)
				if err != nil {
					return err
				}
				if s == nil {
					break
				}
			}
			if n *= a.block; a.block < 0 {
				return fmt.Errorf("%w: numbered sources of blocks without end", ErrUnsupported)
			}
		} else {
			s, err := d.source(ctx, m, 0)
			if err != nil {
				return err
			}
			from := m.src.endless()
			if s == nil || from < 0 || from >= len(s.Space.Shape) {
				continue
			}
			n = m.src.axes[from].cut(s.Space.Shape[from]).len()
		}
		if n > 0 {
			if a.block < 0 {
				a.block = n
			}
			extent = max(extent, a.at(n-1)+1)
		}
	}
	if free < 0 {
		return nil
	}
	for _, m := range d.mappings {
		if m.dst.axes != nil && !m.dst.axes[free].unlimited() && m.dst.axes[free].len() > 0 {
			extent = max(extent, m.dst.axes[free].at(m.dst.axes[free].len()-1)+1)
		}
	}
	if limit := d.Space.Max[free]; limit >= 0 {
		extent = min(extent, limit)
	}
	shape := slices.Clone(d.Space.Shape)
	shape[free] = extent
	if n, ok := nd.Size(shape); !ok || d.Type.Size > 0 && n > (1<<62)/d.Type.Size {
		return fmt.Errorf("%w: a virtual dataset of shape %v", ErrCorrupt, shape)
	}
	d.Space.Shape = shape
	return nil
}

// readVirtual reads a box from the sources of the mappings; what none has is fill value.
func (d *Dataset) readVirtual(ctx context.Context, box nd.Box, v nd.View) error {
	nd.Fill(v, d.FillValue())
	for _, m := range d.mappings {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if m.numbered {
			err = d.readNumbered(ctx, m, box, v)
		} else {
			err = d.readMapping(ctx, m, 0, m.dst, box, v)
		}
		if err != nil {
			return fmt.Errorf("the source %.100q in %.100q: %w", m.dataset, m.file, err)
		}
	}
	return nil
}

// readNumbered reads what of a box is in the blocks of a mapping, each of which has a source.
func (d *Dataset) readNumbered(ctx context.Context, m mapping, box nd.Box, v nd.View) error {
	free := m.dst.endless()
	if free < 0 {
		return d.readMapping(ctx, m, 0, m.dst, box, v)
	}
	a := m.dst.axes[free]
	if a.block < 1 {
		return fmt.Errorf("%w: numbered sources of blocks without end", ErrUnsupported)
	}
	for block := max(0, (box.Start[free]-a.start-a.block+1)/a.stride); a.start+block*a.stride < box.Stop(free); block++ {
		dst := m.dst
		dst.axes = slices.Clone(dst.axes)
		dst.axes[free] = axis{a.start + block*a.stride, 1, 1, a.block}
		if err := d.readMapping(ctx, m, block, dst, box, v); err != nil {
			return err
		}
	}
	return nil
}

// readMapping reads what of a box is in a mapping.
func (d *Dataset) readMapping(ctx context.Context, m mapping, block int, dst selection, box nd.Box, v nd.View) error {
	dst, err := dst.in(d.Space.Shape)
	if err != nil || !dst.touches(box) {
		return err
	}
	s, err := d.source(ctx, m, block)
	if err != nil || s == nil {
		return err
	}
	src, err := m.src.in(s.Space.Shape)
	if err != nil {
		return err
	}
	if i, j := m.src.endless(), m.dst.endless(); i >= 0 && j >= 0 {
		k := min(src.axes[i].len(), dst.axes[j].len())
		src.axes[i], dst.axes[j] = src.axes[i].first(k), dst.axes[j].first(k)
	}
	n := min(src.len(), dst.len())
	if src.len() != dst.len() && m.src.endless() < 0 && m.dst.endless() < 0 {
		return fmt.Errorf("%w: a mapping of %d elements to %d", ErrCorrupt, src.len(), dst.len())
	}
	if alike(src, dst) {
		return d.copyAxes(ctx, s, src, dst, box, v)
	}
	if n > mostPoints {
		return fmt.Errorf("%w: a mapping of %d elements in another order", ErrUnsupported, n)
	}
	return copyPoints(ctx, s, src, dst, n, box, v)
}

// touches tells whether the selection may have elements in a box.
func (s selection) touches(box nd.Box) bool {
	for i, a := range s.axes {
		if from, to := a.within(box.Start[i], box.Stop(i)); from >= to {
			return false
		}
	}
	return s.len() > 0
}

// alike tells whether two selections have the same extents, apart from dimensions of one element.
func alike(a, b selection) bool {
	if a.axes == nil || b.axes == nil {
		return false
	}
	return slices.Equal(a.extents(), b.extents())
}

func (s selection) extents() []int {
	var out []int
	for _, a := range s.axes {
		if a.len() != 1 {
			out = append(out, a.len())
		}
	}
	return out
}

// copyAxes copies what of a box is in a mapping of selections that are alike.
func (d *Dataset) copyAxes(ctx context.Context, s *Dataset, src, dst selection, box nd.Box, v nd.View) error {
	// The places in v, along its dimensions, and those in the source.
	into, from := make([][]int, len(dst.axes)), make([][]int, len(src.axes))
	next := 0
	for i, a := range dst.axes {
		low, high := a.within(box.Start[i], box.Stop(i))
		for k := low; k < high; k++ {
			into[i] = append(into[i], a.at(k)-box.Start[i])
		}
		if a.len() == 1 {
			continue
		}
		for src.axes[next].len() == 1 {
			from[next] = []int{src.axes[next].at(0)}
			next++
		}
		for k := low; k < high; k++ {
			from[next] = append(from[next], src.axes[next].at(k))
		}
		next++
	}
	for ; next < len(from); next++ {
		from[next] = []int{src.axes[next].at(0)}
	}
	hull := nd.Box{Start: make([]int, len(from)), Shape: make([]int, len(from))}
	straight := true
	for i, list := range from {
		last := list[len(list)-1]
		hull.Start[i], hull.Shape[i] = list[0], last-list[0]+1
		if last >= s.Space.Shape[i] {
			return fmt.Errorf("%w: a mapping reaches beyond its source of shape %v", ErrCorrupt, s.Space.Shape)
		}
		straight = straight && hull.Shape[i] == len(list)
	}
	for _, list := range into {
		straight = straight && list[len(list)-1]-list[0]+1 == len(list)
	}
	data, err := s.hull(ctx, hull)
	if err != nil {
		return err
	}
	have := nd.NewView(data, hull.Shape, s.Type.Size)
	if straight {
		sub := nd.Box{}
		for _, list := range into {
			sub.Start, sub.Shape = append(sub.Start, list[0]), append(sub.Shape, len(list))
		}
		nd.Copy(v.Sub(sub), nd.NewView(data, sub.Shape, s.Type.Size))
		return nil
	}
	srcCoord, dstCoord := make([]int, len(from)), make([]int, len(into))
	for k := range product(into) {
		pick(from, k, srcCoord)
		pick(into, k, dstCoord)
		to, at := v.Off, have.Off
		for i, c := range dstCoord {
			to += c * v.Strides[i]
		}
		for i, c := range srcCoord {
			at += (c - hull.Start[i]) * have.Strides[i]
		}
		copy(v.Data[to:to+v.Item], have.Data[at:at+v.Item])
	}
	return nil
}

func product(lists [][]int) int {
	n := 1
	for _, l := range lists {
		n *= len(l)
	}
	return n
}

// pick puts the element number k of a product of lists in into.
func pick(lists [][]int, k int, into []int) {
	for i := len(lists) - 1; i >= 0; i-- {
		into[i] = lists[i][k%len(lists[i])]
		k /= len(lists[i])
	}
}

// mostHull bounds the bytes of a source that are read at once.
const mostHull = 1 << 26

// hull reads a box of a source, which is not to be too large.
func (d *Dataset) hull(ctx context.Context, box nd.Box) ([]byte, error) {
	if n, ok := nd.Size(box.Shape); !ok || d.Type.Size > 0 && n > mostHull/d.Type.Size {
		return nil, fmt.Errorf("%w: %v elements of a source at once", ErrUnsupported, box.Shape)
	}
	data := make([]byte, box.Size()*d.Type.Size)
	return data, d.read(ctx, box, nd.NewView(data, box.Shape, d.Type.Size))
}

// copyPoints copies what of a box is in a mapping of any selections, element by element.
func copyPoints(ctx context.Context, s *Dataset, src, dst selection, n int, box nd.Box, v nd.View) error {
	at, from := make([]int, len(box.Start)), make([]int, len(s.Space.Shape))
	var places []int // in v
	var coords [][]int
	for k := range n {
		dst.coord(k, at)
		to, ok := v.Off, true
		for i, c := range at {
			c -= box.Start[i]
			ok = ok && c >= 0 && c < box.Shape[i]
			to += c * v.Strides[i]
		}
		if ok {
			src.coord(k, from)
			places, coords = append(places, to), append(coords, slices.Clone(from))
		}
	}
	if len(coords) == 0 {
		return nil
	}
	hull := nd.Box{Start: slices.Clone(coords[0]), Shape: slices.Clone(coords[0])}
	for _, c := range coords {
		for i, x := range c {
			hull.Start[i], hull.Shape[i] = min(hull.Start[i], x), max(hull.Shape[i], x)
		}
	}
	for i := range hull.Shape {
		if hull.Shape[i] >= s.Space.Shape[i] {
			return fmt.Errorf("%w: a mapping reaches beyond its source of shape %v", ErrCorrupt, s.Space.Shape)
		}
		hull.Shape[i] -= hull.Start[i] - 1
	}
	data, err := s.hull(ctx, hull)
	if err != nil {
		return err
	}
	have := nd.NewView(data, hull.Shape, v.Item)
	for k, c := range coords {
		off := 0
		for i, x := range c {
			off += (x - hull.Start[i]) * have.Strides[i]
		}
		copy(v.Data[places[k]:places[k]+v.Item], data[off:off+v.Item])
	}
	return nil
}
