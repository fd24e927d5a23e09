package dosna

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
)

// LinkFiles creates a tree over files that stay where they are, at a path where there is
// none: see CopyOptions.Refer. An address is that of a file that Open opens, or of a node
// in one, or of any other tree; or of a folder, for the HDF5 and netCDF files in it.
//
// One source becomes the node at the path itself, several become children of a group there, called as
// the files are without what follows the last dot. With an axis they are put behind one
// another instead, as Concatenate does, in the order given; those of a folder in that of their names.
//
// The sources are opened by the options of the connection, to read. It returns the node
// and the addresses of the files.
func LinkFiles(ctx context.Context, addresses []string, to *Connection, at, axis string) (Node, []string, error) {
	var found []string
	var srcs []Node
	defer func() {
		for _, n := range srcs {
			_ = n.Connection().Close()
		}
	}()
	o := to.o
	o.Mode = ReadOnly
	for _, address := range addresses {
		opened, files, err := openSources(ctx, address, &o)
		srcs = append(srcs, opened...)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, files...)
	}
	var n Node
	var err error
	switch {
	case axis != "":
		n, err = Concatenate(ctx, srcs, axis, to, at)
	case len(srcs) == 1:
		n, err = Copy(ctx, srcs[0], to, at, &CopyOptions{Refer: true})
	default:
		n, err = linkEach(ctx, srcs, found, to, at)
	}
	return n, found, err
}

// openSources opens what is at an address, or in the files in a folder.
func openSources(ctx context.Context, address string, o *Options) ([]Node, []string, error) {
	n, err := openNode(ctx, address, o)
	if err == nil {
		return []Node{n}, []string{address}, nil
	}
	u, parsed := store.ParseURL(address)
	if !errors.Is(err, ErrNotExist) || parsed != nil || u.Node != "" {
		return nil, nil, err
	}
	files, listed := all.Files(ctx, address, store.OpenOptions{Observer: o.Profile.observer()})
	switch {
	case errors.Is(listed, ErrNotExist):
		return nil, nil, err
	case listed != nil:
		return nil, nil, listed
	case len(files) == 0:
		return nil, nil, fmt.Errorf("%w: %s is no tree, and there are no HDF5 or netCDF files in it", ErrNotExist, address)
	}
	var srcs []Node
	for _, file := range files {
		n, err := openNode(ctx, file, o)
		if err != nil {
			return srcs, nil, err
		}
		srcs = append(srcs, n)
	}
	return srcs, files, nil
}

// openNode opens the node of an address, and a connection for it alone.
func openNode(ctx context.Context, address string, o *Options) (Node, error) {
	c, err := Open(ctx, address, o)
	if err != nil {
		return nil, err
	}
	n, err := c.OpenEntry(ctx, "")
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return n, nil
}

// linkEach makes the sources children of a group.
func linkEach(ctx context.Context, srcs []Node, files []string, to *Connection, at string) (_ Node, failed error) {
	var linked []Node
	g, err := to.CreateGroup(ctx, at, nil)
	made := err == nil
	if errors.Is(err, ErrExist) {
		g, err = to.OpenGroup(ctx, at)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if failed == nil {
			return
		}
		undo := context.WithoutCancel(ctx)
		if made {
			failed = errors.Join(failed, to.Delete(undo, g.Path()))
			return
		}
		for _, n := range linked {
			failed = errors.Join(failed, to.Delete(undo, n.Path()))
		}
	}()
	names := map[string]string{}
	for i, n := range srcs {
		u, err := store.ParseURL(files[i])
		if err != nil {
			return nil, err
		}
		base := path.Base(strings.ReplaceAll(u.Path, "\\", "/"))
		if u.Node != "" {
			base = path.Base(u.Node)
		}
		name := strings.TrimSuffix(base, path.Ext(base))
		if name == "" {
			name = base
		}
		if other, taken := names[name]; taken {
			return nil, fmt.Errorf("link %s: %w: it would be called %s, as %s; link one of them on its own", files[i], ErrInvalid, name, other)
		}
		names[name] = files[i]
		copied, err := Copy(ctx, n, to, path.Join(at, name), &CopyOptions{Refer: true})
		if err != nil {
			return nil, err
		}
		linked = append(linked, copied)
	}
	return g, nil
}
