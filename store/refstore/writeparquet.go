package refstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dosna/dosna/internal/parquet"
	"github.com/dosna/dosna/store"
)

// WriteParquet writes references as kerchunk's Parquet files to the folder with
// that prefix of a store, size rows to a file; 0 is 10,000, as kerchunk does. What
// does not fit into that form is an error: keys that are neither documents of Zarr
// v2 nor chunks of an array among them, and references that begin within a source
// and go to its end. The versions, sizes and times of sources are lost.
func WriteParquet(ctx context.Context, s store.Store, prefix string, m *Manifest, size int) error {
	if size == 0 {
		size = 10_000
	}
	if size < 0 || size > mostRows {
		return fmt.Errorf("%w: %d rows to a file", store.ErrInvalid, size)
	}
	docs := map[string]json.RawMessage{}
	fields := map[string]grid{}
	for key, i := range m.All {
		r := m.Ref(i)
		if name := key[strings.LastIndexByte(key, '/')+1:]; r.Source != nil || !strings.HasPrefix(name, ".z") || key == metadataKey {
			continue
		}
		if !json.Valid(r.Inline) {
			return fmt.Errorf("%w: the document %q is no JSON", store.ErrInvalid, key)
		}
		docs[key] = r.Inline
		if field, ok := strings.CutSuffix(key, "/"+arrayKey); ok {
			g, err := parseGrid(r.Inline)
			if err != nil {
				return fmt.Errorf("%w: %q: %w", store.ErrInvalid, key, err)
			}
			fields[field] = g
		}
	}
	chunks := map[string][]placed{}
	for key, i := range m.All {
		if docs[key] != nil || key == metadataKey { // the form has that of its own
			continue
		}
		slash := strings.LastIndexByte(key, '/')
		g, ok := fields[key[:max(slash, 0)]]
		row := 0
		if ok {
			row, ok = g.row(key[slash+1:])
		}
		if !ok {
			return fmt.Errorf("%w: %q is neither a document of Zarr v2 nor a chunk of an array, and has no place in Parquet files of references", store.ErrInvalid, key)
		}
		if r := m.Ref(i); r.Source != nil && r.Range.Len == 0 && r.Range.Off > 0 {
			return fmt.Errorf("%w: the reference %q is to all of %s from byte %d on, which kerchunk cannot say", store.ErrInvalid, key, r.Source.URL, r.Range.Off)
		}
		field := key[:slash]
		chunks[field] = append(chunks[field], placed{row, i})
	}
	for _, field := range slices.Sorted(maps.Keys(chunks)) {
		in := chunks[field]
		slices.SortFunc(in, func(a, b placed) int { return cmp.Compare(a.row, b.row) })
		for len(in) > 0 {
			n := in[0].row / size
			end := 0
			for end < len(in) && in[end].row/size == n {
				end++
			}
			data, err := m.record(in[:end], n*size, size)
			if err != nil {
				return err
			}
			if _, err := s.Put(ctx, prefix+recordID{field, n}.key(), [][]byte{data}, store.Cond{}); err != nil {
				return err
			}
			in = in[end:]
		}
	}
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"metadata": docs, "record_size": size}); err != nil {
		return err
	}
	_, err := s.Put(ctx, prefix+metadataKey, [][]byte{raw.Bytes()}, store.Cond{})
	return err
}

// placed is a reference and the row that it goes to.
type placed struct{ row, ref int }

// record returns a file of references, whose first row is first.
func (m *Manifest) record(in []placed, first, rows int) ([]byte, error) {
	none := func() []int32 { return slices.Repeat([]int32{-1}, rows) }
	path := parquet.Column{Name: "path", Text: true, Index: none()}
	raw := parquet.Column{Name: "raw", Index: none()}
	offset := parquet.Column{Name: "offset", Ints: make([]int64, rows)}
	size := parquet.Column{Name: "size", Ints: make([]int64, rows)}
	known := map[*Source]int32{}
	for _, p := range in {
		row := p.row - first
		r := m.Ref(p.ref)
		if r.Source == nil {
			raw.Index[row] = int32(len(raw.Values))
			raw.Values = append(raw.Values, r.Inline)
			continue
		}
		n, ok := known[r.Source]
		if !ok {
			n = int32(len(path.Values))
			known[r.Source] = n
			path.Values = append(path.Values, []byte(r.Source.URL))
		}
		path.Index[row], offset.Ints[row], size.Ints[row] = n, r.Range.Off, r.Range.Len
	}
	return parquet.Write(rows, []parquet.Column{path, offset, size, raw})
}
