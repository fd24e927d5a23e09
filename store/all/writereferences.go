package all

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/refstore"
)

// ReferencesTo says what references are to be written.
type ReferencesTo struct {
	Store  store.Store
	Prefix string // of the keys, which the references are without
	Base   string // address of the store for those who read the references
	Moved  bool   // that is another than the one that is read here, with versions of its own

	// Omit tells which objects are left out.
	Omit func(key string) bool

	// Inline tells which objects are in the references themselves; all of them fit
	// into memory.
	Inline func(key string) bool
}

// WriteReferences writes references to the objects of a store in the form of
// kerchunk, which many programs read: to an address that ends in .json, or in .parq
// or .parquet for a folder of Parquet files; or, to one that ends in .refs, in the
// form of package refstore, which says what the objects were, so that changed ones
// are errors. What was there is replaced. It returns how many objects are referred
// to, and how many are inline.
//
// Options of an s3:// address, the server's own among them, are left out of references in kerchunk's
// form unless Moved: other programs have them from elsewhere, and ours from the environment.
//
// The references are to whole objects, and hold as long as these have their
// addresses.
func WriteReferences(ctx context.Context, address string, o ReferencesTo) (referred, inline int, err error) {
	u, err := store.ParseURL(address)
	if err != nil {
		return 0, 0, err
	}
	folder, key, ok := splitLast(u)
	if !ok || isReferences(key) == "" || u.Node != "" {
		return 0, 0, fmt.Errorf("%w: %s does not end in .json, .refs, .parq or .parquet, as references do", store.ErrInvalid, address)
	}
	ours := strings.EqualFold(filepath.Ext(key), ".refs")
	if strings.HasPrefix(o.Base, "s3://") && !o.Moved && !ours {
		o.Base, _, _ = strings.Cut(o.Base, "?")
	}
	at, err := o.base()
	if err != nil {
		return 0, 0, err
	}
	m, inline, err := o.manifest(ctx, at)
	if err != nil {
		return 0, 0, err
	}
	to, err := Open(ctx, folder.Root, store.OpenOptions{})
	if err != nil {
		return 0, 0, err
	}
	defer to.Close()
	if isReferences(key) != key {
		err = refstore.WriteParquet(ctx, to, key+"/", m, 0)
		return m.Len() - inline, inline, err
	}
	var data []byte
	if ours {
		data, err = m.Marshal()
	} else {
		var b bytes.Buffer
		err = refstore.WriteJSON(&b, m)
		data = b.Bytes()
	}
	if err == nil {
		_, err = to.Put(ctx, key, [][]byte{data}, store.Cond{})
	}
	return m.Len() - inline, inline, err
}

// base returns what stands before a key in the address of an object.
func (o ReferencesTo) base() (func(key string) string, error) {
	if !strings.Contains(o.Base, "://") {
		abs, err := filepath.Abs(o.Base)
		if err != nil {
			return nil, err
		}
		abs = strings.TrimSuffix(filepath.ToSlash(abs), "/")
		return func(key string) string { return abs + "/" + key }, nil
	}
	root, query, asks := strings.Cut(o.Base, "?")
	root = strings.TrimRight(root, "/")
	if asks {
		query = "?" + query
	}
	return func(key string) string { return root + (&url.URL{Path: "/" + key}).EscapedPath() + query }, nil
}

// manifest lists the store.
func (o ReferencesTo) manifest(ctx context.Context, at func(key string) string) (m *refstore.Manifest, inline int, err error) {
	var b refstore.Builder
	for info, err := range o.Store.List(ctx, store.ListOptions{Prefix: o.Prefix}) {
		if err != nil {
			return nil, 0, err
		}
		key := info.Key[len(o.Prefix):]
		if o.Omit != nil && o.Omit(key) {
			continue
		}
		if info.Size == 0 || o.Inline(key) {
			data, _, err := o.Store.Get(ctx, info.Key, store.GetOptions{}, nil)
			if err == nil {
				err = b.AddInline(key, data)
			}
			if err != nil {
				return nil, 0, err
			}
			inline++
			continue
		}
		if err := b.AddRange(key, b.AddSource(o.source(at, info)), 0, 0); err != nil {
			return nil, 0, err
		}
	}
	return b.Manifest(), inline, nil
}

// source is an object, with what is known of it that will be seen where it is found.
func (o ReferencesTo) source(at func(key string) string, info store.Info) refstore.Source {
	s := refstore.Source{URL: at(info.Key), Size: info.Size}
	if !o.Moved {
		s.Version, s.ModTime = info.Version, info.ModTime
	}
	return s
}

// Addressable says why the objects of the store at an address have no addresses of
// their own, below it.
func Addressable(ctx context.Context, address string) error {
	u, err := store.ParseURL(address)
	if err != nil {
		return err
	}
	if u.Scheme == "mem" {
		return fmt.Errorf("%w: %s is in the memory of this process, where references lead nobody else", store.ErrInvalid, u.Root)
	}
	folder, key, ok := splitLast(u)
	name := isZip(key) + isReferences(key)
	if !ok || name == "" {
		return nil
	}
	below, err := Open(ctx, folder.Root, store.OpenOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer below.Close()
	switch _, err = below.Stat(ctx, name); {
	case errors.Is(err, store.ErrNotExist):
		return nil
	case err == nil:
		err = fmt.Errorf("%w: what is in %s has no addresses of its own", store.ErrInvalid, u.Root)
	}
	return err
}
