package dosna

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/dosna/dosna/zarr"
)

// Consolidate puts copies of the metadata of all nodes below into that of the group,
// so that who reads the tree through a store without listings, such as a web server,
// finds them, and with one request: the member consolidated_metadata of zarr-python
// or, in a group of Zarr v2, its object .zmetadata. Changes to nodes below that are
// made here keep it true, whoever else makes some at the same time; other programs may
// not know of it. Where a process died while it changed something there are no copies
// from then on, until Consolidate makes them anew.
func (g *Group) Consolidate(ctx context.Context) error {
	err := g.c.o.writable()
	if err == nil {
		err = g.c.consolidate(ctx, g.path)
	}
	if err == nil {
		err = g.c.durable(ctx)
	}
	if err != nil {
		return fmt.Errorf("consolidate the metadata below %s in %s: %w", nodeName(g.path), g.c.url, err)
	}
	return nil
}

func (c *Connection) consolidate(ctx context.Context, path string) error {
	for range maxConsolidations {
		if err := c.consolidateOnce(ctx, path); err != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
			defer cancel()
			return errors.Join(err, c.dropCopies(ctx, path))
		}
		// who was about to change something, and had seen that there were no copies,
		// has done it by now
		now, err := c.gathered(ctx, path)
		if err != nil {
			return err
		}
		doc, _, err := c.load(ctx, path)
		if err != nil {
			return err
		}
		p, err := c.pending(ctx, path, doc)
		if err != nil {
			return err
		}
		if p != nil && p.Copies != nil && p.Copies.Equal(now) {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("%w: what is below is changed again and again, so that there are no copies now", ErrConflict), c.dropCopies(ctx, path))
}

// maxConsolidations is how often copies are made while others change what they are
// of.
const maxConsolidations = 5

// consolidateOnce makes the copies in a group anew. Of others who are changing
// something, those who have died are forgotten, and those who live bring the copies up
// to date.
func (c *Connection) consolidateOnce(ctx context.Context, path string) error {
	by, format := rand.Text(), 3
	var ready []string
	err := c.rewrite(ctx, path, revision{
		assigns: true,
		change: func(doc zarr.Document) (bool, error) {
			if _, ok := doc.(*zarr.Group); !ok {
				return false, fmt.Errorf("%w: %s is no group any more", ErrInvalid, nodeName(path))
			}
			format, ready = formatOf(doc), allReady(path, doc.Head().Pending())
			doc.Head().Unconsolidate()
			return true, doc.Head().SetPending(&zarr.Pending{By: []string{by}})
		},
	})
	if err == nil && format == 2 {
		err = c.removeCopies(ctx, path, ready...)
	}
	if err != nil {
		return err
	}
	return c.putBack(ctx, path, by, func(ctx context.Context, group string, _ *zarr.Consolidated) (*zarr.Consolidated, error) {
		return c.gathered(ctx, group)
	})
}

// allReady returns the keys of what there may be beside a group of Zarr v2 of those who
// have died.
func allReady(path string, p *zarr.Pending) []string {
	if p == nil {
		return nil
	}
	ready := []string{readyKey(path, p)}
	for _, by := range p.By {
		ready = append(ready, readyKey(path, &zarr.Pending{Last: by}))
	}
	return ready
}

// gathered returns copies of the documents of all nodes below a group.
func (c *Connection) gathered(ctx context.Context, group string) (*zarr.Consolidated, error) {
	doc, _, err := c.load(ctx, group)
	if err != nil {
		return nil, err
	}
	copies := zarr.NewConsolidated(formatOf(doc))
	return copies, c.gather(ctx, group, "", doc, copies)
}

// Unconsolidate removes the copies of the metadata below from the group, and from
// all groups below it.
func (g *Group) Unconsolidate(ctx context.Context) error {
	err := g.c.o.writable()
	if err == nil {
		err = g.unconsolidate(ctx)
	}
	if err == nil {
		err = g.c.durable(ctx)
	}
	if err != nil {
		return fmt.Errorf("remove the consolidated metadata below %s in %s: %w", nodeName(g.path), g.c.url, err)
	}
	return nil
}

func (g *Group) unconsolidate(ctx context.Context) error {
	if err := g.c.dropCopies(ctx, g.path); err != nil {
		return err
	}
	for n, err := range g.Children(ctx) {
		if below, ok := n.(*Group); ok && err == nil {
			err = below.unconsolidate(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dropCopies removes the copies in a group, in sight or not.
func (c *Connection) dropCopies(ctx context.Context, path string) error {
	format := 3
	var ready []string
	err := c.rewrite(ctx, path, revision{
		load:    c.loadLenient,
		assigns: true,
		change: func(doc zarr.Document) (bool, error) {
			if doc == nil {
				return false, nil
			}
			format, ready = formatOf(doc), allReady(path, doc.Head().Pending())
			had := doc.Head().Unconsolidate()
			return had || doc.Head().IsPending(), doc.Head().SetPending(nil)
		},
	})
	if err == nil && format == 2 {
		err = c.removeCopies(ctx, path, ready...)
	}
	return err
}
