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
