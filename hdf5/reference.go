package hdf5

import (
	"context"
	"encoding/base64"
	"fmt"
)

// reference returns what an element refers to.
func (f *File) reference(ctx context.Context, t *Datatype, elem []byte) (any, error) {
	c := f.cursor(elem)
	switch t.Reference {
	case ReferenceObject:
		addr := c.address()
		if c.err != nil || addr == 0 || addr == undefined {
			return nil, c.err
		}
		return f.pathOf(ctx, addr)
	case ReferenceRegion:
		addr, index := c.address(), c.u32()
		if c.err != nil || addr == 0 || addr == undefined {
			return nil, c.err
		}
		data, err := f.global(ctx, addr, index)
		if err != nil {
			return nil, err
		}
		r := f.cursor(data)
		object := r.address()
		s := r.selection()
		if r.err != nil {
			return nil, r.err
		}
		path, err := f.pathOf(ctx, object)
		if err != nil || path == nil {
			return nil, err
		}
		return map[string]any{"path": path, "selection": s.describe()}, nil
	}
	// References of release 1.12 name objects by tokens that only their writer's way of storing knows.
	return base64.StdEncoding.EncodeToString(elem), nil
}

// describe is a selection for JSON.
func (s selection) describe() any {
	switch {
	case s.all:
		return "all"
	case s.axes != nil:
		list := []any{}
		for _, a := range s.axes {
			list = append(list, map[string]any{"start": a.start, "stride": a.stride, "count": a.count, "block": a.block})
		}
		return list
	}
	list := []any{}
	for i := 0; s.rank > 0 && i < len(s.points); i += s.rank {
		list = append(list, s.points[i:i+s.rank])
	}
	return list
}

// mostPaths bounds the objects whose paths are looked for.
const mostPaths = 1 << 20

// Path returns the first path of the object in a walk along hard links, breadth first; "" if it has none.
func (o *Object) Path(ctx context.Context) (string, error) {
	p, err := o.file.pathOf(ctx, o.addr)
	path, _ := p.(string)
	return path, err
}

// pathOf returns the first path of an object in a walk along hard links, breadth first; nil if it has none.
func (f *File) pathOf(ctx context.Context, addr uint64) (any, error) {
	f.mu.Lock()
	paths := f.paths
	f.mu.Unlock()
	if paths == nil {
		var err error
		if paths, err = f.walkPaths(ctx); err != nil {
			return nil, err
		}
		f.mu.Lock()
		f.paths = paths
		f.mu.Unlock()
	}
	if path, ok := paths[addr]; ok {
		return path, nil
	}
	return nil, nil
}

func (f *File) walkPaths(ctx context.Context) (map[uint64]string, error) {
	paths := map[uint64]string{f.root: "/"}
	queue := []uint64{f.root}
	for ; len(queue) > 0; queue = queue[1:] {
		o, err := f.Object(ctx, queue[0])
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			continue // it is told of by whoever reads it
		}
		if o.Kind() != Group {
			continue
		}
		prefix := paths[queue[0]]
		if prefix != "/" {
			prefix += "/"
		}
		for l, err := range o.Links(ctx) {
			if err != nil {
				return nil, err
			}
			if _, known := paths[l.Addr]; known || l.Kind != HardLink {
				continue
			}
			if len(paths) >= mostPaths || len(prefix)+len(l.Name) > 1<<16 {
				return nil, fmt.Errorf("%w: references in a file of more than %d objects", ErrUnsupported, mostPaths)
			}
			paths[l.Addr] = prefix + l.Name
			queue = append(queue, l.Addr)
		}
	}
	return paths, nil
}
