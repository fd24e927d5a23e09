package dosna

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// copiesBelow are the copies of the documents below a group, for a store that cannot
// list.
type copiesBelow struct {
	group string // that they are in
	*zarr.Consolidated
}

// findCopies returns the copies in a group, or else in one above it.
func (c *Connection) findCopies(ctx context.Context, path string) (*copiesBelow, error) {
	groups := append(above(path), path)
	for _, group := range slices.Backward(groups) {
		copies, err := c.copiesIn(ctx, group)
		if err != nil {
			return nil, err
		}
		if copies != nil {
			return &copiesBelow{group, copies}, nil
		}
	}
	return nil, nil
}

func (c *Connection) copiesIn(ctx context.Context, group string) (*zarr.Consolidated, error) {
	doc, _, err := c.loadLenient(ctx, group)
	if err != nil || doc == nil {
		return nil, err
	}
	if formatOf(doc) != 2 {
		copies, err := doc.Head().Consolidated()
		return copies, c.unreadable(documentKey(group), err)
	}
	p := doc.Head().Pending()
	if p.At() { // there may be some that somebody was about to remove, and died
		return nil, nil
	}
	return c.copiesBeside(ctx, group, p)
}

// copiesBeside returns the copies in the object that a group of Zarr v2 has for them or,
// if there is none, in that from which it was to be made; nil if there is neither.
func (c *Connection) copiesBeside(ctx context.Context, group string, p *zarr.Pending) (*zarr.Consolidated, error) {
	for _, key := range []string{join(group, zarr.ConsolidatedKey), readyKey(group, p)} {
		if key == "" {
			continue
		}
		raw, _, err := c.store.Get(ctx, key, store.GetOptions{Max: zarr.MaxDocument}, nil)
		if isNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		copies, err := zarr.ParseConsolidated(raw)
		return copies, c.unreadable(key, err)
	}
	return nil, nil
}

// node opens a node from its copy. A connection that may change the tree asks for the
// document itself, as one does without copies.
func (b *copiesBelow) node(ctx context.Context, c *Connection, path string) (Node, error) {
	if b == nil || c.o.Mode != ReadOnly {
		return c.entry(ctx, path)
	}
	rel := strings.TrimPrefix(path, folder(b.group))
	doc, err := b.Document(rel)
	if errors.Is(err, zarr.ErrNoCopy) {
		return nil, fmt.Errorf("open %s in %s: %w: there is no such node in the consolidated metadata", nodeName(path), c.url, ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", nodeName(path), c.unreadable(join(b.group, "consolidated metadata"), err))
	}
	if c.hides(doc.Head()) {
		return nil, fmt.Errorf("open %s in %s: %w", nodeName(path), c.url, hidden("it is being deleted, or that was interrupted"))
	}
	n, err := c.node(path, doc)
	if g, ok := n.(*Group); ok {
		g.copies = b
	}
	return n, err
}

// names returns the names below a group.
func (b *copiesBelow) names(path string) []string {
	rel := path
	if b.group != "" {
		rel = strings.TrimPrefix(strings.TrimPrefix(path, b.group), "/")
	}
	return slices.Clone(b.Names(rel))
}
