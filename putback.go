package dosna

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// putBack brings the copies up to date, and puts them back where nobody else is
// changing something. Where that fails they are lost: that is no error, for nothing is
// wrong then.
func (k *keeper) putBack(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all sync.WaitGroup
	for path, taken := range k.taken {
		all.Go(func() {
			for _, fresh := range []refresher{k.refresh, lose} {
				if k.putBackIn(ctx, path, taken, fresh) == nil {
					break
				}
				taken = true
			}
		})
	}
	all.Wait()
}

// putBackIn is putBack of one group. Where there were no copies before, somebody may
// have made some since, of what was there then.
func (k *keeper) putBackIn(ctx context.Context, path string, taken bool, fresh refresher) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	if !taken {
		taken, err = k.c.takeOut(ctx, path, k.by)
	}
	if !taken {
		return err
	}
	return errors.Join(err, k.c.putBack(ctx, path, k.by, fresh))
}

// refresher brings copies in a group up to date; nil are copies that are lost.
type refresher func(ctx context.Context, group string, copies *zarr.Consolidated) (*zarr.Consolidated, error)

func lose(context.Context, string, *zarr.Consolidated) (*zarr.Consolidated, error) { return nil, nil }

// refresh brings up to date what is told of the changes.
func (k *keeper) refresh(ctx context.Context, group string, copies *zarr.Consolidated) (*zarr.Consolidated, error) {
	if copies == nil {
		return nil, nil
	}
	for _, made := range k.made {
		rel, ok := strings.CutPrefix(made.path, folder(group))
		switch {
		case made.path == group && made.own:
			rel = ""
		case !ok || rel == "":
			continue
		}
		if err := k.c.refresh(ctx, group, rel, made.deep, copies); err != nil {
			return nil, err
		}
	}
	return copies, nil
}

// errGone says that somebody has taken away a text that is not theirs.
var errGone = fmt.Errorf("%w: the consolidated metadata has been made anew", ErrConflict)

// putBack brings the copies in a group up to date and takes away a text. If it is the
// last, the copies are put back in sight.
func (c *Connection) putBack(ctx context.Context, path, by string, fresh refresher) error {
	return c.retry(ctx, documentKey(path), func() (again bool, err error) {
		err = c.leave(ctx, path, by, fresh)
		if !errors.Is(err, errGone) {
			return false, err
		}
		// what there is now may have been made before the change was
		taken, err := c.takeOut(ctx, path, by)
		if !taken || err != nil {
			return false, err
		}
		return true, errGone
	})
}

// leave is putBack where the text has not been taken away, else errGone.
func (c *Connection) leave(ctx context.Context, path, by string, fresh refresher) error {
	key := join(path, zarr.ReadyKey(by))
	made, ready := false, false // the object of that key
	unmake := func() error {
		if !made {
			return nil
		}
		made = false
		return c.removeIfThere(ctx, key)
	}
	err := c.rewrite(ctx, path, revision{
		load:    c.loadAny,
		assigns: true,
		change: func(doc zarr.Document) (bool, error) {
			head := doc.Head()
			p := head.Pending()
			if ready && !p.At() && p != nil && p.Last == by {
				return false, nil // it is as it was to be: that was not known
			}
			ready = false
			if !p.Has(by) {
				return false, errGone
			}
			var err error
			if p.Copies, err = fresh(ctx, path, p.Copies); err != nil {
				return false, err
			}
			if !p.Leave(by) {
				return true, errors.Join(unmake(), head.SetPending(p))
			}
			copies := p.Copies
			p.Copies = nil
			if formatOf(doc) != 2 {
				err = head.SetPending(nil)
				if err == nil && copies != nil {
					err = head.Consolidate(copies)
				}
				return true, err
			}
			if copies == nil {
				return true, errors.Join(unmake(), head.SetPending(p))
			}
			raw, err := copies.Marshal()
			if err == nil {
				made = true
				_, err = c.put(ctx, key, [][]byte{raw}, store.Cond{})
			}
			ready = err == nil
			return true, errors.Join(err, head.SetPending(p))
		},
	})
	switch {
	case err == nil && ready:
		return c.publish(ctx, path, by)
	case isNotExist(err), errors.Is(err, errUnreadable): // the group
		err = nil
	}
	return errors.Join(err, unmake())
}

// publish copies what has been got ready to where readers see it, unless others have
// removed it, since they are about to change something. Where the store does not copy
// at once, they may have been late: then it is removed again.
func (c *Connection) publish(ctx context.Context, path, by string) error {
	from, to := join(path, zarr.ReadyKey(by)), join(path, zarr.ConsolidatedKey)
	var v store.Version
	err := c.certain(ctx, func() (err error) {
		defer c.forget(to)
		v, err = store.Copy(store.Durably(ctx), c.guarded(ctx), from, to, store.Cond{})
		return err
	})
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	doc, _, err := c.loadLenient(ctx, path)
	if err != nil {
		return err
	}
	if doc == nil || doc.Head().Pending().At() || readyKey(path, doc.Head().Pending()) != from {
		return c.removeOwn(ctx, to, v)
	}
	return c.removeIfThere(ctx, from)
}

// refresh puts the documents of the groups from one to a node below it, and of the
// node, into copies; if deep is true also those of all below that.
func (c *Connection) refresh(ctx context.Context, group, rel string, deep bool, copies *zarr.Consolidated) error {
	nodes := []string{rel}
	if groups := above(rel); len(groups) > 0 {
		nodes = append(groups[1:], rel)
	}
	for _, at := range nodes {
		doc, _, err := c.load(ctx, join(group, at))
		if isNotExist(err) {
			copies.Remove(at, true)
			return nil
		}
		if err == nil {
			err = copies.Set(at, doc)
		}
		if err != nil {
			return err
		}
	}
	if !deep {
		return nil
	}
	copies.Remove(rel, true)
	doc, _, err := c.load(ctx, join(group, rel))
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.gather(ctx, group, rel, doc, copies)
}

// gather puts the documents of a node and of all below it into copies.
func (c *Connection) gather(ctx context.Context, group, rel string, doc zarr.Document, copies *zarr.Consolidated) error {
	if rel != "" || formatOf(doc) == 2 {
		if err := copies.Set(rel, doc); err != nil {
			return fmt.Errorf("%s: %w", nodeName(join(group, rel)), err)
		}
	}
	if _, ok := doc.(*zarr.Array); ok {
		return nil
	}
	g := &Group{handle: newHandle(c, join(group, rel), doc.Head())}
	names, old, err := g.names(ctx)
	if err == nil && old != nil {
		err = fmt.Errorf("list %s: %w", nodeName(g.path), errors.ErrUnsupported)
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		at := join(rel, name)
		if checkPath(join(group, at)) != nil {
			continue // no node can have this name
		}
		doc, _, err := c.load(ctx, join(group, at))
		if isNotExist(err) {
			continue
		}
		if err == nil {
			err = c.gather(ctx, group, at, doc, copies)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
