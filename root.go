package dosna

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// replaceRoot makes a dataset the root of a tree that has nothing in it yet but
// the empty group that came with it.
func (c *Connection) replaceRoot(ctx context.Context, doc zarr.Document) (store.Version, error) {
	a, ok := doc.(*zarr.Array)
	if !ok {
		return "", fmt.Errorf("%w: it came with the tree", ErrExist)
	}
	old, v, err := c.load(ctx, "")
	if err != nil {
		return "", err
	}
	if _, ok := old.(*zarr.Group); !ok || len(old.Head().Attrs) > 0 {
		return "", fmt.Errorf("%w: only an empty root makes place for a dataset", ErrExist)
	}
	for info, err := range c.store.List(ctx, store.ListOptions{Shallow: true}) {
		if err != nil {
			return "", err
		}
		if info.Key != zarr.Key {
			return "", fmt.Errorf("%w: only an empty root makes place for a dataset, and there is %q", ErrExist, info.Key)
		}
	}
	raw, _, err := encode(a)
	if err != nil {
		return "", err
	}
	v, err = c.putIfMatch(ctx, zarr.Key, [][]byte{raw}, v, true)
	if errors.Is(err, ErrConflict) {
		err = fmt.Errorf("%w: somebody else changes the root at the same time", ErrExist)
	}
	return v, err
}

// unconsolidate takes copies of a node's document, which other programs may have
// put into the groups above it, out of these, before the node changes: readers
// would go on believing them.
func (c *Connection) unconsolidate(ctx context.Context, path string) error {
	for i := range path {
		if i > 0 && path[i] != '/' {
			continue
		}
		above := path[:i]
		without := func(doc zarr.Document) (bool, error) { return doc != nil && doc.Head().Unconsolidate(), nil }
		doc, _, err := c.loadLenient(ctx, above)
		if err == nil && doc != nil && doc.Head().Unconsolidate() { // as a rule there are none, and nobody has to wait
			err = c.rewrite(ctx, above, revision{load: c.loadLenient, change: without, assigns: true})
		}
		if err != nil {
			return fmt.Errorf("remove the consolidated metadata of %s: %w", nodeName(above), err)
		}
	}
	return nil
}

// loadLenient reads a document; there is none, and no error, if nothing can be
// read there.
func (c *Connection) loadLenient(ctx context.Context, path string) (zarr.Document, store.Version, error) {
	doc, v, err := c.loadAny(ctx, path)
	if isNotExist(err) || errors.Is(err, errUnreadable) {
		return nil, v, nil
	}
	return doc, v, err
}
