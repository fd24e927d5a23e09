package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna"
)

// tree is what lies in a group, or below it. Nodes that cannot be opened, such as
// those with damaged metadata, do not hide the others.
type tree struct {
	nodes  []dosna.Node
	broken []error
}

// told is how many broken nodes an error names.
const told = 10

// err is nil unless nodes are broken.
func (t *tree) err() error {
	if more := len(t.broken) - told; more > 0 {
		return errors.Join(append(t.broken[:told:told], fmt.Errorf("and %d more nodes that cannot be opened; see dosna verify -r", more))...)
	}
	return errors.Join(t.broken...)
}

// below returns the nodes in a group, or with recursive all below it, parents
// before their children.
func below(ctx context.Context, g *dosna.Group, recursive bool) (*tree, error) {
	nodes := g.Children(ctx)
	if recursive {
		nodes = g.Walk(ctx)
	}
	t := &tree{}
	for n, err := range nodes {
		var broken *dosna.NodeError
		switch {
		case err == nil:
			t.nodes = append(t.nodes, n)
		case errors.As(err, &broken):
			t.broken = append(t.broken, broken)
		default:
			return nil, err
		}
	}
	return t, nil
}
