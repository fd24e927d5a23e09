package dosna

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// documentKey is the key of a node's metadata in Zarr v3, where marks are also of
// nodes of v2; path has no leading slash.
func documentKey(path string) string { return join(path, zarr.Key) }

// keyOf is the key of the object that makes a node: what there is without it belongs
// to none.
func keyOf(path string, doc zarr.Document) string { return join(path, doc.Key()) }

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "/" + name
}

// load reads the document of a node. A node being deleted does not exist any
// more.
func (c *Connection) load(ctx context.Context, path string) (zarr.Document, store.Version, error) {
	doc, v, err := c.loadAny(ctx, path)
	if err == nil && c.hides(doc.Head()) {
		why := hidden("it is being deleted, or that was interrupted")
		if doc.Head().Copy != "" {
			why = "it is not complete: making it was interrupted, or is under way"
		}
		return nil, v, fmt.Errorf("%s in %s: %w", nodeName(path), c.url, why)
	}
	return doc, v, err
}

// loadAny reads the document of a node, with the version of the object keyOf it.
// Where there are documents of both formats that of v3 counts, as for zarr-python.
func (c *Connection) loadAny(ctx context.Context, path string) (zarr.Document, store.Version, error) {
	doc, v, err := c.loadV3(ctx, path)
	if isNotExist(err) || err == nil && doc.Head().Becomes == 2 {
		return c.loadV2(ctx, path, doc, v, err)
	}
	return doc, v, err
}

func (c *Connection) loadV3(ctx context.Context, path string) (zarr.Document, store.Version, error) {
	raw, info, err := c.store.Get(ctx, documentKey(path), store.GetOptions{Max: zarr.MaxDocument}, nil)
	if err != nil {
		return nil, "", err
	}
	doc, err := zarr.Parse(raw)
	if err != nil {
		return nil, info.Version, c.unreadable(documentKey(path), err)
	}
	return doc, info.Version, nil
}

// unreadable says which document makes no sense.
func (c *Connection) unreadable(key string, err error) error {
	if err != nil {
		err = &store.Error{Op: "parse", Store: c.url, Key: key, Err: unreadable{err}}
	}
	return err
}

// errUnreadable says that a document is there and makes no sense.
var errUnreadable = errors.New("unreadable metadata")

type unreadable struct{ error }

func (u unreadable) Unwrap() []error { return []error{errUnreadable, u.error} }

// encode returns the bytes of a document, those of its attributes apart if it is of
// Zarr v2, and the document as others will read it from them. What could not be read
// back is not to be stored.
func encode(doc zarr.Document) ([]byte, zarr.Document, error) {
	raw, err := doc.Marshal()
	var attrs []byte
	if err == nil && formatOf(doc) == 2 {
		attrs, err = doc.MarshalAttrs()
	}
	if n := max(len(raw), len(attrs)); err == nil && n > zarr.MaxDocument {
		err = fmt.Errorf("a document of %d bytes, and at most %d can be read", n, zarr.MaxDocument)
	}
	if err == nil {
		if formatOf(doc) == 2 {
			doc, err = zarr.ParseV2(doc.Key(), raw, attrs)
		} else {
			doc, err = zarr.Parse(raw)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return raw, doc, nil
}

func isNotExist(err error) bool { return errors.Is(err, ErrNotExist) }

func nodeName(path string) string {
	if path == "" {
		return "the root node"
	}
	return fmt.Sprintf("%q", "/"+path)
}

// create stores the document of a node that does not exist, and returns its
// version.
func (c *Connection) create(ctx context.Context, path string, doc zarr.Document) (store.Version, error) {
	raw, _, err := encode(doc)
	if err != nil {
		return "", err
	}
	if formatOf(doc) == 2 {
		return c.createV2(ctx, path, doc)
	}
	return c.createObject(ctx, documentKey(path), [][]byte{raw})
}

// createObject stores an object where there is none. If it is not known whether
// that was done, and there is one then, whose it is cannot be told.
func (c *Connection) createObject(ctx context.Context, key string, parts [][]byte) (v store.Version, err error) {
	err = c.certain(ctx, func() (err error) {
		v, err = c.putIfAbsent(ctx, key, parts)
		if !errors.Is(err, ErrUnknownOutcome) {
			return err
		}
		if _, again := c.store.Stat(ctx, key); again == nil {
			return settled{fmt.Errorf("it is there now, from this call or another: %w", err)}
		}
		return err
	})
	return v, err
}

// putIfAbsent stores an object where there is none.
func (c *Connection) putIfAbsent(ctx context.Context, key string, parts [][]byte) (store.Version, error) {
	if c.store.Guarantees().PutIfAbsent {
		return c.put(ctx, key, parts, store.Cond{IfAbsent: true})
	}
	if err := c.mayRace("create " + key); err != nil {
		return "", err
	}
	mine, err := c.locks.lock(ctx, key)
	if err != nil {
		return "", err
	}
	defer c.locks.unlock(mine)
	switch _, err := c.store.Stat(ctx, key); {
	case err == nil:
		return "", &store.Error{Op: "create", Store: c.url, Key: key, Err: ErrExist}
	case !errors.Is(err, ErrNotExist):
		return "", err
	}
	return c.put(ctx, key, parts, store.Cond{})
}

// put stores an object, and notes that it did. Documents survive a loss of power
// from then on, as what is done next relies on them.
func (c *Connection) put(ctx context.Context, key string, parts [][]byte, cond store.Cond) (store.Version, error) {
	defer c.forget(key)
	if zarr.IsMetadata(lastName(key)) {
		ctx = store.Durably(ctx)
	}
	v, err := c.guarded(ctx).Put(c.lasting(ctx), key, parts, cond)
	if err == nil || errors.Is(err, ErrUnknownOutcome) {
		c.noted(stamp{key, v, cond})
	}
	return v, err
}

// lasting returns the context for storing an object. If what is changed is to be
// durable, then so that what it replaces, and was durable, is not lost halfway.
func (c *Connection) lasting(ctx context.Context) context.Context {
	if c.o.Durable {
		return store.Durably(ctx)
	}
	return ctx
}

// mayRace says whether something may be done without the store's help against
// other writers: only where there can be none, or the caller answers for it.
func (c *Connection) mayRace(what string) error {
	if c.o.Unsafe || !c.store.Guarantees().Shared {
		return nil
	}
	return fmt.Errorf("%s in %s: %w: the store has no conditional writes to keep other processes' changes; the option Unsafe allows it for a single writer", what, c.url, errors.ErrUnsupported)
}

// update changes the document of a node by a function, which is applied again
// to the new document if somebody else changed it in between. The document as
// stored is given to then before any other change in this process is stored.
func (c *Connection) update(ctx context.Context, path string, r revision) error {
	if err := c.o.writable(); err != nil {
		return err
	}
	err := c.keeping(ctx, change{path: path, own: r.own}, func(ctx context.Context) error { return c.rewrite(ctx, path, r) })
	if err != nil {
		return err
	}
	return c.durable(ctx)
}

// revision is a change to a document.
type revision struct {
	// load reads the document; nil is Connection.load.
	load func(ctx context.Context, path string) (zarr.Document, store.Version, error)
	// change changes it. If it is false there is nothing to store. It is called
	// again if somebody else changed the document in between.
	change func(doc zarr.Document) (bool, error)
	// then, if not nil, is given the document as stored, before any other change
	// in this process is stored.
	then func(doc zarr.Document, v store.Version) error
	// assigns says that doing it twice is doing it once, whatever others do in
	// between.
	assigns bool
	// attrs says that it changes the attributes and nothing else: in Zarr v2 these
	// are an object of their own.
	attrs bool
	// own says that there may be copies in the node itself that tell of it: of the
	// attributes of a group of Zarr v2.
	own bool
}

// apart reports whether the attributes that a revision changes are apart from the
// rest of a document.
func (r revision) apart(doc zarr.Document) bool { return r.attrs && formatOf(doc) == 2 }

// encode returns the bytes of what a revision changes, as the function encode does.
func (r revision) encode(doc zarr.Document) ([]byte, zarr.Document, error) {
	raw, read, err := encode(doc)
	if err == nil && r.apart(doc) {
		raw, err = encodeAttrs(doc)
	}
	return raw, read, err
}

// part returns which object a revision of a document changes, its version, and
// whether it is there.
func (c *Connection) part(ctx context.Context, path string, r revision, doc zarr.Document, v store.Version) (string, store.Version, bool, error) {
	if doc != nil && formatOf(doc) == 2 {
		if err := c.settle(ctx, path); err != nil {
			return "", "", false, err
		}
	}
	switch {
	case doc == nil:
		return documentKey(path), v, true, nil
	case r.apart(doc):
		v, there, err := c.attributesV2(ctx, path, doc)
		return join(path, zarr.AttrsKey), v, there, err
	}
	return keyOf(path, doc), v, true, nil
}

// rewrite replaces the document of a node by what a revision makes of it.
//
// Where it is not known whether that was stored, it is tried again if that does
// no harm: because the document is still in the version that was to be replaced,
// or already as it would become, or because the revision assigns.
func (c *Connection) rewrite(ctx context.Context, path string, r revision) error {
	mine, err := c.locks.lock(ctx, documentKey(path))
	if err != nil {
		return err
	}
	defer c.locks.unlock(mine)
	load := r.load
	if load == nil {
		load = c.load
	}
	var fresh zarr.Document
	var version store.Version
	var doubt doubts
	err = c.retry(ctx, documentKey(path), func() (again bool, err error) {
		doc, v, err := load(ctx, path)
		if err != nil {
			return false, doubt.join(err)
		}
		key, v, there, err := c.part(ctx, path, r, doc, v)
		if err != nil {
			return false, doubt.join(err)
		}
		var was []byte
		if doubt.n > 0 && doc != nil {
			if was, _, err = r.encode(doc); err != nil {
				return false, doubt.join(err)
			}
		}
		changed, err := r.change(doc)
		if err != nil {
			return false, doubt.join(err)
		}
		if !changed {
			return false, nil
		}
		raw, read, err := r.encode(doc)
		if err != nil {
			return false, doubt.join(err)
		}
		fresh, version = read, v
		if doubt.n > 0 && bytes.Equal(raw, was) {
			return false, nil // it is as it was to be
		}
		if !r.assigns && !doubt.same(v, there) {
			return false, doubt.err
		}
		version, err = c.putIfMatch(ctx, key, [][]byte{raw}, v, there)
		if err == nil && r.apart(doc) {
			return false, c.stayedBeside(ctx, path, key, version)
		}
		return errors.Is(err, ErrConflict) || doubt.again(err, v, there), err
	})
	if err != nil || r.then == nil || fresh == nil {
		return err
	}
	return r.then(fresh, version)
}

// putIfMatch replaces an object that was read in version v or, if it was not
// there, creates it. It is ErrConflict if that is no longer so.
func (c *Connection) putIfMatch(ctx context.Context, key string, parts [][]byte, v store.Version, there bool) (store.Version, error) {
	cond := store.Cond{IfMatch: v, IfAbsent: !there}
	if !c.keepsApart() {
		if err := c.mayRace("change a part of " + key); err != nil {
			return "", err
		}
		cond = store.Cond{}
	}
	v, err := c.put(ctx, key, parts, cond)
	if cond.IfAbsent && errors.Is(err, ErrExist) {
		err = fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return v, err
}

// keepsApart reports whether the store keeps the changes of several writers to
// one object apart.
func (c *Connection) keepsApart() bool {
	g := c.store.Guarantees()
	return g.PutIfMatch && g.PutIfAbsent
}

// replace stores a whole object, or removes it if there are no parts, whatever
// it was before. Where the store does not keep changes apart, one of a part of
// the object that is under way in this process is waited for.
func (c *Connection) replace(ctx context.Context, key string, parts [][]byte) error {
	if !c.keepsApart() {
		mine, err := c.locks.lock(ctx, key)
		if err != nil {
			return err
		}
		defer c.locks.unlock(mine)
	}
	if err := c.log.mayStore(ctx); err != nil {
		return err
	}
	err := c.certain(ctx, func() error {
		if parts == nil {
			defer c.forget(key)
			return c.guarded(ctx).Delete(ctx, key, store.Cond{})
		}
		_, err := c.put(ctx, key, parts, store.Cond{})
		return err
	})
	if err == nil {
		err = c.log.keepShort(ctx)
	}
	return err
}

// copied stores an object of the same store anew under another key.
func (c *Connection) copied(ctx context.Context, from, to string) error {
	if err := c.log.mayStore(ctx); err != nil {
		return err
	}
	defer c.forget(to)
	err := c.certain(ctx, func() error {
		v, err := store.Copy(c.lasting(ctx), c.guarded(ctx), from, to, store.Cond{})
		if err == nil || errors.Is(err, ErrUnknownOutcome) {
			c.noted(stamp{key: to, version: v})
		}
		return err
	})
	if err == nil {
		err = c.log.keepShort(ctx)
	}
	return err
}
