package dosna

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// ErrUnfinished is a node that is not there, or not any more, though something of it
// is stored: making it was interrupted or is under way, or removing it. It is
// ErrNotExist as well. Delete removes what is stored, and creating a node in its
// place does.
var ErrUnfinished = errors.New("not finished")

// hidden is why a node with a mark is absent.
type hidden string

func (h hidden) Error() string { return ErrNotExist.Error() + ": " + string(h) }

func (h hidden) Unwrap() []error { return []error{ErrNotExist, ErrUnfinished} }

// BuildDataset creates a dataset as CreateDataset does, and fills it by calling fill,
// which alone sees it meanwhile: it is absent for everybody else until fill has
// returned and all has been made to survive a loss of power. If fill fails what it
// has made is removed, also if ctx is done; what its death leaves is never seen, and
// goes when something is created in its place or it is deleted.
func (c *Connection) BuildDataset(ctx context.Context, path string, s DatasetSpec, fill func(ctx context.Context, d *Dataset) error) (*Dataset, error) {
	return c.build(ctx, c.start, path, s, fill)
}

// BuildDataset creates a dataset and fills it, unseen until it is complete, as that
// of a Connection does.
func (g *Group) BuildDataset(ctx context.Context, path string, s DatasetSpec, fill func(ctx context.Context, d *Dataset) error) (*Dataset, error) {
	return g.c.build(ctx, g.path, path, s, fill)
}

func (c *Connection) build(ctx context.Context, base, path string, s DatasetSpec, fill func(ctx context.Context, d *Dataset) error) (*Dataset, error) {
	full, err := resolve(base, path)
	if err != nil {
		return nil, err
	}
	if c, full, err = c.locate(ctx, full); err != nil {
		return nil, fmt.Errorf("create %q: %w", path, err)
	}
	if s.Format == 0 {
		s.Format = c.formatFor(ctx, full)
	}
	a := newAttempt(c, &CopyOptions{})
	doc, err := a.to.arrayDocument(full, s)
	if err != nil {
		return nil, err
	}
	a.hide(doc)
	d, err := asDataset(a.to.createFrom(ctx, "", full, doc))
	if err != nil {
		return nil, err
	}
	if err = fill(ctx, d); err == nil {
		err = a.to.Sync(ctx)
	}
	if err == nil {
		err = a.finish(ctx, full)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		return nil, errors.Join(err, a.discard(ctx, full))
	}
	return asDataset(c.entry(ctx, full))
}

// discard removes what an attempt has made, unless it is complete, or others have
// put something in its place.
func (a *attempt) discard(ctx context.Context, full string) error {
	doc, v, err := a.to.loadAny(ctx, full)
	if isNotExist(err) || err == nil && doc.Head().Copy != a.id {
		return nil
	}
	if err == nil && full == "" {
		return a.to.clearRoot(ctx, doc, v)
	}
	if err == nil {
		err = a.to.removeNode(ctx, full)
	}
	if err != nil {
		return fmt.Errorf("remove what there is of %s in %s: %w", nodeName(full), a.to.url, err)
	}
	return nil
}

// clearRoot makes an empty group of a root that is a dataset with a mark.
func (c *Connection) clearRoot(ctx context.Context, doc zarr.Document, v store.Version) error {
	err := c.sweepAll(ctx, "", c.stays("", v), func(name string) bool {
		a, ok := doc.(*zarr.Array)
		if ok {
			_, ok = a.Keys.Coords(name, len(a.Shape))
		}
		return ok || zarr.IsReferences(name)
	})
	if err == nil {
		err = c.emptyRoot(ctx, v)
	}
	if errors.Is(err, ErrConflict) {
		return nil // somebody else has done it
	}
	return finished(err)
}

// emptyRoot puts an empty group in the place of the document of the root.
func (c *Connection) emptyRoot(ctx context.Context, v store.Version) error {
	group := zarr.NewGroup(nil)
	if c.o.Format == 2 {
		group.Format = 2
		_, err := c.complete(ctx, "", group, v)
		return err
	}
	raw, _, err := encode(group)
	if err == nil {
		_, err = c.putIfMatch(ctx, zarr.Key, [][]byte{raw}, v, true)
	}
	return err
}

// Created reports whether Open or OpenStore has created the tree.
func (c *Connection) Created() bool { return c.created }

// DeleteEmpty removes the group at a path, which may be the root of the tree, if
// there is nothing in it and it has no attributes; otherwise it is ErrExist, and
// stays. It takes back what was created for something that did not come to be. What
// others create in it at the same time stays, and so does the group.
func (c *Connection) DeleteEmpty(ctx context.Context, path string) error {
	full, err := resolve(c.start, path)
	if err != nil {
		return err
	}
	_, err = throughLinks(ctx, c, full, func(c *Connection, full string) (none struct{}, err error) {
		if err = c.o.writable(); err == nil {
			err = c.keeping(ctx, change{path: full}, func(ctx context.Context) error { return c.deleteEmpty(ctx, full) })
		}
		if err != nil {
			return none, fmt.Errorf("delete %s in %s: %w", nodeName(full), c.url, err)
		}
		return none, c.durable(ctx)
	})
	return err
}

func (c *Connection) deleteEmpty(ctx context.Context, full string) error {
	doc, v, err := c.load(ctx, full)
	if err != nil {
		return err
	}
	if _, ok := doc.(*zarr.Group); !ok || len(doc.Head().Attrs) > 0 {
		return fmt.Errorf("%w: it is not an empty group", ErrExist)
	}
	if !c.store.Guarantees().DeleteIfMatch {
		if err := c.mayRace("delete " + keyOf(full, doc)); err != nil {
			return err
		}
		v = ""
	}
	if err := c.isEmpty(ctx, full); err != nil {
		return err
	}
	defer c.forget(keyOf(full, doc))
	unknown := false
	err = c.certain(ctx, func() error {
		err := c.guarded(ctx).Delete(ctx, keyOf(full, doc), store.Cond{IfMatch: v})
		if unknown && errors.Is(err, ErrConflict) {
			if _, _, again := c.load(ctx, full); isNotExist(again) {
				return nil // it was done before
			}
		}
		unknown = unknown || errors.Is(err, ErrUnknownOutcome)
		return err
	})
	if err != nil {
		return err
	}
	if c.isEmpty(ctx, full) == nil {
		return nil
	}
	// somebody has created something in it, and found it there
	group := zarr.NewGroup(nil)
	group.Format = doc.Head().Format
	if _, err := c.create(ctx, full, group); err != nil && !errors.Is(err, ErrExist) {
		return err
	}
	return fmt.Errorf("%w: somebody else has created something in it", ErrExist)
}

// isEmpty is an error unless a group has nothing in it.
func (c *Connection) isEmpty(ctx context.Context, full string) error {
	for info, err := range c.store.List(ctx, store.ListOptions{Prefix: folder(full), Shallow: true}) {
		if err != nil {
			return err
		}
		if name := info.Key[len(folder(full)):]; !zarr.IsMetadata(name) {
			return fmt.Errorf("%w: there is something in it, %q", ErrExist, info.Key)
		}
	}
	return nil
}
