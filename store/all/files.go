package all

import (
	"context"

	"github.com/dosna/dosna/store"
)

// Files returns the addresses of the files in a folder that are called as files are that
// trees can be opened in, in the order of their names.
func Files(ctx context.Context, address string, o store.OpenOptions) ([]string, error) {
	u, err := store.ParseURL(address)
	if err != nil {
		return nil, err
	}
	at, err := under(u.Root)
	if err != nil {
		return nil, err
	}
	o.ReadOnly = true
	s, err := Open(ctx, u.Root, o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var found []string
	for info, err := range s.List(ctx, store.ListOptions{Shallow: true}) {
		if err != nil {
			return nil, err
		}
		if !info.Dir && isHDF5(info.Key) {
			found = append(found, at(info.Key))
		}
	}
	return found, nil
}
