package all

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/refstore"
)

// Sources are what references of datasets in a tree lead to: objects of the tree
// itself, by their keys, and others, by their addresses. It is safe for concurrent
// use.
type Sources struct {
	s *sources

	mu    sync.Mutex
	read  map[string]*Manifest // by their keys
	bytes int64                // of these
}

// Manifest is a table of references: see [refstore.Manifest].
type Manifest = refstore.Manifest

// ManifestBuilder makes one: see [refstore.Builder].
type ManifestBuilder = refstore.Builder

// Source is what references point into: see [refstore.Source].
type Source = refstore.Source

// SourcesOptions say how sources are opened.
type SourcesOptions struct {
	// Allow says which sources outside the tree, and its web server, may be opened.
	Allow    store.Policy
	Observer store.Observer
	// Remote says that what is allowed may be behind a network.
	Remote bool
}

// NewSources returns the sources of a tree, whose store stays the caller's. The root
// is zero where the tree has no address.
func NewSources(root store.URL, tree store.Store, o SourcesOptions) *Sources {
	s := newSources(root, tree, store.OpenOptions{ReadOnly: true, Allow: o.Allow, Observer: o.Observer})
	s.remote = o.Remote
	return &Sources{s: s, read: map[string]*Manifest{}}
}

// lent are sources that are not closed with the references that lead to them.
type lent struct{ *sources }

func (lent) Close() error { return nil }

// Remote reports whether what references lead to may be behind a network.
func (s *Sources) Remote() bool { return s.s.Remote() }

// Close closes what has been opened.
func (s *Sources) Close() error { return s.s.closeOthers() }

// readBytes bounds the manifests that are kept for who opens them again.
const readBytes = 64 << 20

// Manifest reads the manifest at a key of the tree, where there is another key for
// each. That there is none is no ErrNotExist, but ErrCorrupt: who reads it was told of
// it.
func (s *Sources) Manifest(ctx context.Context, key string) (*Manifest, error) {
	s.mu.Lock()
	m := s.read[key]
	s.mu.Unlock()
	if m != nil {
		return m, nil
	}
	m, err := readReferences(ctx, s.s.below, key)
	if errors.Is(err, store.ErrNotExist) {
		return nil, &store.Error{Op: "open the references", Store: store.Name(s.s.below), Key: key, Err: fmt.Errorf("%w: they are gone", store.ErrCorrupt)}
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := m.Bytes(); s.read[key] == nil && n <= readBytes {
		if s.bytes += n; s.bytes > readBytes {
			clear(s.read)
			s.bytes = n
		}
		s.read[key] = m
	}
	return m, nil
}

// Open returns the objects that a manifest has references for as a store. It is not
// to be used after Close.
func (s *Sources) Open(name string, m *Manifest) store.Store {
	return refstore.Open(name, m, lent{s.s})
}

// Address returns the form of a source's address that references in the tree have: a
// key, if it lies there. One that is relative and leads out is an error.
func (s *Sources) Address(address string) (string, error) {
	if key, ok := s.s.within(address); ok {
		return key, nil
	}
	switch {
	case strings.Contains(address, "://"):
		u, err := store.ParseURL(address)
		if err == nil && u.Node != "" {
			err = fmt.Errorf("%w: %s names a node, and references are to stored objects", store.ErrInvalid, address)
		}
		return address, err
	case !filepath.IsAbs(address):
		return "", fmt.Errorf("%w: the source %q is outside the tree, whose root relative addresses start from; give it by its whole address", store.ErrInvalid, address)
	}
	return filepath.ToSlash(address), nil
}

// Stat asks what a source is. The version that a local file has means nothing on
// another machine, nor of a copy: it is left out.
func (s *Sources) Stat(ctx context.Context, address string) (Source, error) {
	at, key, err := s.s.Find(ctx, address)
	var info store.Info
	if err == nil {
		info, err = at.Stat(ctx, key)
	}
	if err != nil {
		return Source{}, fmt.Errorf("the source %s: %w", address, err)
	}
	return Source{URL: address, Size: info.Size, Version: s.Version(address, info.Version), ModTime: info.ModTime}, nil
}

// Version returns the version of a source as references have it.
func (s *Sources) Version(address string, v store.Version) store.Version {
	u := s.s.folder
	if _, within := s.s.within(address); !within {
		u, _ = store.ParseURL(address)
	}
	if u.Scheme == "" || u.Scheme == "file" {
		return ""
	}
	return v
}

// Check is nil if a source is what it was, and else says how it is not.
func (s *Sources) Check(ctx context.Context, was Source) error {
	at, key, err := s.s.Find(ctx, was.URL)
	var now store.Info
	if err == nil {
		now, err = at.Stat(ctx, key)
	}
	return was.Is(now, err)
}
