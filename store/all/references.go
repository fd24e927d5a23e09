package all

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/httpstore"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/refstore"
)

// withReferences returns open, except that an address that ends in .json opens the
// references of kerchunk there, if there is such an object, and one that ends in
// .parq or .parquet those in the folder there, if it has a .zmetadata in it. They
// may lead to objects in the folder that they are in, and below.
func withReferences(open opener) opener { return references(open, nil) }

// OpenReferences opens references, like Open, which may also lead to where allow
// is nil of. Without its leave a table that came from a stranger could have files
// of this machine read, and servers that only this machine can reach.
func OpenReferences(ctx context.Context, address string, allow func(store.URL) error) (store.Store, error) {
	u, b, err := find(address)
	if err != nil {
		return nil, err
	}
	if _, key, ok := splitLast(u); !ok || isReferences(key) == "" {
		return nil, fmt.Errorf("%w: %s is no address of references: it does not end in .json, .parq or .parquet", store.ErrInvalid, u.Root)
	}
	return references(b.open, allow)(ctx, u, store.OpenOptions{})
}

// isReferences returns the object that there must be for references of that name.
func isReferences(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return name
	case ".parq", ".parquet":
		return name + "/.zmetadata"
	}
	return ""
}

func references(open opener, allow func(store.URL) error) opener {
	return inFiles(isReferences, open, func(ctx context.Context, below store.Store, folder store.URL, key string) (store.Store, error) {
		name := strings.TrimSuffix(store.Name(below), "/") + "/" + key
		to := &sources{folder: folder, below: below, allow: allow, opened: map[string]store.Store{}}
		if isReferences(key) != key {
			s, err := refstore.OpenParquet(ctx, name, below, key+"/", to)
			if err != nil {
				return nil, err
			}
			return s, nil
		}
		r, _, err := store.OpenReader(ctx, below, key, store.GetOptions{})
		if err != nil {
			return nil, err
		}
		defer r.Close()
		m, err := refstore.ParseJSON(ctx, r)
		if err != nil {
			return nil, &store.Error{Op: "open the references", Store: store.Name(below), Key: key, Err: err}
		}
		return refstore.Open(name, m, to), nil
	})
}

// sources finds what references lead to. It implements refstore.Sources.
type sources struct {
	folder store.URL // of the references
	below  store.Store
	allow  func(store.URL) error

	mu     sync.Mutex
	opened map[string]store.Store // other folders, by their address
}

// Find implements refstore.Sources.
func (s *sources) Find(ctx context.Context, address string) (store.Store, string, error) {
	if key, ok := s.within(address); ok {
		return s.below, key, nil
	}
	u, err := store.ParseURL(address)
	if err != nil {
		return nil, "", err
	}
	outward := !strings.Contains(address, "://") && !filepath.IsAbs(address)
	for segment := range strings.SplitSeq(filepath.ToSlash(u.Path), "/") {
		outward = outward || segment == ".."
	}
	if outward { // what is allowed says nothing of where that leads
		return nil, "", fmt.Errorf("%w: references lead to it, out of the folder %s", store.ErrPermission, s.folder.Root)
	}
	if s.allow == nil {
		return nil, "", fmt.Errorf("%w: references lead to it, which is not in the folder that they are in, %s, and nothing else is allowed", store.ErrPermission, s.folder.Root)
	}
	if err := s.allow(u); err != nil {
		return nil, "", fmt.Errorf("%w: %w", store.ErrPermission, err)
	}
	folder, key, ok := splitLast(u)
	if !ok {
		return nil, "", fmt.Errorf("%w: %s names no object", store.ErrInvalid, address)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil {
		return nil, "", store.ErrClosed
	}
	if opened, ok := s.opened[folder.Root]; ok {
		return opened, key, nil
	}
	opened, err := s.open(ctx, folder)
	if err != nil {
		return nil, "", err
	}
	s.opened[folder.Root] = opened
	return opened, key, nil
}

// open opens a folder that is allowed. Of a web server redirects must be allowed
// too.
func (s *sources) open(ctx context.Context, folder store.URL) (store.Store, error) {
	if folder.Scheme != "http" && folder.Scheme != "https" {
		return Open(ctx, folder.Root, store.OpenOptions{})
	}
	web, err := httpstore.Open(folder.Root, httpstore.Options{Allow: func(to *url.URL) error {
		u, err := store.ParseURL(to.String())
		if err != nil {
			return err
		}
		return s.allow(u)
	}})
	if err != nil {
		return nil, err
	}
	return layer.Retry(web, layer.RetryOptions{}), nil
}

// within returns the key of an address in the folder of the references, if it is
// there.
func (s *sources) within(address string) (string, bool) {
	rest := address
	if strings.Contains(address, "://") || filepath.IsAbs(address) {
		u, err := store.ParseURL(address)
		if err != nil || u.Scheme != s.folder.Scheme || u.Host != s.folder.Host || u.Query.Encode() != "" && u.Query.Encode() != s.folder.Query.Encode() {
			return "", false
		}
		home, there := s.folder.Path, u.Path
		if u.Scheme == "file" {
			if home, err = filepath.Abs(home); err != nil {
				return "", false
			}
			home, there = filepath.ToSlash(home), filepath.ToSlash(there)
		}
		var ok bool
		if rest, ok = strings.CutPrefix(there, strings.TrimSuffix(home, "/")+"/"); !ok {
			return "", false
		}
	}
	key := path.Clean(rest)
	return key, !strings.HasPrefix(rest, "/") && store.CheckKey(key) == nil
}

// Close implements refstore.Sources.
func (s *sources) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.below.Close()
	for _, o := range s.opened {
		err = errors.Join(err, o.Close())
	}
	s.opened = nil
	return err
}
