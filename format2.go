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
	if mark != nil && isNotExist(errs[2]) {
		var err error
		if attrs, err = mark.MarshalAttrs(); err != nil {
			return nil, "", err
		}
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

// claimFor returns a claim that says which attributes a node will have.
func claimFor(doc zarr.Document) (zarr.Document, error) {
	mark := zarr.NewGroup(nil)
	raw, err := encodeAttrs(doc)
	if err == nil {
		err = mark.ParseAttrs(raw)
	}
	claim(mark, rand.Text())
	return mark, err
}

// createV2 creates a node of Zarr v2. Chunks without a document, left by a program
// that died, must not become those of a new array: they are removed while the claim
// keeps everybody else out.
func (c *Connection) createV2(ctx context.Context, path string, doc zarr.Document) (store.Version, error) {
	if _, ok := doc.(*zarr.Group); ok && len(doc.Head().Attrs) == 0 { // a single object
		raw, _, err := encode(doc)
		if err != nil {
			return "", err
		}
		return c.createObject(ctx, keyOf(path, doc), [][]byte{raw})
	}
	mark, err := claimFor(doc)
	if err != nil {
		return "", err
	}
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
// version v: first the one that makes it, which only one of several can put there. Until
// it has put the attributes, too, those in the claim count.
func (c *Connection) complete(ctx context.Context, path string, doc zarr.Document, v store.Version) (store.Version, error) {
	raw, _, err := encode(doc)
	if err != nil {
		return "", err
	}
	attrs, err := encodeAttrs(doc)
	if err != nil {
		return "", err
	}
	if _, _, err = c.loadV2(ctx, path, nil, "", ErrNotExist); err == nil || errors.Is(err, errUnreadable) {
		return "", errors.Join(fmt.Errorf("%w: there is a node of that name", ErrExist), c.removeOwn(ctx, documentKey(path), v))
	}
	if !isNotExist(err) {
		return "", err
	}
	made, err := c.createObject(ctx, keyOf(path, doc), [][]byte{raw})
	if err != nil {
		return "", err
	}
	beside, err := c.putAttributes(ctx, path, attrs, v)
	if err != nil {
		return "", err
	}
	return made, c.unmark(ctx, path, v, stamp{key: keyOf(path, doc), version: made}, stamp{key: join(path, zarr.AttrsKey), version: beside})
}

// putAttributes stores the attributes of a node that is claimed. What there is of
// somebody who had claimed it before is replaced; who has lost the claim replaces
// nothing.
func (c *Connection) putAttributes(ctx context.Context, path string, attrs []byte, claim store.Version) (store.Version, error) {
	key := join(path, zarr.AttrsKey)
	for n := 1; ; n++ {
		v, err := c.createObject(ctx, key, [][]byte{attrs})
		if !errors.Is(err, ErrExist) || n == maxTries {
			return v, err
		}
		if err := c.stays(path, claim)(ctx); err != nil {
			if errors.Is(err, errMoved) {
				return "", nil
			}
			return "", err
		}
		info, err := c.store.Stat(ctx, key)
		if err == nil {
			v, err = c.putIfMatch(ctx, key, [][]byte{attrs}, info.Version, true)
		}
		if err == nil || !isNotExist(err) && !errors.Is(err, ErrConflict) {
			return v, err
		}
	}
}

// removeOwn removes an object that is still in the version that the caller has stored.
func (c *Connection) removeOwn(ctx context.Context, key string, v store.Version) error {
	defer c.forget(key)
	err := c.certain(ctx, func() error { return c.guarded(ctx).Delete(ctx, key, c.ifMatch(v)) })
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// unmark removes a claim. If it is there no more, or another, somebody has removed what
// there was of the node, or is about to: then what was made of it is removed, too.
func (c *Connection) unmark(ctx context.Context, path string, v store.Version, made ...stamp) error {
	mark := documentKey(path)
	defer c.forget(mark)
	unknown := false
	err := c.certain(ctx, func() error {
		err := c.guarded(ctx).Delete(store.Durably(ctx), mark, c.ifMatch(v))
		if unknown && errors.Is(err, ErrConflict) {
			return nil // it was done before
		}
		unknown = unknown || errors.Is(err, ErrUnknownOutcome)
		return err
	})
	if !errors.Is(err, ErrConflict) {
		return err
	}
	err = fmt.Errorf("%w: somebody else creates or deletes it at the same time", ErrExist)
	for _, s := range made {
		if s.version != "" {
			err = errors.Join(err, c.removeOwn(ctx, s.key, s.version))
		}
	}
	return err
}

// ifMatch is the condition that an object is in a version, where the store keeps it.
func (c *Connection) ifMatch(v store.Version) store.Cond {
	if !c.store.Guarantees().DeleteIfMatch {
		return store.Cond{}
	}
	return store.Cond{IfMatch: v}
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
		return "", false, nil // those of a claim count
	case err != nil:
		return "", false, err
	}
	return info.Version, true, c.unreadable(key, doc.ParseAttrs(raw))
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
	late := c.certain(ctx, func() error { return c.guarded(ctx).Delete(ctx, key, c.ifMatch(v)) })
	if late != nil && !errors.Is(late, ErrConflict) {
		err = errors.Join(err, late)
	}
	return err
}

// encodeAttrs returns the object of the attributes of a node of Zarr v2.
func encodeAttrs(doc zarr.Document) ([]byte, error) {
	raw, err := doc.MarshalAttrs()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if raw == nil {
		raw = []byte("{}\n")
	}
	return raw, nil
}

// settle removes the claim of who has made a node and died before removing it, for
// which others who know v3 take the node as one that is not complete.
func (c *Connection) settle(ctx context.Context, path string) error {
	mark, v, err := c.loadV3(ctx, path)
	if isNotExist(err) || err == nil && mark.Head().Becomes != 2 {
		return nil
	}
	if err != nil {
		return err
	}
	doc, _, err := c.loadV2(ctx, path, mark, v, nil)
	if err != nil || doc.Head().Deleting {
		return err
	}
	attrs, err := encodeAttrs(doc)
	if err != nil {
		return err
	}
	if _, err := c.createObject(ctx, join(path, zarr.AttrsKey), [][]byte{attrs}); err != nil && !errors.Is(err, ErrExist) {
		return err
	}
	return c.removeOwn(ctx, documentKey(path), v)
}
