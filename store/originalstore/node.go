package originalstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dosna/dosna/store"
)

// What the bodies of a group's and of a dataset's object are.
const (
	groupBody   = "DosNa Group"
	datasetBody = "DosNa Dataset"
)

// The names of the documents that are made up.
const (
	arrayName = ".zarray"
	attrsName = ".zattrs"
	groupName = ".zgroup"
)

// node is a group or a dataset.
type node struct {
	path      string            // "" for the root
	object    string            // the key of its object; "" for a group that has none, and for a link
	dataset   bool              //
	documents map[string][]byte // by their names
	links     map[string]string // of a group: the targets, from the root, by the links' names
}

// node returns what is at a path; ErrNotExist if there is nothing.
func (s *Store) node(ctx context.Context, at string) (*node, error) {
	n, err := s.own(ctx, at)
	if !errors.Is(err, store.ErrNotExist) {
		return n, err
	}
	if at == "" {
		return s.implied(at), nil
	}
	// A link has no object: the group that it is in speaks of it.
	dir, name := path.Split(at)
	parent, err := s.own(ctx, strings.TrimSuffix(dir, "/"))
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return nil, err
	}
	if err == nil && !parent.dataset {
		if target, ok := parent.links[name]; ok {
			return link(at, target), nil
		}
	}
	// Datasets may be named a/b without there being a group a.
	for _, prefix := range []string{"/" + at + "/", at + "/"} {
		for info, err := range s.bucket.List(ctx, prefix, true) {
			if err != nil {
				return nil, err
			}
			if info.Dir || nodeSized(info) {
				return s.implied(at), nil
			}
		}
	}
	return nil, store.ErrNotExist
}

// own returns the node that has an object of its own at a path.
func (s *Store) own(ctx context.Context, at string) (*node, error) {
	objects := []string{"/" + at, at}
	if at == "" {
		objects = objects[:1]
	}
	var found *node
	for _, object := range objects {
		body, meta, err := s.bucket.Object(ctx, object, int64(len(datasetBody)))
		switch {
		case errors.Is(err, store.ErrNotExist), errors.Is(err, store.ErrTooLarge):
			continue
		case err != nil:
			return nil, err
		}
		n := &node{path: at, object: object, dataset: string(body) == datasetBody}
		switch {
		case string(body) != groupBody && !n.dataset:
			continue
		case found != nil:
			return nil, fmt.Errorf("%w: the objects %q and %q are both a node %q; copy one of them to another name with a program for S3", store.ErrCorrupt, found.object, object, at)
		case n.dataset:
			err = n.describeDataset(meta)
		default:
			err = n.describeGroup(meta)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: the object %q: %w", store.ErrCorrupt, object, err)
		}
		found = n
	}
	if found == nil {
		return nil, store.ErrNotExist
	}
	return found, nil
}

// implied is a group of which no object speaks.
func (s *Store) implied(at string) *node {
	return &node{path: at, documents: map[string][]byte{groupName: document(map[string]any{"zarr_format": 2})}}
}

// link is a link at a path to a node, which is given from the root.
func link(at, target string) *node {
	up := strings.Count(at, "/")
	relative := strings.TrimSuffix(strings.Repeat("../", up)+target, "/")
	if relative == "" {
		relative = "."
	}
	return &node{path: at, documents: map[string][]byte{
		groupName: document(map[string]any{"zarr_format": 2}),
		attrsName: document(map[string]any{"dosna": map[string]any{"link": map[string]any{"target": relative}}}),
	}}
}

// describeGroup makes up a group's documents.
func (n *node) describeGroup(meta map[string]string) error {
	n.documents = map[string][]byte{groupName: document(map[string]any{"zarr_format": 2})}
	if attrs := attributes(meta["attrs"]); len(attrs) > 0 {
		n.documents[attrsName] = document(attrs)
	}
	if meta["links"] == "" {
		return nil
	}
	v, err := Literal(meta["links"])
	if err != nil {
		return fmt.Errorf("its links: %w", err)
	}
	links, _ := v.(map[string]any)
	for target := range links {
		// Every group links to those in it, which are there anyway.
		target = strings.Trim(path.Clean("/"+target), "/")
		if dir, name := path.Split(target); strings.TrimSuffix(dir, "/") != n.path && name != "" {
			if n.links == nil {
				n.links = map[string]string{}
			}
			if other, taken := n.links[name]; !taken || target < other {
				n.links[name] = target
			}
		}
	}
	return nil
}

// attributes reads what a group's object says of its attributes. Those that cannot be
// read are one attribute of the name attrs, so that nothing is lost.
func attributes(text string) map[string]any {
	if text == "" {
		return nil
	}
	if v, err := Literal(text); err == nil {
		if attrs, ok := v.(map[string]any); ok {
			return attrs
		}
	}
	return map[string]any{"attrs": text}
}

// describeDataset makes up a dataset's document.
func (n *node) describeDataset(meta map[string]string) error {
	shape, err := extents(meta, "shape")
	if err != nil {
		return err
	}
	chunks, err := extents(meta, "chunk-size")
	if err != nil {
		return err
	}
	if len(chunks) != len(shape) {
		return fmt.Errorf("its chunks have %d dimensions, and it has %d", len(chunks), len(shape))
	}
	dtype := meta["dtype"]
	if dtype == "" {
		return errors.New("it does not say its dtype")
	}
	fill, err := fillValue(dtype, meta["fillvalue"])
	if err != nil {
		return err
	}
	n.documents = map[string][]byte{arrayName: document(map[string]any{
		"zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": dtype, "fill_value": fill,
		"order": "C", "compressor": nil, "filters": nil, "dimension_separator": ".",
	})}
	return nil
}

// extents reads numbers that are joined by "::".
func extents(meta map[string]string, name string) ([]int, error) {
	var list []int
	for _, part := range strings.Split(meta[name], "::") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 {
			return nil, fmt.Errorf("its %s is %q, where whole numbers joined by :: should be", name, meta[name])
		}
		list = append(list, n)
	}
	return list, nil
}

// fillValue reads a fill value as Zarr v2 has it. Without one it is zero, as the first DosNa
// had it.
func fillValue(dtype, text string) (any, error) {
	if text == "" {
		return json.Number("0"), nil
	}
	v, err := Literal(text)
	if err != nil {
		return nil, fmt.Errorf("its fill value: %w", err)
	}
	kind := strings.TrimLeft(dtype, "<>|=")
	whole := kind != "" && (kind[0] == 'i' || kind[0] == 'u')
	switch x := v.(type) {
	case json.Number:
		// Arrays of whole numbers were made with fill values such as 0.0, too.
		if f, err := x.Float64(); err == nil && whole && f == float64(int64(f)) && strings.ContainsAny(x.String(), ".e") {
			return json.Number(strconv.FormatInt(int64(f), 10)), nil
		}
		if kind != "" && kind[0] == 'b' {
			return x != "0" && x != "0.0" && x != "-0.0", nil
		}
	case bool:
		if kind == "" || kind[0] != 'b' {
			return json.Number(map[bool]string{false: "0", true: "1"}[x]), nil
		}
	case nil:
		return json.Number("0"), nil
	}
	return v, nil
}

func document(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of maps, lists, strings and numbers that JSON has
	}
	return b.Bytes()
}

// names returns the names of a node's documents in order.
func (n *node) names() []string {
	var names []string
	for name := range n.documents {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// nodeSized tells whether an object may be a node's.
func nodeSized(info store.Info) bool {
	return !info.Dir && (info.Size == int64(len(groupBody)) || info.Size == int64(len(datasetBody)))
}

// isChunk tells whether an object of a dataset, by what follows the dataset's name,
// is a chunk: numbers joined by dots.
func isChunk(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}
