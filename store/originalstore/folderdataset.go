package originalstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// dataset is one in a folder of its own. It implements present.Array.
type dataset struct {
	folder *folder
	dir    string
	file   *present.File // that describes it

	document []byte
	t        dtype.Type
	order    dtype.Order
	chunk    []int
	grid     nd.Grid
	size     int64 // bytes of a chunk
}

// damaged says what is wrong with a file that there is.
func damaged(key string, err error) error {
	if errors.Is(err, store.ErrNotExist) {
		return fmt.Errorf("%w: the file %s: %s", store.ErrCorrupt, key, err.Error()) // nothing is missing but in the file
	}
	if errors.Is(err, hdf5.ErrCorrupt) || errors.Is(err, hdf5.ErrNotHDF5) {
		err = fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	return fmt.Errorf("the file %s: %w", key, err)
}

// describe reads the file that describes the dataset, and makes up its document.
func (d *dataset) describe(ctx context.Context) error {
	top, err := root(ctx, d.file)
	if err != nil {
		return err
	}
	list, err := top.Attributes(ctx)
	if err != nil {
		return err
	}
	values, attrs := map[string]any{}, map[string]any{}
	var fill *hdf5.Attribute
	for i, a := range list {
		v, err := a.Value(ctx, top.File())
		if err != nil {
			return err
		}
		switch a.Name {
		case "fillvalue":
			fill = &list[i]
			fallthrough
		case "shape", "dtype", "chunk_size", "chunk_grid":
			values[a.Name] = v
		default:
			attrs[a.Name] = v
		}
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", store.ErrCorrupt, fmt.Sprintf(format, args...))
	}
	shape, ok := lengths(values["shape"])
	chunk, also := lengths(values["chunk_size"])
	if !ok || !also || len(shape) != len(chunk) {
		return wrong("its attributes shape and chunk_size are %v and %v, where as many lengths should be", values["shape"], values["chunk_size"])
	}
	name, _ := values["dtype"].(string)
	if d.t, d.order, err = dtype.ParseType(name); err != nil {
		return wrong("its attribute dtype is %.100q: %v", name, err)
	}
	for i := range chunk {
		chunk[i] = max(chunk[i], 1) // those of an array without elements
	}
	n, ok := nd.Size(chunk)
	if !ok || d.t.Variable() || n > mostChunk/d.t.Size() {
		return wrong("its chunks of shape %v with elements %s are larger than %d bytes", chunk, name, mostChunk)
	}
	d.chunk, d.size = chunk, int64(n*d.t.Size())
	if d.grid, err = nd.NewGrid(shape, chunk); err != nil {
		return wrong("%v", err)
	}
	value, err := d.fillValue(fill, values["fillvalue"])
	if err != nil {
		return wrong("its fill value is %v, for elements %s: %v", values["fillvalue"], name, err)
	}
	plain := map[string]any{"name": "bytes"}
	if d.t.Ordered() {
		plain["configuration"] = map[string]any{"endian": d.order.String()}
	}
	d.document = document(map[string]any{
		"zarr_format": 3, "node_type": "array", "attributes": attrs, "shape": shape, "data_type": d.t.JSON(),
		"chunk_grid":         map[string]any{"name": "regular", "configuration": map[string]any{"chunk_shape": chunk}},
		"chunk_key_encoding": map[string]any{"name": "default", "configuration": map[string]any{"separator": "/"}},
		"fill_value":         value,
		"codecs":             []any{plain},
	})
	return nil
}

// mostChunk bounds the bytes of a chunk.
const mostChunk = 1 << 30

// lengths reads a list of numbers that are not negative.
func lengths(v any) ([]int, bool) {
	list, ok := v.([]any)
	out := []int{}
	for _, v := range list {
		n, err := strconv.Atoi(fmt.Sprint(v))
		if err != nil || n < 0 {
			return nil, false
		}
		out = append(out, n)
	}
	return out, ok
}

// fillValue returns the fill value for the document; zero if there is none.
func (d *dataset) fillValue(a *hdf5.Attribute, v any) (json.RawMessage, error) {
	if a == nil {
		return d.t.FormatFill(d.t.Zero()), nil
	}
	if e, err := a.Type.Elements(); err == nil && e.Type == d.t && len(e.Shape) == 0 && len(a.Data) == a.Type.Size && !e.Texts {
		elem := make([]byte, d.t.Size())
		e.Convert(elem, a.Data)
		return d.t.FormatFill(elem), nil
	}
	text := fmt.Sprint(v)
	if d.t.Kind() == dtype.FixedBytes && len(text) <= d.t.Size() {
		return d.t.FormatFill(append([]byte(text), make([]byte, d.t.Size()-len(text))...)), nil
	}
	elem, err := d.t.ParseScalar(text)
	if err != nil {
		return nil, err
	}
	return d.t.FormatFill(elem), nil
}

// Rank implements present.Array.
func (d *dataset) Rank() int { return len(d.chunk) }

// Chunks implements present.Array.
func (d *dataset) Chunks(ctx context.Context) iter.Seq2[present.Listed, error] {
	return func(yield func(present.Listed, error) bool) {
		prefix := ""
		if d.dir != "" {
			prefix = d.dir + "/"
		}
		for i, err := range d.folder.below.List(ctx, store.ListOptions{Prefix: prefix, Shallow: true}) {
			if err != nil {
				yield(present.Listed{}, err)
				return
			}
			coord, ok := d.coord(strings.TrimPrefix(i.Key, prefix))
			if i.Dir || !ok {
				continue
			}
			i.Size = d.size
			if !yield(present.Listed{Coord: coord, Info: i}, nil) {
				return
			}
		}
	}
}

// chunkName is the name of the file of a chunk.
func chunkName(coord []int) string {
	var parts []string
	for _, i := range coord {
		parts = append(parts, strconv.Itoa(i))
	}
	return "chunk_" + strings.Join(parts, "_") + ".h5"
}

// coord returns the place of the chunk that has a file of that name; false if the name is no chunk's.
func (d *dataset) coord(name string) ([]int, bool) {
	middle, ok := strings.CutPrefix(name, "chunk_")
	if ok {
		middle, ok = strings.CutSuffix(middle, ".h5")
	}
	if !ok {
		return nil, false
	}
	var coord []int
	for part := range strings.SplitSeq(middle, "_") {
		if i, err := strconv.Atoi(part); err == nil {
			coord = append(coord, i)
		}
	}
	return coord, len(coord) == len(d.chunk) && chunkName(coord) == name && d.grid.Contains(coord) == nil
}

// Chunk implements present.Array.
func (d *dataset) Chunk(ctx context.Context, coord []int) (present.Object, error) {
	if d.grid.Contains(coord) != nil {
		return present.Object{}, store.ErrNotExist
	}
	key := in(d.dir, chunkName(coord))
	file, err := present.OpenFile(ctx, d.folder.below, key, d.folder.address+"/"+key)
	if err != nil {
		return present.Object{}, err
	}
	o, err := d.place(ctx, file)
	if err != nil {
		return present.Object{}, damaged(key, err)
	}
	return o, nil
}

// place finds the elements of a chunk in its file.
func (d *dataset) place(ctx context.Context, file *present.File) (present.Object, error) {
	none := present.Object{}
	top, err := root(ctx, file)
	if err != nil {
		return none, err
	}
	l, err := top.Child(ctx, "data")
	if err != nil {
		return none, err
	}
	at, err := top.Follow(ctx, l)
	if err != nil {
		return none, err
	}
	h, err := at.Dataset(ctx)
	if err != nil {
		return none, err
	}
	e, err := h.Type.Elements()
	if err != nil {
		return none, err
	}
	bytes := d.t.Kind() == dtype.FixedBytes && h.Type.Class == hdf5.ClassString && h.Type.Size == d.t.Size()
	if !slices.Equal(h.Space.Shape, d.chunk) || !bytes && (e.Type != d.t || len(e.Shape) > 0) {
		return none, fmt.Errorf("%w: it has elements %v of shape %v, and a chunk has %v of shape %v", store.ErrCorrupt, h.Type, h.Space.Shape, d.t, d.chunk)
	}
	o := present.Object{File: file, Size: d.size}
	same := bytes || e.Direct && (e.Order == d.order || !d.t.Ordered())
	if same && h.Layout.Class == hdf5.Contiguous && h.Layout.Addr != hdf5.Undefined && len(h.Files) == 0 {
		o.Off = top.File().Base() + int64(h.Layout.Addr)
		return o, nil
	}
	o.Make = func(ctx context.Context) ([]byte, error) {
		raw := make([]byte, d.size)
		if len(raw) != h.Space.Len()*h.Type.Size {
			raw = make([]byte, h.Space.Len()*h.Type.Size)
		}
		if err := h.Read(ctx, nd.Full(h.Space.Shape), raw); err != nil || same {
			return raw, err
		}
		out := make([]byte, d.size)
		e.Convert(out, raw)
		if d.order != dtype.Native {
			d.t.Swap(out)
		}
		return out, nil
	}
	return o, nil
}
