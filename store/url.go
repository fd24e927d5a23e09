package store

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// URL is the address of a store's root, and of a node in it, taken apart.
type URL struct {
	Root   string     // the address as it was given, without the node
	Scheme string     // in lower case; "file" for a plain path
	Host   string     // what follows "scheme://", up to the next slash: a bucket, a pool, a name
	Path   string     // from that slash on, percent-escapes decoded; a plain path, as it was given
	Query  url.Values // never nil; see CheckQuery
	Node   string     // right of the last "#/": a key, or "" for the root itself
}

// String is the whole address. ParseURL understands it as u.
func (u URL) String() string {
	if u.Node == "" && !strings.Contains(u.Root, "#/") {
		return u.Root
	}
	return u.Root + "#/" + u.Node
}

// ParseURL takes an address apart. What stands right of the last "#/" is the
// node, literally; a slash at its end is dropped. What stands left is a URL if
// it begins with a scheme and "://", and else a plain path of this machine,
// which is not looked into: "#", "?", "%" and ":" in it mean themselves. A path
// that looks like a URL can be written with "./" before it.
//
// ParseURL does not know which schemes there are.
func ParseURL(address string) (URL, error) {
	fault := func(format string, args ...any) (URL, error) {
		return URL{}, fmt.Errorf("%w: the address %q %s", ErrInvalid, address, fmt.Sprintf(format, args...))
	}
	u := URL{Root: address, Query: url.Values{}}
	if i := strings.LastIndex(address, "#/"); i >= 0 {
		u.Root, u.Node = address[:i], strings.TrimSuffix(address[i+2:], "/")
		if u.Node != "" {
			if err := CheckKey(u.Node); err != nil {
				return fault("names no node: %v", err)
			}
		}
	}
	if u.Root == "" {
		return fault("has no root")
	}
	if strings.ContainsRune(u.Root, 0) {
		return fault("has a NUL in it")
	}
	scheme, rest, ok := strings.Cut(u.Root, "://")
	if !ok || !isScheme(scheme) {
		u.Scheme, u.Path = "file", u.Root
		return u, nil
	}
	u.Scheme = strings.ToLower(scheme)
	if strings.Contains(rest, "#") {
		return fault("has a # left of its node: write %%23, or #/ before a node")
	}
	rest, query, _ := strings.Cut(rest, "?")
	host, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if strings.Contains(host, "@") {
		return fault("has a user's name or password in it, which do not belong there")
	}
	var err error
	if u.Host, err = url.PathUnescape(host); err != nil {
		return fault("is malformed: %v", err)
	}
	if u.Path, err = url.PathUnescape(path); err != nil {
		return fault("is malformed: %v", err)
	}
	if strings.ContainsRune(u.Host+u.Path, 0) {
		return fault("has a NUL in it")
	}
	if u.Query, err = url.ParseQuery(query); err != nil {
		return fault("is malformed: %v", err)
	}
	return u, nil
}

// CheckQuery is an error unless every key of the query is one of known, and
// given once.
func (u URL) CheckQuery(known ...string) error {
	for key, values := range u.Query {
		if !slices.Contains(known, key) {
			options := "it takes none"
			if len(known) > 0 {
				options = "it takes " + strings.Join(known, ", ")
			}
			return fmt.Errorf("%w: %s has the unknown option %q; %s", ErrInvalid, u.Root, key, options)
		}
		if len(values) > 1 {
			return fmt.Errorf("%w: %s has the option %q more than once", ErrInvalid, u.Root, key)
		}
	}
	return nil
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// OpenOptions say how a store is opened; the zero value opens what exists for
// reading and writing.
type OpenOptions struct {
	ReadOnly bool // refuse every change with ErrPermission; package all sees to it, not the backend
	Create   bool // make the root where only its last directory is missing
	// Allow says where references in a tree may lead to, beside what lies with them:
	// in their folder and below it, and on the same web server.
	Allow Policy
	// Requests, if not nil, has to allow each request to a web server, also those to
	// which the server redirects.
	Requests Policy
	// Observer, if not nil, is told of what is asked of the backend. Package all sees
	// to it.
	Observer Observer
}

// Observer is told of what is asked of stores that are opened.
type Observer interface {
	// Over returns a layer over a backend's store, to be used in its place. Requests
	// that are tried again pass it each time.
	Over(s Store) Store
	// Retried is called before a request is tried again.
	Retried()
}
