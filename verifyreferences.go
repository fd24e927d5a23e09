package dosna

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/store"
)

// sources adds which sources of references are not what they were.
func (k *verifyCheck) sources(ctx context.Context, add func(kind FindingKind, key string, err error)) error {
	_, lost, err := k.node.d.lostSources(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, store.ErrTemporary) || errors.Is(err, store.ErrClosed):
		return err
	case errors.Is(err, ErrCorrupt):
		add(Damaged, k.info.Key, err)
	case err != nil:
		add(Unread, k.info.Key, err)
	}
	for _, err := range lost {
		if errors.Is(err, store.ErrTemporary) {
			return err
		}
		add(Unread, k.info.Key, err)
	}
	return nil
}

// lostSources asks for the sources of the references that a dataset has, and returns
// how many there are, and what is wrong with those that are not what they were.
func (d *Dataset) lostSources(ctx context.Context) (n int, lost []error, err error) {
	r, ok := d.c.store.(*referenced)
	if !ok {
		return 0, nil, nil
	}
	refs, err := r.references(ctx)
	if err != nil {
		return 0, nil, err
	}
	for _, s := range refs.Sources() {
		if ctx.Err() != nil {
			return n, lost, context.Cause(ctx)
		}
		if err := d.c.sources.Check(ctx, s); err != nil {
			lost = append(lost, err)
		}
	}
	return len(refs.Sources()), lost, nil
}

// references looks at the objects to which the references under a key lead, if those
// that they are parts of are as they were: else that is what there is to be said.
func (v *verifier) references(ctx context.Context, key string) error {
	n, err := v.node(ctx, parent(key))
	if err != nil || n.state != nodeArray || lastName(key) != n.d.doc.References {
		return err
	}
	if _, lost, err := n.d.lostSources(ctx); err != nil || len(lost) > 0 {
		return nil // which has been found
	}
	v.referred = true
	defer func() { v.referred = false }()
	var batch []store.Info
	var size int64
	for f, err := range n.d.list(ctx) {
		if err != nil {
			return fmt.Errorf("list the references %s: %w", key, err)
		}
		if batch, size = append(batch, f.Info), size+f.Size; len(batch) < verifiedAtOnce && size < verifiedBytes {
			continue
		}
		if err := v.batch(ctx, batch); err != nil {
			return err
		}
		batch, size = batch[:0], 0
	}
	return v.batch(ctx, batch)
}
