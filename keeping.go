package dosna

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// Copies of the documents below a group must not say what is not so. Whoever changes
// something below takes them out of readers' sight first, into a member of the group's
// document that only DosNa knows, with a text of their own beside. Afterwards they
// bring up to date what they have changed, and take their text away; the last puts the
// copies back in sight. All this is done by conditional writes of that document. Who
// dies at it leaves their text, and the copies stay out of sight until they are made
// anew: they may be lost, but not be wrong.
//
// In Zarr v2 what readers see is an object apart, .zmetadata, which is removed after a
// text has been put into .zgroup. The last to take away theirs gets the copies ready in
// an object of its own beside, and then says in .zgroup that nobody is at it any more.
// Only from then on may this be copied to .zmetadata, by a single request, however late;
// and whoever puts in a text removes it before .zmetadata, so that a request that comes
// later than that finds nothing to copy.

// change is what keeping is told of.
type change struct {
	path string
	deep bool // what is below changes, too
	own  bool // there may be copies in the node itself that tell of it
}

// covers reports whether who looks at all that one change is about has looked at all
// that another is.
func (m change) covers(other change) bool {
	return m == other || m.deep && (m.path == other.path && !other.own || strings.HasPrefix(other.path, folder(m.path)))
}

// keeper is what takes out and puts back the copies for a change, and those that are
// a part of it.
type keeper struct {
	c     *Connection
	by    string // the text
	mu    sync.Mutex
	made  []change
	taken map[string]bool // paths of the groups that have the text
}

type keeperOf struct{ *locks }

// keeping calls do, which makes a change to the tree. While it is at work the groups
// above show no copies of documents below them.
func (c *Connection) keeping(ctx context.Context, made change, do func(ctx context.Context) error) error {
	if k, ok := ctx.Value(keeperOf{c.locks}).(*keeper); ok {
		if err := k.takeOut(ctx, made); err != nil {
			return err
		}
		return do(ctx)
	}
	plain := *c
	plain.attempt, plain.log = "", nil
	k := &keeper{c: &plain, by: rand.Text(), taken: map[string]bool{}}
	defer k.putBack(ctx) // also into those groups that it came to before an error
	if err := k.takeOut(ctx, made); err != nil {
		return err
	}
	return do(context.WithValue(ctx, keeperOf{c.locks}, k))
}

// above yields the paths of the groups above a node, the root first.
func above(path string) []string {
	var groups []string
	for i := range path {
		if i == 0 || path[i] == '/' {
			groups = append(groups, path[:i])
		}
	}
	return groups
}

// takeOut takes out the copies that tell of what is to change.
func (k *keeper) takeOut(ctx context.Context, made change) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	known := false
	for _, other := range k.made {
		known = known || other.covers(made)
	}
	if !known {
		k.made = append(k.made, made)
	}
	groups := above(made.path)
	if made.own {
		groups = append(groups, made.path)
	}
	for _, path := range groups {
		taken, err := k.c.takeOut(ctx, path, k.by)
		k.taken[path] = k.taken[path] || taken
		if err != nil {
			return fmt.Errorf("take out the consolidated metadata of %s: %w", nodeName(path), err)
		}
	}
	return nil
}

// takeOut takes the copies in a group out of sight, and puts a text there. It reports
// whether there were any, or it cannot be told.
func (c *Connection) takeOut(ctx context.Context, path, by string) (taken bool, err error) {
	err = c.retry(ctx, documentKey(path), func() (again bool, err error) {
		doc, v, err := c.loadLenient(ctx, path)
		if err != nil || doc == nil {
			return false, err
		}
		if _, ok := doc.(*zarr.Group); !ok {
			return false, nil
		}
		if doc.Head().Pending().Has(by) {
			taken = true
			return false, nil
		}
		none, err := c.withoutCopies(ctx, path, doc, v) // as a rule
		if none || err != nil {
			return false, err
		}
		taken, err = c.putText(ctx, path, by, false)
		if errors.Is(err, ErrInvalid) { // they are as large as a document may be
			taken, err = c.putText(ctx, path, by, true)
		}
		if err == nil && !taken {
			return true, errComeAndGo
		}
		return false, err
	})
	return taken, err
}

// errComeAndGo says that others take out copies and put them back.
var errComeAndGo = fmt.Errorf("%w: the consolidated metadata comes and goes", ErrConflict)

// withoutCopies reports whether a group, the document of which was read in a version,
// has no copies of others. Where these are in an object of their own, somebody may
// have been about to take them out between the two.
func (c *Connection) withoutCopies(ctx context.Context, path string, doc zarr.Document, v store.Version) (bool, error) {
	head := doc.Head()
	p := head.Pending()
	if formatOf(doc) != 2 || p.At() {
		return p == nil && !head.HasConsolidated(), nil
	}
	for _, key := range []string{readyKey(path, p), join(path, zarr.ConsolidatedKey)} {
		if key == "" {
			continue
		}
		if _, err := c.store.Stat(ctx, key); !isNotExist(err) {
			return false, err
		}
	}
	info, err := c.store.Stat(ctx, keyOf(path, doc))
	if err != nil && !isNotExist(err) {
		return false, err
	}
	return err == nil && info.Version == v, nil
}

// readyKey is the key of the object in which who was the last to leave a group of Zarr
// v2 has got the copies ready; "" if nobody has.
func readyKey(path string, p *zarr.Pending) string {
	if p == nil || zarr.ReadyKey(p.Last) == "" {
		return ""
	}
	return join(path, zarr.ReadyKey(p.Last))
}

// putText takes the copies in a group out of sight, if there are any, and puts a text
// there; if lost is true they are gone then.
func (c *Connection) putText(ctx context.Context, path, by string, lost bool) (taken bool, err error) {
	format, ready := 3, ""
	err = c.rewrite(ctx, path, revision{
		load:    c.loadLenient,
		assigns: true,
		change: func(doc zarr.Document) (changed bool, err error) {
			if _, ok := doc.(*zarr.Group); !ok {
				return false, nil
			}
			format = formatOf(doc)
			p, err := c.pending(ctx, path, doc)
			if p == nil || err != nil {
				return false, err
			}
			if lost {
				p.Copies = nil
			}
			taken, ready = true, readyKey(path, p)
			if !p.Add(by) {
				return false, nil
			}
			doc.Head().Unconsolidate()
			return true, doc.Head().SetPending(p)
		},
	})
	if err == nil && taken && format == 2 {
		err = c.removeCopies(ctx, path, ready)
	}
	return taken, err
}

// pending returns the copies that are out of sight or, if there are none, those that
// readers see; nil if there are neither.
func (c *Connection) pending(ctx context.Context, path string, doc zarr.Document) (*zarr.Pending, error) {
	head := doc.Head()
	p := head.Pending()
	if p.At() || p != nil && formatOf(doc) != 2 {
		return p, nil
	}
	if p == nil {
		p = &zarr.Pending{}
	}
	var err error
	if formatOf(doc) == 2 {
		p.Copies, err = c.copiesBeside(ctx, path, p)
	} else {
		p.Copies, err = head.Consolidated()
		err = c.unreadable(documentKey(path), err)
	}
	if errors.Is(err, errUnreadable) {
		p.Copies = nil
		return p, nil // they are of no use to anybody
	}
	if p.Copies == nil || err != nil {
		return nil, err
	}
	return p, nil
}

// removeCopies removes what a group of Zarr v2 has beside its document: first what
// might be copied, then what readers see. It does not come back after a loss of power.
func (c *Connection) removeCopies(ctx context.Context, path string, ready ...string) error {
	ctx = store.Durably(ctx)
	for _, key := range ready {
		if key == "" {
			continue
		}
		if err := c.removeIfThere(ctx, key); err != nil {
			return err
		}
	}
	return c.removeIfThere(ctx, join(path, zarr.ConsolidatedKey))
}

// removeIfThere removes an object that as a rule is not there.
func (c *Connection) removeIfThere(ctx context.Context, key string) error {
	if _, err := c.store.Stat(ctx, key); err != nil {
		if isNotExist(err) {
			return nil
		}
		return err
	}
	return c.replace(ctx, key, nil)
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
