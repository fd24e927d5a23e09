package dosna

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// Copies of the documents below a group must never say what is not so. Whoever
// changes something below takes them out first, and puts them in again afterwards,
// as they are then. In between the group carries a mark; who finds that, wanting to
// change something else, puts one of their own in its place, and so the first cannot
// put anything back: copies may be lost, but never be wrong. In Zarr v2, where they
// are an object apart from the group's own, that cannot be told, and so they are
// removed.

// change is what keeping is told of.
type change struct {
	path string
	deep bool // what is below changes, too
}

// keeper is what takes out and puts back the copies for a change, and those that are
// a part of it.
type keeper struct {
	c     *Connection
	mu    sync.Mutex
	made  []change
	taken map[string]*takenOut // by the path of the group
}

// takenOut are the copies that were in a group, and the version without them.
type takenOut struct {
	version store.Version
	copies  *zarr.Consolidated // nil if they are lost
}

type keeperOf struct{ *locks }

// keeping calls do, which makes a change to the tree. While it is at work the groups
// above have no copies of documents below them.
func (c *Connection) keeping(ctx context.Context, made change, do func(ctx context.Context) error) error {
	if k, ok := ctx.Value(keeperOf{c.locks}).(*keeper); ok {
		if err := k.takeOut(ctx, made); err != nil {
			return err
		}
		return do(ctx)
	}
	plain := *c
	plain.attempt, plain.log = "", nil
	k := &keeper{c: &plain, taken: map[string]*takenOut{}}
	if err := k.takeOut(ctx, made); err != nil {
		return err
	}
	defer k.putBack(ctx)
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

// takeOut takes the copies out of the groups above what is to change.
func (k *keeper) takeOut(ctx context.Context, made change) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made = append(k.made, made)
	for _, path := range above(made.path) {
		out, err := k.c.takeOut(ctx, path, k.taken[path])
		if err != nil {
			return fmt.Errorf("remove the consolidated metadata of %s: %w", nodeName(path), err)
		}
		k.taken[path] = out
	}
	return nil
}

// takeOut takes the copies out of a group, unless it is as somebody has left it who
// did that before; it is nil if there were none, and nobody was about to put any in.
func (c *Connection) takeOut(ctx context.Context, path string, before *takenOut) (*takenOut, error) {
	doc, v, err := c.loadLenient(ctx, path)
	if err != nil || doc == nil {
		return nil, err
	}
	if formatOf(doc) == 2 {
		return nil, c.removeIfThere(ctx, join(path, zarr.ConsolidatedKey))
	}
	if before != nil && v != "" && v == before.version {
		return before, nil
	}
	if head := doc.Head(); !head.HasConsolidated() && !head.IsConsolidating() { // as a rule, and nobody has to wait
		return nil, nil
	}
	var out *takenOut
	err = c.rewrite(ctx, path, revision{
		load:    c.loadLenient,
		assigns: true,
		change: func(doc zarr.Document) (bool, error) {
			out = nil
			if doc == nil || formatOf(doc) == 2 || !doc.Head().HasConsolidated() && !doc.Head().IsConsolidating() {
				return false, nil
			}
			out = &takenOut{}
			if copies, err := doc.Head().Consolidated(); err == nil {
				out.copies = copies // else nobody can read them
			}
			doc.Head().Unconsolidate()
			doc.Head().SetConsolidating(rand.Text())
			return true, nil
		},
		then: func(_ zarr.Document, v store.Version) error {
			if out != nil {
				out.version = v
			}
			return nil
		},
	})
	return out, err
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

// putBack puts the copies back into the groups, as the documents are now. Where
// that fails, or somebody else is changing something, there are none: that is no
// error, for nothing is wrong then.
func (k *keeper) putBack(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for path, out := range k.taken {
		if out == nil || out.version == "" {
			continue
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		_ = k.putInto(ctx, path, out)
		cancel()
	}
}

// putInto puts the copies back into a group, which still has to be in the version
// without them.
func (k *keeper) putInto(ctx context.Context, path string, out *takenOut) error {
	doc, v, err := k.c.loadAny(ctx, path)
	if err != nil || v != out.version {
		return err
	}
	fresh := error(nil)
	if out.copies != nil {
		for _, made := range k.made {
			if rel, ok := strings.CutPrefix(made.path, folder(path)); ok && rel != "" && fresh == nil {
				fresh = k.c.refresh(ctx, path, rel, made.deep, out.copies)
			}
		}
	}
	head := doc.Head()
	head.SetConsolidating("")
	if out.copies != nil && fresh == nil {
		if err := head.Consolidate(out.copies); err != nil {
			return err
		}
	}
	raw, _, err := encode(doc)
	if err == nil {
		_, err = k.c.putIfMatch(ctx, documentKey(path), [][]byte{raw}, v, true)
	}
	return err
}

// refresh puts the documents of the groups from one to a node below it, and of the
// node, into copies; if deep is true also those of all below that.
func (c *Connection) refresh(ctx context.Context, group, rel string, deep bool, copies *zarr.Consolidated) error {
	for _, at := range append(above(rel)[1:], rel) {
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

// Consolidate puts copies of the metadata of all nodes below into that of the group,
// so that who reads the tree through a store without listings, such as a web server,
// finds them, and with one request: the member consolidated_metadata of zarr-python
// or, in a group of Zarr v2, its object .zmetadata. Changes to nodes below that are
// made here keep the former true and remove the latter; other programs may know of
// neither. What is changed while Consolidate is at work leaves no copies, or in Zarr
// v2 perhaps old ones.
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
		put, err := c.consolidateOnce(ctx, path)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return errors.Join(err, c.dropCopies(ctx, path))
		}
		// who was about to change something, and had seen that there were no copies,
		// has done it by now
		doc, _, err := c.load(ctx, path)
		if err != nil {
			return err
		}
		now := zarr.NewConsolidated(formatOf(doc))
		if err := c.gather(ctx, path, "", doc, now); err != nil {
			return err
		}
		if put.Equal(now) {
			return nil
		}
		if err := c.dropCopies(ctx, path); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: what is below is changed again and again, so that there are no copies now", ErrConflict)
}

// maxConsolidations is how often copies are made while others change what they are
// of.
const maxConsolidations = 5

// consolidateOnce puts copies into a group, and returns them.
func (c *Connection) consolidateOnce(ctx context.Context, path string) (*zarr.Consolidated, error) {
	by := rand.Text()
	var marked zarr.Document
	var version store.Version
	err := c.rewrite(ctx, path, revision{
		change: func(doc zarr.Document) (bool, error) {
			if formatOf(doc) == 2 {
				marked = doc
				return false, nil
			}
			doc.Head().Unconsolidate()
			doc.Head().SetConsolidating(by)
			return true, nil
		},
		then: func(doc zarr.Document, v store.Version) error {
			marked, version = doc, v
			return nil
		},
		assigns: true,
	})
	if err != nil {
		return nil, err
	}
	copies := zarr.NewConsolidated(formatOf(marked))
	if err := c.gather(ctx, path, "", marked, copies); err != nil {
		return nil, err
	}
	if formatOf(marked) == 2 {
		raw, err := copies.Marshal()
		if err != nil {
			return nil, err
		}
		return copies, c.replace(ctx, join(path, zarr.ConsolidatedKey), [][]byte{raw})
	}
	head := marked.Head()
	head.SetConsolidating("")
	if err := head.Consolidate(copies); err != nil {
		return nil, err
	}
	raw, _, err := encode(marked)
	if err == nil {
		_, err = c.putIfMatch(ctx, documentKey(path), [][]byte{raw}, version, true)
	}
	return copies, err
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

// dropCopies removes the copies in a group, and the mark that there will be some.
func (c *Connection) dropCopies(ctx context.Context, path string) error {
	out, err := c.takeOut(ctx, path, nil)
	if err == nil && out != nil {
		out.copies = nil
		err = (&keeper{c: c}).putInto(ctx, path, out)
	}
	return err
}

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
	key := join(group, zarr.ConsolidatedKey)
	raw, _, err := c.store.Get(ctx, key, store.GetOptions{Max: zarr.MaxDocument}, nil)
	if err != nil {
		if isNotExist(err) {
			err = nil
		}
		return nil, err
	}
	copies, err := zarr.ParseConsolidated(raw)
	return copies, c.unreadable(key, err)
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
