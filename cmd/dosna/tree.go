package main

import (
	"context"
	"errors"
	"strings"

	"github.com/dosna/dosna"
)

// tree is what lies in a group, or below it. Nodes that cannot be opened, such as
// those with damaged metadata, do not hide the others.
type tree struct {
	nodes  []dosna.Node
	broken []brokenNode
}

type brokenNode struct {
	path string
	err  error
}

// err is nil unless nodes are broken.
func (t *tree) err() error {
	var all []error
	for _, b := range t.broken {
		all = append(all, b.err)
	}
	return errors.Join(all...)
}

// below returns the nodes in a group, or with recursive all below it, parents
// before their children.
func below(ctx context.Context, g *dosna.Group, recursive bool) (*tree, error) {
	t := &tree{}
	return t, t.add(ctx, g, recursive)
}

func (t *tree) add(ctx context.Context, g *dosna.Group, recursive bool) error {
	children, err := g.Children(ctx)
	if err != nil && ctx.Err() == nil {
		children, err = t.oneByOne(ctx, g)
	}
	if err != nil {
		return err
	}
	for _, n := range children {
		t.nodes = append(t.nodes, n)
		if sub, ok := n.(*dosna.Group); ok && recursive {
			if err := t.add(ctx, sub, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// oneByOne opens the children that can be opened, and notes the others.
func (t *tree) oneByOne(ctx context.Context, g *dosna.Group) ([]dosna.Node, error) {
	names, err := g.Names(ctx)
	if err != nil {
		return nil, err
	}
	var nodes []dosna.Node
	for _, name := range names {
		n, err := g.Open(ctx, name)
		switch {
		case err == nil:
			nodes = append(nodes, n)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, dosna.ErrNotExist) && !errors.Is(err, dosna.ErrInvalid):
			t.broken = append(t.broken, brokenNode{strings.TrimRight(g.Path(), "/") + "/" + name, err})
		}
	}
	return nodes, nil
}
