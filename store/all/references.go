package all

import (
	"context"
	"errors"
	"fmt"
	"io"
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
// references of kerchunk there, if there is such an object, one that ends in .refs
// those in the form of package refstore, and one that ends in .parq or .parquet those
// in the folder there, if it has a .zmetadata in it. They
// may lead to objects in the folder that they are in, and below; on the web server
// that they are on; and to what the options allow.
func withReferences(open opener) opener {
	return inFiles(isReferences, open, func(ctx context.Context, below store.Store, folder store.URL, key string, o store.OpenOptions) (store.Store, error) {
		name := strings.TrimSuffix(store.Name(below), "/") + "/" + key
		to := newSources(folder, below, o)
		if isReferences(key) != key {
			s, err := refstore.OpenParquet(ctx, name, below, key+"/", to)
			if err != nil {
				return nil, err
			}
			return s, nil
		}
		m, err := readReferences(ctx, below, key)
		if err != nil {
			return nil, err
		}
		return refstore.Open(name, m, to), nil
	})
}

// readReferences reads references that are one object.
func readReferences(ctx context.Context, s store.Store, key string) (m *refstore.Manifest, err error) {
	if strings.EqualFold(filepath.Ext(key), ".refs") {
		var data []byte
		if data, _, err = s.Get(ctx, key, store.GetOptions{Max: refstore.MaxSize}, nil); err == nil {
			m, err = refstore.Unmarshal(data)
		}
	} else {
		var r io.ReadCloser
		if r, _, err = store.OpenReader(ctx, s, key, store.GetOptions{}); err == nil {
			defer r.Close()
			m, err = refstore.ParseJSON(ctx, r)
		}
	}
	if err != nil {
		err = &store.Error{Op: "open the references", Store: store.Name(s), Key: key, Err: err}
	}
	return m, err
}

// isReferences returns the object that there must be for references of that name.
func isReferences(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".refs":
		return name
	case ".parq", ".parquet":
		return name + "/.zmetadata"
	}
	return ""
}

// mostOpened bounds the stores that references have us open.
const mostOpened = 1000

// sources finds what references lead to. It implements refstore.Sources.
type sources struct {
	folder store.URL // that relative addresses start from
	below  store.Store
	o      store.OpenOptions
	remote bool // what is allowed may be behind a network

	mu     sync.Mutex
	opened map[string]store.Store // others, by their address
}

func newSources(folder store.URL, below store.Store, o store.OpenOptions) *sources {
	return &sources{folder: folder, below: below, o: o, remote: o.Allow != nil, opened: map[string]store.Store{}}
}

// Remote reports whether what references may lead to is behind a network. Which of what is
// allowed they lead to is not known before.
func (s *sources) Remote() bool { return s.remote || s.below.Guarantees().Remote }

// Find implements refstore.Sources.
func (s *sources) Find(ctx context.Context, address string) (store.Store, string, error) {
	if key, ok := s.within(address); ok {
		return s.below, key, nil
	}
	u, err := store.ParseURL(address)
	if err != nil {
		return nil, "", err
	}
	if !strings.Contains(address, "://") && !filepath.IsAbs(address) { // what is allowed says nothing of where that leads
		return nil, "", fmt.Errorf("%w: it leads out of the folder of the references, %s", store.ErrPermission, s.folder.Root)
	}
	if err := s.allowed(u); err != nil {
		return nil, "", err
	}
	folder, key, ok := splitRoot(u)
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
	if len(s.opened) == mostOpened {
		return nil, "", fmt.Errorf("%w: references lead to more than %d folders besides their own", store.ErrTooLarge, mostOpened)
	}
	opened, err := s.open(ctx, folder)
	if err != nil {
		return nil, "", err
	}
	s.opened[folder.Root] = opened
	return opened, key, nil
}

// allowed says whether references may lead to an address outside their folder.
func (s *sources) allowed(u store.URL) error {
	for segment := range strings.SplitSeq(filepath.ToSlash(u.Path), "/") {
		if segment == ".." {
			return fmt.Errorf("%w: %s has .. in it", store.ErrPermission, u.Root)
		}
	}
	if isWeb(u) && u.Scheme == s.folder.Scheme && strings.EqualFold(u.Host, s.folder.Host) {
		return nil
	}
	return s.o.Allow.Check(u)
}

func isWeb(u store.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// splitRoot cuts the address of an object into that of a store and a key in it:
// where names of hosts are those of stores, of all that is there.
func splitRoot(u store.URL) (root store.URL, key string, ok bool) {
	key = strings.TrimPrefix(u.Path, "/")
	if u.Scheme == "file" || u.Scheme == "mem" || store.CheckKey(key) != nil {
		return splitLast(u)
	}
	address, query, asks := strings.Cut(u.Root, "?")
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	root = u
	root.Root, root.Path = scheme+"://"+host, ""
	if asks {
		root.Root += "?" + query
	}
	return root, key, true
}

// open opens a store that is allowed. Where a web server sends us must be allowed,
// too.
func (s *sources) open(ctx context.Context, root store.URL) (store.Store, error) {
	if !isWeb(root) {
		u, b, err := find(root.Root)
		if err != nil {
			return nil, err
		}
		plain, err := b.plain(ctx, u, store.OpenOptions{ReadOnly: true, Observer: s.o.Observer})
		if err != nil {
			return nil, err
		}
		return layer.ReadOnly(plain), nil
	}
	web, err := httpstore.Open(root.Root, httpstore.Options{Allow: func(to *url.URL) error {
		u, err := store.ParseURL(to.String())
		if err != nil {
			return err
		}
		return s.allowed(u)
	}})
	if err != nil {
		return nil, err
	}
	return layer.Retry(over(web, s.o), retrying(s.o)), nil
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
func (s *sources) Close() error { return errors.Join(s.below.Close(), s.closeOthers()) }

// closeOthers closes all but the store of the folder.
func (s *sources) closeOthers() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, o := range s.opened {
		err = errors.Join(err, o.Close())
	}
	s.opened = nil
	return err
}
