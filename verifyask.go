package dosna

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
)

// ask yields the objects of a node and of all below it in a store that cannot list:
// those that there may be are asked for. Nodes are found by consolidated metadata.
func (v *verifier) ask(ctx context.Context, path string, copies *copiesBelow, yield func(store.Info) error) error {
	n, err := v.node(ctx, path)
	if err != nil {
		return err
	}
	if n.state == nodeAbsent {
		v.report(Finding{Kind: Stray, Key: n.key, Err: errors.New("consolidated metadata tells of this node, and there is none: make it anew with: dosna consolidate")})
		return nil
	}
	if err := yield(store.Info{Key: n.key}); err != nil {
		return err
	}
	switch {
	case n.state == nodeArray:
		return v.askCells(ctx, n.d, yield)
	case n.state != nodeGroup || n.link != nil:
		return nil
	}
	g := &Group{handle: handle{c: v.c, path: path}, copies: copies}
	names, copies, err := g.names(ctx)
	if err != nil {
		return fmt.Errorf("list the children of %s: %w", nodeName(path), err)
	}
	for _, name := range names {
		if at := join(path, name); checkPath(at) == nil {
			if err := v.ask(ctx, at, copies, yield); err != nil {
				return err
			}
		}
	}
	return nil
}

// askCells yields the stored objects of a dataset.
func (v *verifier) askCells(ctx context.Context, d *Dataset, yield func(store.Info) error) error {
	total := d.grid.Len()
	infos := make([]store.Info, min(total, verifiedAtOnce))
	there := make([]bool, len(infos))
	for first := 0; first < total; first += len(infos) {
		n := min(len(infos), total-first)
		err := engine.New(nil, v.c.concurrency()).Run(ctx, n, engine.RunOptions{}, func(ctx context.Context, i int) error {
			key := d.key(d.grid.Coords(first+i, nil))
			info, err := v.c.store.Stat(ctx, key)
			switch {
			case err != nil && ctx.Err() != nil:
				return context.Cause(ctx)
			case errors.Is(err, store.ErrTemporary) || errors.Is(err, store.ErrClosed):
				return err
			case err != nil: // what keeps it from being read is found when it is
				info = store.Info{Key: key}
			}
			infos[i], there[i] = info, !isNotExist(err)
			return nil
		})
		if err != nil {
			return err
		}
		for i := range n {
			if !there[i] {
				continue
			}
			if err := yield(infos[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
