package all

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/dosna/dosna/store"
)

// Addresses makes the addresses of objects in and beside a store of that of the store.
type Addresses struct{ root, folder func(key string) string }

// AddressesOf returns the addresses of what is at the address of a tree. There are none
// in the memory of a process.
func AddressesOf(address string) (Addresses, error) {
	u, err := store.ParseURL(address)
	if err != nil {
		return Addresses{}, err
	}
	if u.Scheme == "mem" {
		return Addresses{}, fmt.Errorf("%w: %s is in the memory of this process, where references lead nobody else", store.ErrInvalid, u.Root)
	}
	a := Addresses{}
	if a.root, err = under(u.Root); err != nil {
		return a, err
	}
	a.folder = a.root
	if folder, _, ok := splitLast(u); ok {
		a.folder, err = under(folder.Root)
	}
	return a, err
}

// Object is the address of the object of a key.
func (a Addresses) Object(key string) string { return a.root(key) }

// Source is the address of what [store.Location] calls a source.
func (a Addresses) Source(name string) string {
	if strings.Contains(name, "://") || filepath.IsAbs(name) {
		return name
	}
	return a.folder(name)
}

// under returns what makes addresses of keys in the store at an address.
func under(address string) (func(key string) string, error) {
	if !strings.Contains(address, "://") {
		abs, err := filepath.Abs(address)
		if err != nil {
			return nil, err
		}
		abs = strings.TrimSuffix(filepath.ToSlash(abs), "/")
		return func(key string) string { return abs + "/" + key }, nil
	}
	root, query, asks := strings.Cut(address, "?")
	root = strings.TrimRight(root, "/")
	if asks {
		query = "?" + query
	}
	return func(key string) string { return root + (&url.URL{Path: "/" + key}).EscapedPath() + query }, nil
}
