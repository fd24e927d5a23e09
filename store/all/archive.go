package all

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/zipstore"
)

// opener opens the root of a URL.
type opener func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error)

// withArchives returns open, except that an address that ends in .zip opens the
// archive there, if there is one: a directory of that name, and one to be created,
// are roots like others.
func withArchives(open opener) opener {
	return inFiles(isZip, open, func(ctx context.Context, below store.Store, _ store.URL, key string, _ store.OpenOptions) (store.Store, error) {
		s, err := zipstore.Open(ctx, below, key)
		if err != nil {
			return nil, err
		}
		return s, nil
	})
}

func isZip(name string) string {
	if strings.EqualFold(filepath.Ext(name), ".zip") {
		return name
	}
	return ""
}

// inside opens what is in an object of the store below. It closes that with its own,
// if it returns one.
type inside func(ctx context.Context, below store.Store, folder store.URL, key string, o store.OpenOptions) (store.Store, error)

// inFiles returns open, except that an address opens what is in the object there,
// if there is one. is tells by the last name of the address which object must be
// there, or "" if it is an address like others.
func inFiles(is func(name string) string, open opener, inner inside) opener {
	return func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
		folder, key, ok := splitLast(u)
		if !ok || is(key) == "" {
			return open(ctx, u, o)
		}
		below, err := open(ctx, folder, store.OpenOptions{Observer: o.Observer})
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			return open(ctx, u, o) // says what is wrong with the address that was given
		}
		_, err = below.Stat(ctx, is(key))
		there := err == nil
		if there {
			var s store.Store
			if s, err = inner(ctx, below, folder, key, o); err == nil {
				return s, nil
			}
		}
		if cerr := below.Close(); cerr != nil || there || !errors.Is(err, store.ErrNotExist) {
			return nil, errors.Join(err, cerr)
		}
		return open(ctx, u, o)
	}
}

// splitLast cuts an address into that of the folder above and the name in it. It
// is false if that is no key.
func splitLast(u store.URL) (folder store.URL, key string, ok bool) {
	folder = u
	if !strings.Contains(u.Root, "://") {
		key = filepath.Base(u.Path)
		folder.Path = filepath.Dir(u.Path)
		folder.Root = folder.Path
		return folder, key, !strings.HasSuffix(filepath.ToSlash(u.Path), "/") && store.CheckKey(key) == nil
	}
	root, query, asks := strings.Cut(u.Root, "?")
	i := strings.LastIndexByte(root, '/')
	key, err := url.PathUnescape(root[i+1:])
	if err != nil || u.Path == "" || store.CheckKey(key) != nil || strings.Contains(key, "/") {
		return u, "", false
	}
	folder.Root, folder.Path = root[:i], strings.TrimSuffix(u.Path, "/"+key)
	if folder.Path == "" && u.Scheme == "file" {
		folder.Path = "/"
	}
	if asks {
		folder.Root += "?" + query
	}
	return folder, key, true
}
