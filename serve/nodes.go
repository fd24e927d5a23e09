package serve

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

// node is what a client is told of a node.
type node struct {
	Kind   string           `json:"kind"` // group, dataset, link
	Path   string           `json:"path"` // from the root of its tree, with a slash before it
	Tree   string           `json:"tree"` // the address of that
	Format int              `json:"format"`
	Attrs  dosna.Attributes `json:"attrs"`
	Target string           `json:"target,omitempty"` // of a link, as it is stored
	*array
}

// array is what there is to tell of a dataset.
type array struct {
	Shape  []int           `json:"shape"`
	DType  json.RawMessage `json:"dtype"`           // NumPy's description: "<f4", [["x", "<f4"]]; null if it has none
	Type   json.RawMessage `json:"data_type"`       // Zarr's
	Item   int             `json:"item"`            // the size of an element in memory; 0: any
	Text   bool            `json:"text,omitempty"`  // elements of any size are texts, else bytes
	Chunks []int           `json:"chunks"`          // of the inner chunks, where there are shards
	Shards []int           `json:"shards"`          // null if there are none
	Edges  [][]int         `json:"edges,omitempty"` // lengths of stored objects, where they differ
	Grid   []int           `json:"grid"`            // how many stored objects there are along each axis
	Fill   string          `json:"fill"`            // the bytes of an element, in hexadecimal digits
	Codecs []codec.Spec    `json:"codecs"`
	Check  bool            `json:"checked"`
	Dims   []string        `json:"dimension_names"`
}

func describe(n dosna.Node) node {
	out := node{Path: n.Path(), Tree: n.Connection().URL(), Format: n.Format(), Attrs: n.Attrs()}
	if out.Attrs == nil {
		out.Attrs = dosna.Attributes{}
	}
	switch n := n.(type) {
	case *dosna.Dataset:
		out.Kind, out.array = "dataset", describeArray(n)
	case *dosna.Link:
		out.Kind, out.Target = "link", n.Target()
	default:
		out.Kind = "group"
	}
	return out
}

func describeArray(d *dosna.Dataset) *array {
	t := d.Type()
	a := &array{
		Shape: lengths(d.Shape()), Type: t.JSON(), Item: t.Size(), Text: t.Kind() == dtype.Text, Chunks: lengths(d.Chunks()), Shards: d.Shards(), Edges: d.Edges(),
		Grid: lengths(d.Grid().Counts()), Fill: hex.EncodeToString(d.Fill()), Codecs: d.Codecs(), Check: d.Checked(), Dims: d.DimensionNames(),
	}
	a.DType = json.RawMessage("null")
	if text := t.NumPy(dtype.Native); text != "" && text != "|O" {
		a.DType, _ = json.Marshal(text)
	} else if t.Kind() == dtype.Struct {
		if descr, err := t.Descr(dtype.Native); err == nil {
			a.DType = descr
		}
	}
	return a
}

type openArgs struct {
	Create bool `json:"create"` // the tree, where there is none
	Init   bool `json:"init"`   // also what Create does not make: a bucket, directories
	New    bool `json:"new"`    // there must be none
}

type openAnswer struct {
	URL     string `json:"url"`
	Start   string `json:"start"` // the path of the node that the address names
	Created bool   `json:"created"`
	Shared  bool   `json:"shared"` // other servers see the same
}

// open opens a tree, or makes it.
func open(ctx context.Context, k *call, a openArgs) (any, error) {
	mode := dosna.ReadWrite
	switch {
	case k.At.Mode == "r":
		mode = dosna.ReadOnly
	case a.New:
		mode = dosna.Exclusive
	case a.Create:
		mode = dosna.Create
	}
	if a.Init && mode != dosna.ReadOnly {
		if err := dosna.Init(ctx, k.At.URL); err != nil {
			return nil, err
		}
	}
	trees := &k.conn.server.trees
	t, err := trees.get(ctx, k.At, mode)
	if err != nil {
		return nil, err
	}
	defer func() { trees.put(t) }()
	created := t.c.Created()
	// One that has been open for long may have been removed meanwhile, and one that is
	// to be new must not have been.
	if _, err := t.c.Open(ctx, ""); err != nil || a.New && !created {
		if err != nil && !errors.Is(err, dosna.ErrNotExist) {
			return nil, err
		}
		trees.drop(t)
		again, err := trees.get(ctx, k.At, mode)
		if err != nil {
			return nil, err
		}
		trees.put(t)
		t = again
	}
	return openAnswer{t.c.URL(), t.c.Start(), t.c.Created(), t.c.Store().Guarantees().Shared}, nil
}

// inTree makes an operation of what is done in an opened tree.
func inTree[A any](f func(ctx context.Context, k *call, c *dosna.Connection, a A) (any, error)) operation {
	return with(func(ctx context.Context, k *call, a A) (any, error) {
		c, done, err := k.tree(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		return f(ctx, k, c, a)
	})
}

type nodeArgs struct {
	Entry bool `json:"entry"` // a link as what it is
}

func lookUp(ctx context.Context, k *call, c *dosna.Connection, a nodeArgs) (any, error) {
	find := c.Open
	if a.Entry {
		find = c.OpenEntry
	}
	n, err := find(ctx, k.At.Path)
	if err != nil {
		return nil, err
	}
	if d, ok := n.(*dosna.Dataset); ok {
		if err := k.keep(d); err != nil {
			return nil, err
		}
	}
	return describe(n), nil
}

func has(ctx context.Context, k *call, c *dosna.Connection, _ nothing) (any, error) {
	g, err := c.OpenGroup(ctx, "")
	if err != nil {
		return nil, err
	}
	return g.Has(ctx, k.At.Path)
}

type childrenArgs struct {
	Names   bool `json:"names"`   // only these
	Recurse bool `json:"recurse"` // everything below
}

// child is a node in a group, or why it cannot be opened.
type child struct {
	Name  string `json:"name"` // from the group
	Node  *node  `json:"node,omitempty"`
	Error *fault `json:"error,omitempty"`
}

func children(ctx context.Context, k *call, c *dosna.Connection, a childrenArgs) (any, error) {
	g, err := c.OpenGroup(ctx, k.At.Path)
	if err != nil {
		return nil, err
	}
	if a.Names {
		names, err := g.Names(ctx)
		if names == nil {
			names = []string{}
		}
		return names, err
	}
	nodes := g.Children(ctx)
	if a.Recurse {
		nodes = g.Walk(ctx)
	}
	base := strings.TrimSuffix(g.Path(), "/") + "/"
	out := []child{}
	for n, err := range nodes {
		var bad *dosna.NodeError
		switch {
		case errors.As(err, &bad):
			out = append(out, child{Name: strings.TrimPrefix(bad.Path, base), Error: faultOf(err)})
		case err != nil:
			return nil, err
		default:
			d := describe(n)
			out = append(out, child{Name: strings.TrimPrefix(n.Path(), base), Node: &d})
		}
	}
	return out, nil
}

type attrsArgs struct {
	Set     dosna.Attributes `json:"set"`
	Remove  []string         `json:"remove"`
	Replace bool             `json:"replace"` // what is not set is removed
}

// setAttrs changes attributes, and returns all.
func setAttrs(ctx context.Context, k *call, c *dosna.Connection, a attrsArgs) (any, error) {
	n, err := c.Open(ctx, k.At.Path)
	if err != nil {
		return nil, err
	}
	err = n.UpdateAttrs(ctx, func(attrs dosna.Attributes) error {
		if a.Replace {
			clear(attrs)
		}
		maps.Copy(attrs, a.Set)
		for _, name := range a.Remove {
			delete(attrs, name)
		}
		return nil
	})
	return n.Attrs(), err
}

type groupArgs struct {
	Attrs   dosna.Attributes `json:"attrs"`
	Require bool             `json:"require"` // one that exists will do
}

func createGroup(ctx context.Context, k *call, c *dosna.Connection, a groupArgs) (any, error) {
	if a.Require {
		g, err := c.OpenGroup(ctx, k.At.Path)
		if err == nil {
			return describe(g), nil
		}
		if !errors.Is(err, dosna.ErrNotExist) {
			return nil, err
		}
	}
	g, err := c.CreateGroup(ctx, k.At.Path, a.Attrs)
	if err != nil {
		return nil, err
	}
	return describe(g), nil
}

type linkArgs struct {
	Target string `json:"target"`
}

func createLink(ctx context.Context, k *call, c *dosna.Connection, a linkArgs) (any, error) {
	l, err := c.CreateLink(ctx, k.At.Path, a.Target)
	if err != nil {
		return nil, err
	}
	return describe(l), nil
}

func remove(ctx context.Context, k *call, c *dosna.Connection, _ nothing) (any, error) {
	return nil, c.Delete(ctx, k.At.Path)
}

type moveArgs struct {
	To string `json:"to"`
}

func move(ctx context.Context, k *call, c *dosna.Connection, a moveArgs) (any, error) {
	return nil, c.Move(ctx, k.At.Path, a.To)
}

func syncTree(ctx context.Context, _ *call, c *dosna.Connection, _ nothing) (any, error) {
	return nil, c.Sync(ctx)
}

type copyArgs struct {
	URL, Path       string // of the copy; no URL: in the same tree
	Chunks, Shards  []int
	Access          string
	Codec, Checksum string
	Follow          bool
}

// copyNode copies a node with everything below it.
func copyNode(ctx context.Context, k *call, c *dosna.Connection, a copyArgs) (any, error) {
	src, err := c.OpenEntry(ctx, k.At.Path)
	if err != nil {
		return nil, err
	}
	to := c
	if a.URL != "" && a.URL != k.At.URL {
		there := *k
		there.At.URL, there.At.Mode = a.URL, ""
		other, done, err := there.tree(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		to = other
	}
	n, err := dosna.Copy(ctx, src, to, a.Path, &dosna.CopyOptions{
		Chunks: a.Chunks, Shards: a.Shards, Access: a.Access, Codec: a.Codec, Checksum: a.Checksum, Follow: a.Follow,
	})
	if err != nil {
		return nil, err
	}
	return describe(n), nil
}

func verifyTree(ctx context.Context, k *call, c *dosna.Connection, _ nothing) (any, error) {
	type finding struct {
		Kind  string `json:"kind"`
		Key   string `json:"key"`
		Error string `json:"error"`
		Count int    `json:"count"`
		Loss  bool   `json:"loss"`
	}
	found := []finding{}
	more := 0
	v, err := c.Verify(ctx, k.At.Path, dosna.VerifyOptions{Report: func(f dosna.Finding) {
		if len(found) == maxFindings {
			more++
			return
		}
		found = append(found, finding{string(f.Kind), f.Key, fmt.Sprint(f.Err), max(f.Count, 1), f.Kind.Loss()})
	}})
	if err != nil {
		return nil, err
	}
	return map[string]any{"nodes": v.Nodes, "datasets": v.Datasets, "objects": v.Objects, "bytes": v.Bytes, "losses": v.Losses(), "findings": found, "more": more}, nil
}

// maxFindings is how many findings a client is told of.
const maxFindings = 10_000
