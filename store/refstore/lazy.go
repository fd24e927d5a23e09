package refstore

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/dosna/dosna/internal/parquet"
	"github.com/dosna/dosna/store"
)

// lazy is a table in kerchunk's form of Parquet files, of which those are read
// that are needed: a folder with .zmetadata, which holds the documents of all nodes
// and how many rows a file has, and for each array files refs.N.parq in its own
// folder, a row for each chunk in the order of the chunk grid.
type lazy struct {
	below    store.Store
	prefix   string // of the folder in below
	metadata store.Info
	size     int // rows of a file
	docs     map[string][]byte
	names    []string // the keys of docs, in order
	fields   map[string]grid

	turn chan struct{} // held while a file is read, or what is below changed
	kept map[recordID]*list.Element
	used *list.List // of *record, the one used last first
	held int        // bytes of the records that are kept

	mu   sync.Mutex
	urls map[string]*Source
}

// grid is the number of chunks along each dimension of an array.
type grid []int

const (
	metadataKey  = ".zmetadata"
	arrayKey     = ".zarray"
	mostMetadata = 256 << 20
	mostRecord   = 256 << 20 // bytes of a file, and of its pages, expanded
	mostRows     = 1 << 24   // of a file
	mostHeld     = 64 << 20  // bytes of records that are kept
	mostSources  = 1 << 20   // sources of all references
)

// OpenParquet opens the references that kerchunk has written as Parquet files to
// the folder with that prefix of a store. They are read when they are needed, and
// some 64 MiB of them kept. The store below stays the caller's. Arrays are those
// of Zarr v2 whose chunks are named with dots.
//
// Kerchunk writes no file for chunks none of which exists, so that one that was lost
// cannot be told from that.
func OpenParquet(ctx context.Context, name string, below store.Store, prefix string, sources Sources) (*Store, error) {
	t := &lazy{
		below: below, prefix: prefix, docs: map[string][]byte{}, fields: map[string]grid{},
		turn: make(chan struct{}, 1), kept: map[recordID]*list.Element{}, used: list.New(), urls: map[string]*Source{},
	}
	if err := t.load(ctx); err != nil {
		return nil, &store.Error{Op: "open the references", Store: name, Err: err}
	}
	return newStore(name, t, sources), nil
}

func (t *lazy) load(ctx context.Context) error {
	raw, info, err := t.below.Get(ctx, t.prefix+metadataKey, store.GetOptions{Max: mostMetadata}, nil)
	if err != nil {
		return err
	}
	t.metadata = info
	var doc struct {
		Metadata map[string]json.RawMessage `json:"metadata"`
		Size     int                        `json:"record_size"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("%w: %s: %w", store.ErrCorrupt, metadataKey, err)
	}
	if doc.Size < 1 || doc.Size > mostRows || doc.Metadata == nil {
		return fmt.Errorf(`%w: %s is of no references: "record_size" is %d`, store.ErrInvalid, metadataKey, doc.Size)
	}
	t.size = doc.Size
	for key, value := range doc.Metadata {
		if err := store.CheckKey(key); err != nil {
			return err
		}
		var out bytes.Buffer
		if err := json.Compact(&out, value); err != nil {
			return err
		}
		t.docs[key] = out.Bytes()
		if field, ok := strings.CutSuffix(key, "/"+arrayKey); ok {
			if t.fields[field], err = parseGrid(value); err != nil {
				return fmt.Errorf("%w: %q: %w", store.ErrInvalid, key, err)
			}
		} else if key == arrayKey {
			return fmt.Errorf("%w: the root is an array, for whose chunks kerchunk has no files", store.ErrInvalid)
		}
	}
	t.names = slices.Sorted(maps.Keys(t.docs))
	return nil
}

// parseGrid returns the chunk grid of an array of Zarr v2.
func parseGrid(raw []byte) (grid, error) {
	var a struct {
		Shape     []int  `json:"shape"`
		Chunks    []int  `json:"chunks"`
		Separator string `json:"dimension_separator"`
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, err
	}
	if a.Separator != "" && a.Separator != "." {
		return nil, fmt.Errorf("its chunks are named with %q between the numbers, and kerchunk knows dots", a.Separator)
	}
	if len(a.Shape) != len(a.Chunks) || len(a.Shape) > 64 {
		return nil, fmt.Errorf("a shape of %d dimensions with chunks of %d", len(a.Shape), len(a.Chunks))
	}
	g := grid{}
	total := 1
	for i, n := range a.Shape {
		c := a.Chunks[i]
		if n < 0 || c < 1 {
			return nil, fmt.Errorf("a shape of %v in chunks of %v", a.Shape, a.Chunks)
		}
		count := n / c
		if n%c > 0 {
			count++
		}
		if count > 0 && total > (1<<48)/count {
			return nil, fmt.Errorf("more than 2^48 chunks")
		}
		total *= count
		g = append(g, count)
	}
	if len(g) == 0 {
		g = grid{1} // whose chunk is called 0
	}
	return g, nil
}

// row returns the place of a chunk in the order of the grid, by its name.
func (g grid) row(name string) (int, bool) {
	row, dim := 0, 0
	for text := range strings.SplitSeq(name, ".") {
		i, err := strconv.Atoi(text)
		if err != nil || dim == len(g) || i < 0 || i >= g[dim] || strconv.Itoa(i) != text {
			return 0, false
		}
		row = row*g[dim] + i
		dim++
	}
	return row, dim == len(g)
}

// name is the inverse of row.
func (g grid) name(row int) string {
	parts := make([]string, len(g))
	for dim := len(g) - 1; dim >= 0; dim-- {
		parts[dim] = strconv.Itoa(row % g[dim])
		row /= g[dim]
	}
	return strings.Join(parts, ".")
}

// chunks is the number of chunks.
func (g grid) chunks() int {
	n := 1
	for _, count := range g {
		n *= count
	}
	return n
}

func (t *lazy) sorted() bool { return false }

// find implements table.
func (t *lazy) find(ctx context.Context, key string) (Ref, error) {
	if doc, ok := t.docs[key]; ok {
		return Ref{Inline: doc}, nil
	}
	i := strings.LastIndexByte(key, '/')
	g, ok := t.fields[key[:max(i, 0)]]
	if i < 0 || !ok {
		return Ref{}, store.ErrNotExist
	}
	row, ok := g.row(key[i+1:])
	if !ok {
		return Ref{}, store.ErrNotExist
	}
	r, err := t.record(ctx, recordID{key[:i], row / t.size})
	if err != nil {
		return Ref{}, err
	}
	ref, err := t.ref(r, row%t.size)
	if err == nil && ref.Source == nil && ref.Inline == nil {
		err = store.ErrNotExist
	}
	return ref, err
}

// recordID names a file of references.
type recordID struct {
	field string
	n     int
}

func (id recordID) key() string { return fmt.Sprintf("%s/refs.%d.parq", id.field, id.n) }

// record is a file of references.
type record struct {
	id            recordID
	rows          int // 0: there is no such file
	path, raw     *parquet.Column
	offsets, size []int64
	bytes         int
}

// record returns a file of references, read when first asked for.
func (t *lazy) record(ctx context.Context, id recordID) (*record, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if e, ok := t.kept[id]; ok {
		t.used.MoveToFront(e)
		return e.Value.(*record), nil
	}
	r, err := t.read(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("the references in %s%s: %w", t.prefix, id.key(), err)
	}
	t.kept[id] = t.used.PushFront(r)
	for t.held += r.bytes; t.held > mostHeld && t.used.Len() > 1; {
		old := t.used.Remove(t.used.Back()).(*record)
		delete(t.kept, old.id)
		t.held -= old.bytes
	}
	return r, nil
}

// read reads a file of references, of a table that is still what was opened.
func (t *lazy) read(ctx context.Context, id recordID) (*record, error) {
	now, err := t.below.Stat(ctx, t.prefix+metadataKey)
	switch {
	case errors.Is(err, store.ErrNotExist), err == nil && (now.Version != t.metadata.Version || now.Size != t.metadata.Size || !now.ModTime.Equal(t.metadata.ModTime)):
		return nil, errors.New("they were replaced since they were opened; open them again")
	case err != nil:
		return nil, err
	}
	r := &record{id: id, bytes: 256 + len(id.field)}
	data, _, err := t.below.Get(ctx, t.prefix+id.key(), store.GetOptions{Max: mostRecord}, nil)
	if errors.Is(err, store.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	rows, columns, err := parquet.Read(data, []string{"path", "offset", "size", "raw"}, parquet.Limits{Rows: t.size, Bytes: mostRecord})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	r.rows = rows
	for _, c := range columns {
		numbers := c.Name == "offset" || c.Name == "size"
		if numbers != (c.Ints != nil) {
			return nil, fmt.Errorf("%w: the column %q has values of another type", store.ErrCorrupt, c.Name)
		}
		switch c.Name {
		case "path":
			r.path = &c
		case "raw":
			r.raw = &c
		case "offset":
			r.offsets = c.Ints
		case "size":
			r.size = c.Ints
		}
		r.bytes += 8*len(c.Ints) + 4*len(c.Index)
		for _, v := range c.Values {
			r.bytes += 24 + len(v)
		}
	}
	if r.path == nil && r.raw == nil || r.path != nil && (r.offsets == nil) != (r.size == nil) {
		return nil, fmt.Errorf("%w: it lacks columns: path, offset, size or raw", store.ErrCorrupt)
	}
	if r.path != nil {
		for _, v := range r.path.Values {
			if len(v) == 0 || !utf8.Valid(v) {
				return nil, fmt.Errorf("%w: %.100q is no address", store.ErrCorrupt, v)
			}
		}
	}
	return r, nil
}

// ref returns the reference in a row; it is zero if there is none.
func (t *lazy) ref(r *record, row int) (Ref, error) {
	if r.rows == 0 {
		return Ref{}, nil
	}
	if row >= r.rows {
		return Ref{}, fmt.Errorf("%w: the references in %s%s have %d rows, and row %d is wanted", store.ErrCorrupt, t.prefix, r.id.key(), r.rows, row)
	}
	if r.raw != nil && r.raw.Index[row] >= 0 {
		return Ref{Inline: append([]byte{}, r.raw.Values[r.raw.Index[row]]...)}, nil
	}
	if r.path == nil || r.path.Index[row] < 0 {
		return Ref{}, nil
	}
	var off, n int64
	if r.offsets != nil {
		off, n = r.offsets[row], r.size[row]
	}
	if off < 0 || n < 0 || off > 1<<62 || n > 1<<62 {
		return Ref{}, fmt.Errorf("%w: a reference in %s%s is to %d bytes at %d", store.ErrCorrupt, t.prefix, r.id.key(), n, off)
	}
	if n == 0 && off > 0 { // which would mean all that follows
		return Ref{Inline: []byte{}}, nil
	}
	s, err := t.source(r.path.Values[r.path.Index[row]])
	return Ref{Source: s, Range: store.Range{Off: off, Len: n}}, err
}

// source returns the one Source of an address.
func (t *lazy) source(url []byte) (*Source, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.urls[string(url)]
	if !ok {
		if len(t.urls) == mostSources {
			return nil, fmt.Errorf("%w: references to more than %d sources", store.ErrTooLarge, mostSources)
		}
		s = &Source{URL: string(url), Size: -1}
		t.urls[s.URL] = s
	}
	return s, nil
}

// list implements table: documents first, then chunks in the order of their grids.
func (t *lazy) list(ctx context.Context, o store.ListOptions, yield func(key string, r Ref) bool) error {
	folders := map[string]bool{}
	for _, key := range t.names {
		rest, ok := strings.CutPrefix(key, o.Prefix)
		if !ok {
			continue
		}
		if slash := strings.IndexByte(rest, '/'); o.Shallow && slash >= 0 {
			if key = key[:len(o.Prefix)+slash+1]; !folders[key] {
				folders[key] = true
				if key > o.After && !yield(key, Ref{}) {
					return nil
				}
			}
		} else if key > o.After && !yield(key, Ref{Inline: t.docs[key]}) {
			return nil
		}
	}
	for _, field := range slices.Sorted(maps.Keys(t.fields)) {
		if folder := field + "/"; o.Prefix != folder && (o.Shallow || !strings.HasPrefix(folder, o.Prefix)) {
			continue
		}
		if more, err := t.listField(ctx, field, o.After, yield); err != nil || !more {
			return err
		}
	}
	return nil
}

func (t *lazy) listField(ctx context.Context, field, after string, yield func(key string, r Ref) bool) (bool, error) {
	g := t.fields[field]
	total := g.chunks()
	for n := 0; n*t.size < total; n++ {
		r, err := t.record(ctx, recordID{field, n})
		if err != nil {
			return false, err
		}
		if r.rows == 0 {
			continue
		}
		for row := range min(t.size, total-n*t.size) {
			ref, err := t.ref(r, row)
			if err != nil {
				return false, err
			}
			key := field + "/" + g.name(n*t.size+row)
			if (ref.Source != nil || ref.Inline != nil) && key > after && !yield(key, ref) {
				return false, nil
			}
		}
	}
	return true, nil
}
