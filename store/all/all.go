// Package all opens every store there is, by URL. It is the one package that
// knows the backends.
package all

import (
	"context"
	"fmt"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/httpstore"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/s3store"
)

// backend is a kind of store. Both functions get a URL of its scheme and
// ignore the node.
type backend struct {
	scheme string
	open   opener
	plain  opener                                       // of what is stored there, whatever that may stand for
	init   func(ctx context.Context, u store.URL) error // makes what open does not
}

var backends = []backend{
	{"file", withOriginalFolders(openFile, withHDF5(openFile, withReferences(withArchives(openFile)))), openFile, filestore.InitURL},
	{"mem", openMemory, openMemory, memstore.InitURL},
	{"http", withHDF5(openWeb, withReferences(withArchives(openWeb))), openWeb, httpstore.InitURL},
	{"https", withHDF5(openWeb, withReferences(withArchives(openWeb))), openWeb, httpstore.InitURL},
	{"s3", withHDF5(openBucket, withReferences(withArchives(openS3))), openBucket, s3store.InitURL},
}

var (
	openFile   = observed(filestore.OpenURL)
	openMemory = observed(memstore.OpenURL)
	openWeb    = persistent(httpstore.OpenURL)
	openBucket = persistent(s3store.OpenURL)
	openS3     = persistent(withOriginal(s3store.OpenURL))
)

// persistent returns open for what is reached over a network, which is asked again where that
// may help.
func persistent(open opener) opener {
	return func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
		s, err := observed(open)(ctx, u, o)
		if err != nil {
			return nil, err
		}
		return layer.Retry(s, retrying(o)), nil
	}
}

// observed returns open, with the options' observer over the store.
func observed(open opener) opener {
	return func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
		s, err := open(ctx, u, o)
		if err != nil {
			return nil, err
		}
		return over(s, o), nil
	}
}

func over(s store.Store, o store.OpenOptions) store.Store {
	if o.Observer == nil {
		return s
	}
	return o.Observer.Over(s)
}

// retrying returns how a store is asked again that was opened with o.
func retrying(o store.OpenOptions) layer.RetryOptions {
	if o.Observer == nil {
		return layer.RetryOptions{}
	}
	return layer.RetryOptions{Retried: o.Observer.Retried}
}

// Schemes returns the schemes of the URLs that Open understands.
func Schemes() []string {
	var names []string
	for _, b := range backends {
		names = append(names, b.scheme)
	}
	return names
}

// Open opens the root of an address as [store.ParseURL] understands it; a node
// in it is the caller's affair. It never makes a bucket, a pool or the parents
// of a root: see Init.
func Open(ctx context.Context, url string, o store.OpenOptions) (store.Store, error) {
	u, b, err := find(url)
	if err != nil {
		return nil, err
	}
	if o.ReadOnly && o.Create {
		return nil, fmt.Errorf("%w: %s cannot be created when it is opened for reading only", store.ErrInvalid, u.Root)
	}
	s, err := b.open(ctx, u, o)
	if err != nil {
		return nil, err
	}
	if o.ReadOnly {
		s = layer.ReadOnly(s)
	}
	return s, nil
}

// Init makes the root of an address, with all that it needs above it: the
// directories, the bucket. A root that exists is left as it is.
func Init(ctx context.Context, url string) error {
	u, b, err := find(url)
	if err != nil {
		return err
	}
	return b.init(ctx, u)
}

func find(url string) (store.URL, backend, error) {
	u, err := store.ParseURL(url)
	if err != nil {
		return u, backend{}, err
	}
	for _, b := range backends {
		if b.scheme == u.Scheme {
			return u, b, nil
		}
	}
	return u, backend{}, fmt.Errorf("%w: no store is called %q, in %s; there are %s; a path that looks like a URL can be written ./%s",
		store.ErrInvalid, u.Scheme, u.Root, strings.Join(Schemes(), ", "), u.Root)
}
