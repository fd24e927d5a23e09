package store

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Policy says which stores a tree may make a program open besides its own: those
// that its links lead to, and those where references say that its chunks lie. It is
// nil of the address of a store, or of an object, that may be opened, and an error
// that says why not of others. A tree may come from a stranger, who otherwise
// could have any file, and any server, read that the reader's program can reach.
//
// A nil Policy allows nothing beyond what is always allowed, which whoever asks it
// documents.
type Policy func(u URL) error

// ErrNotAllowed is what a tree leads to, and no Policy allows. It is an
// ErrPermission.
var ErrNotAllowed = fmt.Errorf("%w: what a tree leads to is opened only where that is allowed", ErrPermission)

// Check is nil of an address that may be opened, and otherwise ErrNotAllowed.
func (p Policy) Check(u URL) error {
	if p == nil {
		return fmt.Errorf("%w, and nothing is", ErrNotAllowed)
	}
	if err := p(u); err != nil {
		if errors.Is(err, ErrNotAllowed) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	return nil
}

// AllowPrefixes returns the policy that allows what is at one of some addresses or
// below it: "https://data.example/open", "s3://bucket", "/data/raw". A scheme alone,
// "https://", stands for all that it opens. Paths are compared whole segments at a
// time, and none with ".." is allowed. The options of an address,
// "s3://bucket?endpoint=…", have to be the same, except those of web servers.
func AllowPrefixes(addresses ...string) (Policy, error) {
	var allowed []URL
	for _, address := range addresses {
		u, err := ParseURL(address)
		if err == nil {
			u, err = u.absolute()
		}
		switch {
		case err != nil:
			return nil, err
		case u.Node != "" || u.climbs():
			return nil, fmt.Errorf("%w: %q is no address of a store, without a node and without .. in it", ErrInvalid, address)
		}
		allowed = append(allowed, u)
	}
	return func(u URL) error {
		abs, err := u.absolute()
		if err != nil {
			return err
		}
		if u.climbs() || !slices.ContainsFunc(allowed, abs.below) {
			return fmt.Errorf("%s is not below any of %s", u.Root, strings.Join(addresses, ", "))
		}
		return nil
	}, nil
}

// absolute returns u with the path of a plain one from the root of this machine.
func (u URL) absolute() (URL, error) {
	if strings.Contains(u.Root, "://") || u.Scheme != "file" {
		return u, nil
	}
	abs, err := filepath.Abs(u.Path)
	u.Path = filepath.ToSlash(abs)
	return u, err
}

// climbs reports whether a path does not say by itself where it leads.
func (u URL) climbs() bool {
	return slices.Contains(strings.Split(filepath.ToSlash(u.Path), "/"), "..")
}

// below reports whether u is at the address that above has, or below it.
func (u URL) below(above URL) bool {
	if u.Scheme != above.Scheme {
		return false
	}
	if above.Host == "" && above.Path == "" {
		return len(above.Query) == 0
	}
	web := u.Scheme == "http" || u.Scheme == "https"
	if u.Host != above.Host && !(web && strings.EqualFold(u.Host, above.Host)) {
		return false
	}
	if !web && u.Query.Encode() != above.Query.Encode() {
		return false
	}
	have, want := path.Clean("/"+u.Path), strings.TrimSuffix(path.Clean("/"+above.Path), "/")
	return have == want || strings.HasPrefix(have, want+"/")
}
