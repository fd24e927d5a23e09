package hdf5store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/hdf5/filter"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/present"
)

// array is how a dataset is read as one of Zarr. It implements present.Array.
type array struct {
	t     *tree
	d     *hdf5.Dataset
	e     *hdf5.Elements
	shape []int // of the dataset, 0 if it has no elements
	chunk []int // its chunks, likewise
	grid  []int // chunks along each dimension, those of array types too
	fill  []byte
	texts string // the fill value of texts

	// there says that stored chunks are as Zarr has them, apart from those that a filter was left out of.
	there bool
	piped bool // their codec is that of the whole pipeline of filters

	filters []hdf5.Filter // of the dataset or, if it is virtual, of those that it has its elements from
	like    *hdf5.Dataset // one of these, if chunks are cut as its are
	same    sync.Map      // *hdf5.Dataset → bool: whether others are stored as that is
}

// describe reads a dataset and makes up its document.
func (t *tree) describe(ctx context.Context, n *node, doc, ours map[string]any, sc scales) error {
	d, err := n.object.Dataset(ctx)
	if err != nil {
		return err
	}
	e, err := d.Type.Elements()
	if err != nil {
		return err
	}
	a := &array{t: t, d: d, e: e, shape: d.Space.Shape, filters: d.Filters}
	if d.Space.Null {
		a.shape, ours["dataspace"] = []int{0}, "null"
	}
	if err := a.findLike(ctx); err != nil {
		return err
	}
	switch {
	case d.Layout.Class == hdf5.Chunked:
		a.chunk = d.Layout.Chunk
	case a.like != nil:
		a.chunk = a.likeChunk()
	default:
		a.chunk = pieces(a.shape, d.Type.Size, e.Texts)
	}
	codecs, expressed := a.codecs()
	a.there = expressed
	fill, err := a.fillValue(ctx, t.file)
	if err != nil {
		return err
	}
	shape, chunk := slices.Concat(a.shape, e.Shape), slices.Concat(a.chunk, e.Shape)
	for i, m := range shape {
		chunk[i] = max(chunk[i], 1)
		a.grid = append(a.grid, (m+chunk[i]-1)/chunk[i])
	}
	n.array = a
	doc["node_type"] = "array"
	doc["shape"] = list(shape)
	doc["data_type"] = e.Type.JSON()
	doc["chunk_grid"] = map[string]any{"name": "regular", "configuration": map[string]any{"chunk_shape": list(chunk)}}
	doc["chunk_key_encoding"] = map[string]any{"name": "default", "configuration": map[string]any{"separator": "/"}}
	doc["fill_value"] = fill
	doc["codecs"] = codecs
	if names := sc.names(n.path, len(shape)); names != nil {
		doc["dimension_names"] = names
	}
	a.remember(ours)
	return nil
}

// remember says in the attributes what the document has no place for.
func (a *array) remember(ours map[string]any) {
	if t := a.d.Type; t.Class == hdf5.ClassEnum && !t.Boolean() {
		members := map[string]any{}
		for i, name := range t.Names {
			members[name], _ = hdf5.Number(t.Base, t.Values[i])
		}
		ours["enum"] = members
	}
	if !a.e.Direct {
		ours["datatype"] = a.d.Type.String()
	} else if a.d.Type.Tag != "" {
		ours["tag"] = a.d.Type.Tag
	}
	if !slices.Equal(a.d.Space.Shape, a.d.Space.Max) {
		most := []any{}
		for _, m := range a.d.Space.Max {
			if m < 0 {
				most = append(most, nil)
			} else {
				most = append(most, m)
			}
		}
		ours["max_shape"] = most
	}
	if len(a.filters) > 0 && !a.there {
		var names []any
		for _, f := range a.filters {
			names = append(names, f.String())
		}
		ours["filters"] = names
	}
}

// pieces cuts what lies in one piece, in parts of some MiB.
func pieces(shape []int, item int, texts bool) []int {
	most := max(present.PieceSize/max(item, 1), 1)
	if texts {
		most = min(most, 1<<16)
	}
	return present.Pieces(shape, item, most)
}

func list(shape []int) []int {
	if shape == nil {
		return []int{}
	}
	return shape
}

// codecs returns the codecs of the document, and whether they are those of what is in the file.
func (a *array) codecs() (specs []any, expressed bool) {
	if a.e.Texts {
		return []any{map[string]any{"name": "vlen-utf8"}}, false
	}
	order := dtype.Little
	expressed = a.e.Direct
	var more []any
	if expressed {
		order = a.e.Order
		for i, f := range a.filters {
			spec, ok := codecOf(f, a.filters[:i])
			expressed = expressed && ok && i < 4
			more = append(more, spec)
		}
	}
	switch {
	case !a.e.Direct:
		order, more = dtype.Little, nil
	case !expressed:
		a.piped, expressed = true, true
		more = []any{pipeline(a.filters)}
	}
	plain := map[string]any{"name": "bytes"}
	if a.e.Type.Ordered() {
		plain["configuration"] = map[string]any{"endian": order.String()}
	}
	return append([]any{plain}, more...), expressed
}

// pipeline is the codec for filters of which Zarr has no codecs.
func pipeline(filters []hdf5.Filter) any {
	list := []any{}
	for _, f := range filters {
		values := f.Values
		if values == nil {
			values = []uint32{}
		}
		one := map[string]any{"id": f.ID, "values": values}
		if f.Name != "" {
			one["name"] = f.Name
		}
		list = append(list, one)
	}
	return map[string]any{"name": "dosna.hdf5_filters", "configuration": map[string]any{"filters": list}}
}

// codecOf returns the codec of Zarr that does what a filter does behind others, if there is one.
func codecOf(f hdf5.Filter, before []hdf5.Filter) (any, bool) {
	spec := func(name string, config map[string]any) (any, bool) {
		return map[string]any{"name": name, "configuration": config}, true
	}
	value := func(i int) int {
		if i < len(f.Values) {
			return int(f.Values[i])
		}
		return 0
	}
	switch f.ID {
	case filter.Deflate:
		return spec("numcodecs.zlib", map[string]any{"level": min(value(0), 9)})
	case filter.Shuffle:
		// Elsewhere all that is shuffled are whole elements: behind a checksum, as netCDF-4 has them, those of up to four bytes.
		whole := len(before) == 0 || len(before) == 1 && before[0].ID == filter.Fletcher32 && 4%max(value(0), 1) == 0
		if !whole || value(0) == 0 {
			return nil, false
		}
		return spec("numcodecs.shuffle", map[string]any{"elementsize": value(0)})
	case filter.Fletcher32:
		return spec("numcodecs.fletcher32", map[string]any{})
	case filter.Bzip2:
		return spec("numcodecs.bz2", map[string]any{"level": max(min(value(0), 9), 1)})
	case filter.Blosc: // values: two versions, the size of elements, that of chunks, level, shuffle, compressor
		shuffles, compressors := []string{"noshuffle", "shuffle", "bitshuffle"}, []string{"blosclz", "lz4", "lz4hc", "", "zlib", "zstd"}
		if len(f.Values) < 7 || value(2) < 1 || value(2) > 255 || value(4) > 9 || value(5) >= len(shuffles) || value(6) >= len(compressors) || compressors[value(6)] == "" {
			return nil, false
		}
		return spec("blosc", map[string]any{
			"cname": compressors[value(6)], "clevel": value(4), "shuffle": shuffles[value(5)], "typesize": value(2), "blocksize": 0,
		})
	case filter.Zstd:
		return spec("zstd", map[string]any{"level": min(value(0), 22), "checksum": false})
	}
	return nil, false
}

// fillValue returns the fill value for the document, and keeps its bytes.
func (a *array) fillValue(ctx context.Context, f *hdf5.File) (json.RawMessage, error) {
	stored := a.d.FillValue()
	if a.e.Texts {
		t := a.d.Type
		for t.Class == hdf5.ClassArray {
			t = t.Base
		}
		if len(stored) >= t.Size {
			texts, err := f.Texts(ctx, a.e, stored[:t.Size])
			if err != nil {
				return nil, err
			}
			if len(texts) > 0 {
				a.texts = texts[0]
			}
		}
		raw, err := json.Marshal(a.texts)
		return raw, err
	}
	// A fill value is a whole element; of an array type Zarr has one for all its parts.
	n := a.e.Type.Size()
	all := make([]byte, nd.Full(a.e.Shape).Size()*n)
	a.e.Convert(all, stored)
	a.fill = all[:n]
	for i := 0; i < len(all); i += n {
		if string(all[i:i+n]) != string(a.fill) {
			return nil, fmt.Errorf("%w: a fill value whose parts differ, of arrays", hdf5.ErrUnsupported)
		}
	}
	native := slices.Clone(a.fill)
	if dtype.Native != dtype.Little {
		a.e.Type.Swap(native)
	}
	return a.e.Type.FormatFill(native), nil
}
