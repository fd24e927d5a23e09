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
		if !zarr.IsMetadata(info.Key) {
			return "", fmt.Errorf("%w: only an empty root makes place for a dataset, and there is %q", ErrExist, info.Key)
		}
	}
	inV2 := formatOf(a) == 2
	var first zarr.Document = a
	if inV2 {
		if first, err = claimFor(a); err != nil {
			return "", err
		}
	}
	raw, _, err := encode(first)
	if err != nil {
		return "", err
	}
	there := formatOf(old) != 2
	if !there {
		v = ""
	}
	v, err = c.putIfMatch(ctx, zarr.Key, [][]byte{raw}, v, there)
	if errors.Is(err, ErrConflict) {
		err = fmt.Errorf("%w: somebody else changes the root at the same time", ErrExist)
	}
	if err == nil && !there {
		err = store.DeleteAll(ctx, c.guarded(ctx), []string{zarr.GroupKey, zarr.AttrsKey, zarr.ConsolidatedKey})
	}
	if err != nil || !inV2 {
		return v, err
	}
	return c.complete(ctx, "", a, v)
}
