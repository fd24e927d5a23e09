package dosna

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dosna/dosna/engine"
)

// NodeError is a node that is there and cannot be opened, or a group whose
// children cannot be listed.
type NodeError struct {
	Path string // as Node.Path gives it
	Err  error
}

func (e *NodeError) Error() string { return e.Err.Error() }
func (e *NodeError) Unwrap() error { return e.Err }

// Children yields the nodes directly in the group, ordered by name, and links as
// links, wherever they lead. One that
// cannot be opened comes as a nil Node with a [*NodeError], and the others follow.
// Only an error of another type, that ctx is done, ends it early.
func (g *Group) Children(ctx context.Context) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		names, copies, err := g.names(ctx)
		if err != nil {
			yield(nil, nodeError(ctx, g.path, fmt.Errorf("list the children of %s in %s: %w", nodeName(g.path), g.c.url, err)))
			return
		}
		for len(names) > 0 {
			batch := names[:min(len(names), openedAtOnce)]
			names = names[len(batch):]
			if !g.open(ctx, batch, copies, yield) {
				return
			}
		}
	}
}

// openedAtOnce is how many children are opened before they are handed out.
const openedAtOnce = 256

// open yields the nodes of those names, from copies if they are not nil, and reports
// whether more are wanted.
func (g *Group) open(ctx context.Context, names []string, copies *copiesBelow, yield func(Node, error) bool) bool {
	type child struct {
		Node
		err error
	}
	children := make([]child, len(names))
	workers := max(g.c.o.local().Workers(), g.c.concurrency())
	err := engine.New(nil, workers).Run(ctx, len(names), engine.RunOptions{}, func(ctx context.Context, i int) error {
		path := join(g.path, names[i])
		if checkPath(path) != nil {
			return nil // no node can have this name
		}
		n, err := copies.node(ctx, g.c, path)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, ErrNotExist) { // else it is not a node, or removed meanwhile
			children[i].err = &NodeError{"/" + path, err}
		} else if err == nil {
			children[i].Node = n
		}
		return nil
	})
	if err != nil {
		yield(nil, err)
		return false
	}
	for _, n := range children {
		if (n.Node != nil || n.err != nil) && !yield(n.Node, n.err) {
			return false
		}
	}
	return true
}

// nodeError says which node an error is about, unless it is that ctx is done.
func nodeError(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &NodeError{"/" + path, err}
}

// Walk yields all nodes below the group, parents before their children and these
// ordered by name. Links are not followed. What cannot be opened or listed comes as a nil Node with a
// [*NodeError], and the walk goes on with what follows; only an error of another
// type, that ctx is done, ends it early. A walk that is not to go down everywhere
// uses [Group.Children].
func (g *Group) Walk(ctx context.Context) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) { g.walk(ctx, yield) }
}

// walk reports whether more is wanted.
func (g *Group) walk(ctx context.Context, yield func(Node, error) bool) bool {
	for n, err := range g.Children(ctx) {
		if !yield(n, err) {
			return false
		}
		if sub, ok := n.(*Group); ok && !sub.walk(ctx, yield) {
			return false
		}
	}
	return ctx.Err() == nil
}

// concurrency is the number of requests worth having under way.
func (c *Connection) concurrency() int {
	if n := c.store.Guarantees().Concurrency; n > 0 {
		return min(n, 64)
	}
	return 8
}
