package hdf5store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// node is a group, an array or a link.
type node struct {
	path     string
	document []byte
	object   *hdf5.Object         // nil for a link
	children map[string]hdf5.Link // of a group, by the segments of keys
	names    []string             // of the children, in order
	array    *array
	shown    *present.Node
}

// mostNodes bounds the nodes that are kept.
const mostNodes = 1 << 14

// node returns what is at a path; ErrNotExist if there is nothing.
func (t *tree) node(ctx context.Context, at string) (*node, error) {
	t.mu.Lock()
	n := t.nodes[at]
	t.mu.Unlock()
	if n != nil {
		return n, nil
	}
	n, err := t.load(ctx, at)
	if err != nil {
		return nil, err
	}
	n.shown = t.show(n)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.nodes) >= mostNodes {
		clear(t.nodes)
	}
	t.nodes[at] = n
	return n, nil
}

func (t *tree) load(ctx context.Context, at string) (*node, error) {
	if at == "" {
		root, err := t.file.Root(ctx)
		if err != nil {
			return nil, err
		}
		return t.make(ctx, at, root)
	}
	dir, name := path.Split(at)
	dir = strings.TrimSuffix(dir, "/")
	parent, err := t.node(ctx, dir)
	if err != nil {
		return nil, err
	}
	l, ok := parent.children[name]
	if !ok {
		return nil, store.ErrNotExist
	}
	switch l.Kind {
	case hdf5.SoftLink:
		return t.link(at, relative(dir, l.Target), nil), nil
	case hdf5.ExternalLink:
		return t.link(at, t.elsewhere(l), map[string]any{"external_link": map[string]any{"file": l.File, "path": l.Target}}), nil
	case hdf5.UserLink:
		return t.link(at, "", map[string]any{"link": "of a kind that a program defines"}), nil
	}
	o, err := t.file.Object(ctx, l.Addr)
	if err != nil {
		return nil, err
	}
	if o.Kind() == hdf5.Group {
		target, err := t.again(ctx, at, o)
		if err != nil {
			return nil, err
		}
		if target != "" {
			return t.link(at, relative(dir, target), map[string]any{"hard_link": true}), nil
		}
	}
	return t.make(ctx, at, o)
}

// again returns the path in the file of a group that is somewhere else already; "" if this is its place.
func (t *tree) again(ctx context.Context, at string, o *hdf5.Object) (string, error) {
	for above := at; above != ""; {
		above = strings.TrimSuffix(path.Dir("/" + above)[1:], "/")
		n, err := t.node(ctx, above)
		if err != nil {
			return "", err
		}
		if n.object != nil && n.object.Addr() == o.Addr() {
			return "/" + above, nil
		}
	}
	if o.References() <= 1 {
		return "", nil
	}
	first, err := o.Path(ctx)
	if err != nil || first == "" {
		return "", err
	}
	if segments(first) == at {
		return "", nil
	}
	return first, nil
}

// segments turns a path in the file into one of keys.
func segments(p string) string {
	var out []string
	for part := range strings.SplitSeq(p, "/") {
		if part != "" && part != "." {
			out = append(out, present.Segment(part))
		}
	}
	return strings.Join(out, "/")
}

// relative returns the target of a link in the group dir to a path of the file.
func relative(dir, target string) string {
	if !strings.HasPrefix(target, "/") {
		return segments(target)
	}
	up := 0
	if dir != "" {
		up = strings.Count(dir, "/") + 1
	}
	out := strings.TrimSuffix(strings.Repeat("../", up)+segments(target), "/")
	if out == "" {
		return "."
	}
	return out
}

// elsewhere returns the URL of what an external link leads to; "" if no link may.
func (t *tree) elsewhere(l hdf5.Link) string {
	folder := strings.TrimSuffix(store.Name(t.below), "/")
	local := !strings.Contains(folder, "://")
	key, err := beside(l.File)
	if err != nil { // on this machine it may be allowed to lead there
		file := path.Clean(strings.ReplaceAll(l.File, "\\", "/"))
		if !path.IsAbs(file) {
			file = path.Join(filepath.ToSlash(folder), file)
		}
		if !local || !path.IsAbs(file) {
			return ""
		}
		return (&url.URL{Scheme: "file", Path: file}).String() + "#/" + segments(l.Target)
	}
	if local {
		folder = (&url.URL{Scheme: "file", Path: folder}).String()
	}
	return folder + "/" + (&url.URL{Path: key}).EscapedPath() + "#/" + segments(l.Target)
}

// link is a link at a path.
func (t *tree) link(at, target string, more map[string]any) *node {
	ours := map[string]any{"link": map[string]any{"target": target}}
	if more != nil {
		ours["hdf5"] = more
	}
	return &node{path: at, document: marshal(map[string]any{"zarr_format": 3, "node_type": "group", "attributes": map[string]any{"dosna": ours}})}
}

// make makes up the node of an object.
func (t *tree) make(ctx context.Context, at string, o *hdf5.Object) (*node, error) {
	n := &node{path: at, object: o}
	attrs, scales, err := t.attributes(ctx, o)
	if err != nil {
		return nil, err
	}
	doc := map[string]any{"zarr_format": 3, "node_type": "group"}
	ours, dimension := scales.kept, t.netCDF && scales.isDimension()
	if t.netCDF { // the dimensions' names say as much
		maps.DeleteFunc(ours, func(name string, _ any) bool { return name != ncProperties && slices.Contains(hidden, name) })
	}
	switch o.Kind() {
	case hdf5.Group:
		err = t.list(ctx, n)
	case hdf5.Data:
		if dimension {
			return nil, store.ErrNotExist
		}
		err = t.describe(ctx, n, doc, ours, scales)
		if v, ok := attrs[fillAttr]; ok && n.array != nil {
			if attrs[fillAttr] = fillAttribute(v, n.array.e.Type); attrs[fillAttr] == nil {
				delete(attrs, fillAttr)
			}
		}
		if errors.Is(err, hdf5.ErrUnsupported) {
			doc = map[string]any{"zarr_format": 3, "node_type": "group"}
			ours["error"], n.array, err = err.Error(), nil, nil
		}
	case hdf5.NamedType:
		var t *hdf5.Datatype
		if t, err = o.Type(ctx); err == nil {
			ours["datatype"] = t.String()
		}
	default:
		ours["error"] = "an object of an unknown kind"
	}
	if err != nil {
		return nil, err
	}
	if len(ours) > 0 {
		if theirs, ok := attrs["dosna"]; ok {
			ours["attributes"] = map[string]any{"dosna": theirs}
		}
		attrs["dosna"] = map[string]any{"hdf5": ours}
	}
	doc["attributes"] = attrs
	n.document = marshal(doc)
	return n, nil
}

// list reads the links of a group. A variable of netCDF that is called as a dimension is, and does not belong to it, has
// the name in the tree that it has there.
func (t *tree) list(ctx context.Context, n *node) error {
	n.children = map[string]hdf5.Link{}
	var renamed []hdf5.Link
	for l, err := range n.object.Links(ctx) {
		if err != nil {
			return err
		}
		name := present.Segment(l.Name)
		if t.netCDF && strings.HasPrefix(l.Name, notCoord) {
			renamed = append(renamed, l)
			continue
		}
		if _, twice := n.children[name]; twice {
			return fmt.Errorf("%w: two links of the group %q are called %.100q", store.ErrCorrupt, "/"+n.path, name)
		}
		n.children[name] = l
		n.names = append(n.names, name)
	}
	for _, l := range renamed {
		name := present.Segment(l.Name[len(notCoord):])
		if _, dimension := n.children[name]; !dimension {
			n.names = append(n.names, name)
		}
		n.children[name] = l
	}
	slices.Sort(n.names)
	return nil
}

// scales is what attributes say of dimension scales, and what of it is kept.
type scales struct {
	dims  []any          // of each dimension, the paths of its scales
	scale bool           // it is one itself
	kept  map[string]any // attributes that are there for these
}

// hidden are the attributes of dimension scales, which netCDF-4 has too: names and references that mean nothing
// outside the file. They are kept under dosna.hdf5.
var hidden = []string{"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates", ncStrict, ncProperties}

func (t *tree) attributes(ctx context.Context, o *hdf5.Object) (map[string]any, scales, error) {
	attrs, sc := map[string]any{}, scales{kept: map[string]any{}}
	list, err := o.Attributes(ctx)
	if err != nil {
		return nil, sc, err
	}
	for _, a := range list {
		v, err := a.Value(ctx, t.file)
		switch {
		case errors.Is(err, hdf5.ErrUnsupported):
			v = map[string]any{"error": err.Error()}
			sc.kept["attribute "+a.Name] = v
			continue
		case err != nil:
			return nil, sc, err
		case !slices.Contains(hidden, a.Name):
			if t.netCDF {
				v = simplify(v)
			}
			attrs[a.Name] = v
			continue
		}
		sc.kept[a.Name] = v
		switch a.Name {
		case "DIMENSION_LIST":
			sc.dims, _ = v.([]any)
		case "CLASS":
			sc.scale = v == "DIMENSION_SCALE"
		}
	}
	return attrs, sc, nil
}

// names returns the dimensions' names, which are those of their scales; nil if there are none.
func (sc scales) names(at string, rank int) []any {
	names, any_ := make([]any, rank), false
	for i := range min(rank, len(sc.dims)) {
		if list, ok := sc.dims[i].([]any); ok && len(list) > 0 {
			if p, ok := list[0].(string); ok {
				names[i], any_ = path.Base(p), true
			}
		}
	}
	if sc.scale && rank == 1 && names[0] == nil {
		names[0], any_ = path.Base("/"+at), true
	}
	if !any_ {
		return nil
	}
	return names
}

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of maps, lists, strings and numbers that JSON has
	}
	return b.Bytes()
}
