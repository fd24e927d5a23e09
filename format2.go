package dosna

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// A node of Zarr v2 has two documents, .zarray or .zgroup and .zattrs, and no member
// that its readers must understand. So what v3 says by a mark is said beside it: by
// a zarr.json, which hides the node from all that know v3, with the mark of a node
// that is being deleted, or made. Whoever does not know v3 finds the node from when
// its .zarray or .zgroup is there, which comes last, until it is not, which goes
// first.

// loadV2 reads the document of a node of Zarr v2. In its place there may be a mark,
// with which it is absent, and which does not count any more if the node is there: it
// is complete then.
func (c *Connection) loadV2(ctx context.Context, path string, mark zarr.Document, v store.Version, none error) (zarr.Document, store.Version, error) {
	names := [...]string{zarr.ArrayKey, zarr.GroupKey, zarr.AttrsKey}
	var raw [len(names)][]byte
	var infos [len(names)]store.Info
	var errs [len(names)]error
	var all sync.WaitGroup
	for i, name := range names { // at once: any of them may be a long way off
		all.Go(func() {
			raw[i], infos[i], errs[i] = c.store.Get(ctx, join(path, name), store.GetOptions{Max: zarr.MaxDocument}, []byte{})
		})
	}
	all.Wait()
	attrs := raw[2]
	if errs[2] != nil {
		attrs = nil
	}
	for i, name := range names[:2] {
		switch {
		case isNotExist(errs[i]):
			continue
		case errs[i] != nil:
			return nil, "", errs[i]
		case errs[2] != nil && !isNotExist(errs[2]):
			return nil, "", errs[2]
		}
		doc, err := zarr.ParseV2(name, raw[i], attrs)
		if err != nil {
			return nil, infos[i].Version, c.unreadable(join(path, name), err)
		}
		return doc, infos[i].Version, nil
	}
	return mark, v, none
}

// claim makes a document one that keeps a node absent until those of Zarr v2 are
// there.
func claim(doc zarr.Document, by string) {
	head := doc.Head()
	head.Format, head.Becomes = 0, 2
	head.Deleting, head.Copy = true, by
}

// createV2 creates a node of Zarr v2. Chunks without a document, left by a program
// that died, must not become those of a new array: they are removed while the claim
// keeps everybody else out.
func (c *Connection) createV2(ctx context.Context, path string, doc zarr.Document) (store.Version, error) {
	mark := zarr.NewGroup(nil)
	claim(mark, rand.Text())
	v, err := c.create(ctx, path, mark)
	if err != nil {
		return "", err
	}
	if v == "" {
		if _, v, err = c.loadV3(ctx, path); err != nil {
			return "", err
		}
	}
	if a, ok := doc.(*zarr.Array); ok {
		err = c.sweepAll(ctx, folder(path), c.stays(path, v), func(name string) bool {
			_, ok := a.Keys.Coords(name, len(a.Shape))
			return ok
		})
	}
	if err == nil {
		return c.complete(ctx, path, doc, v)
	}
	if errors.Is(err, errMoved) {
		err = fmt.Errorf("%w: somebody else creates it at the same time", ErrExist) // having found the mark
	}
	return "", err
}

// complete puts the documents of a node of Zarr v2 in the place of a claim, which is in
// version v.
func (c *Connection) complete(ctx context.Context, path string, doc zarr.Document, v store.Version) (store.Version, error) {
	raw, _, err := encode(doc)
	if err != nil {
		return "", err
	}
	attrs, err := doc.MarshalAttrs()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, _, err = c.loadV2(ctx, path, nil, "", ErrNotExist); err == nil || errors.Is(err, errUnreadable) {
		return "", errors.Join(fmt.Errorf("%w: there is a node of that name", ErrExist), c.unmark(ctx, path, v))
	}
	if !isNotExist(err) {
		return "", err
	}
	var parts [][]byte
	if attrs != nil {
		parts = [][]byte{attrs}
	}
	if err := c.replace(ctx, join(path, zarr.AttrsKey), parts); err != nil {
		return "", err
	}
	made, err := c.createObject(ctx, keyOf(path, doc), [][]byte{raw})
	if err != nil {
		return "", err
	}
	return made, c.unmark(ctx, path, v)
}

// unmark removes a claim. That it is there no more, or another, is no error: somebody
// has found it, and the node.
func (c *Connection) unmark(ctx context.Context, path string, v store.Version) error {
	key := documentKey(path)
	defer c.forget(key)
	var cond store.Cond
	if c.store.Guarantees().DeleteIfMatch {
		cond.IfMatch = v
	}
	err := c.certain(ctx, func() error { return c.store.Delete(store.Durably(ctx), key, cond) })
	if errors.Is(err, ErrConflict) {
		err = nil
		if _, _, gone := c.load(ctx, path); isNotExist(gone) {
			err = fmt.Errorf("%w: somebody else deletes it at the same time", ErrConflict)
		}
	}
	return err
}

// errFormat2 is a node of Zarr v2 where a document of v3 was to be changed.
var errFormat2 = errors.New("a node of Zarr v2")

// markV2 marks a node of Zarr v2 as being deleted. The mark is beside its documents,
// which removeNode removes first.
func (c *Connection) markV2(ctx context.Context, path string) error {
	doc := zarr.NewGroup(nil)
	doc.Deleting = true
	_, err := c.create(ctx, path, doc)
	return err
}

// isDocumentV2 reports whether a key, from the folder of a node, is that of an object
// that makes a node of Zarr v2.
func isDocumentV2(name string) bool {
	last := lastName(name)
	return last == zarr.ArrayKey || last == zarr.GroupKey
}

// attributesV2 reads the attributes of a node of Zarr v2 anew into its document, and
// returns the version of the object that they are in.
func (c *Connection) attributesV2(ctx context.Context, path string, doc zarr.Document) (v store.Version, there bool, err error) {
	key := join(path, zarr.AttrsKey)
	raw, info, err := c.store.Get(ctx, key, store.GetOptions{Max: zarr.MaxDocument}, []byte{})
	switch {
	case isNotExist(err):
		raw = nil
	case err != nil:
		return "", false, err
	}
	return info.Version, err == nil, c.unreadable(key, doc.ParseAttrs(raw))
}

// formatFor returns the format of a node to be created at a path: that of the nearest
// group above it that is there, or of the root if that is to be replaced. What keeps
// it from being read is found when the node is created.
func (c *Connection) formatFor(ctx context.Context, path string) int {
	for full := path; ; {
		path = parent(path)
		doc, _, err := c.load(ctx, path)
		switch {
		case err == nil && isLink(doc):
			if at, where, err := c.locate(ctx, full); err == nil {
				return at.formatFor(ctx, where)
			}
			return 3
		case err == nil && doc.Head().Becomes == 2:
			return 2
		case err == nil:
			return formatOf(doc)
		case path == "" || !isNotExist(err):
			return 3
		}
	}
}

// formatOf returns the format of a document.
func formatOf(doc zarr.Document) int {
	if doc.Head().Format == 2 {
		return 2
	}
	return 3
}

// stayedBeside is an error if a node of Zarr v2 was deleted while its attributes
// were stored, which may have come too late to be removed with it: they are removed
// again, lest they become those of another node.
func (c *Connection) stayedBeside(ctx context.Context, path, key string, v store.Version) error {
	_, _, err := c.load(ctx, path)
	if !isNotExist(err) {
		return err
	}
	var cond store.Cond
	if c.store.Guarantees().DeleteIfMatch {
		cond.IfMatch = v
	}
	late := c.certain(ctx, func() error { return c.store.Delete(ctx, key, cond) })
	if late != nil && !errors.Is(late, ErrConflict) {
		err = errors.Join(err, late)
	}
	return err
}
