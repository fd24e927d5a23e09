package hdf5

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// Others opens the files that a file names: those of external links, of virtual datasets and of raw data. A name is as it is in
// the file, "." being that itself, which is never asked for. One that does not exist is an error that wraps fs.ErrNotExist.
type Others func(ctx context.Context, name string) (Source, error)

// others are files that were opened.
type others struct {
	open    Others
	mu      sync.Mutex
	sources map[string]Source
	files   map[string]*File
}

// mostOthers bounds the other files that are open at a time.
const mostOthers = 4096

// OpenBeside is [Open] for a file that may name others.
func OpenBeside(ctx context.Context, src Source, o Others) (*File, error) {
	f, err := Open(ctx, src)
	if err != nil {
		return nil, err
	}
	f.others = &others{open: o, sources: map[string]Source{}, files: map[string]*File{}}
	return f, nil
}

// source returns another file's bytes.
func (f *File) source(ctx context.Context, name string) (Source, error) {
	if f.others == nil || f.others.open == nil {
		return nil, fmt.Errorf("%w: the file %.200q, and it was not said where to find other files", ErrUnsupported, name)
	}
	o := f.others
	o.mu.Lock()
	s := o.sources[name]
	full := len(o.sources) >= mostOthers
	o.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if full {
		return nil, fmt.Errorf("%w: more than %d other files", ErrUnsupported, mostOthers)
	}
	s, err := o.open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("the file %.200q: %w", name, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sources[name] = s
	return s, nil
}

// other returns another HDF5 file. Files that it names are looked for as those of this one.
func (f *File) other(ctx context.Context, name string) (*File, error) {
	if name == "." || name == "" {
		return f, nil
	}
	src, err := f.source(ctx, name)
	if err != nil {
		return nil, err
	}
	f.others.mu.Lock()
	g := f.others.files[name]
	f.others.mu.Unlock()
	if g != nil {
		return g, nil
	}
	if g, err = Open(ctx, src); err != nil {
		return nil, fmt.Errorf("the file %.200q: %w", name, err)
	}
	f.others.mu.Lock()
	defer f.others.mu.Unlock()
	if first := f.others.files[name]; first != nil {
		return first, nil
	}
	g.others = f.others
	f.others.files[name] = g
	return g, nil
}

// besideAt reads raw data of an external file; beyond its end there are zeros, as the library has it.
func (f *File) besideAt(ctx context.Context, e External, off int64, p []byte) error {
	src, err := f.source(ctx, e.Name)
	if err != nil {
		return err
	}
	off += int64(e.Offset)
	n := max(min(int64(len(p)), src.Size()-off), 0)
	clear(p[n:])
	if n == 0 {
		return nil
	}
	return src.ReadAt(ctx, p[:n], off)
}

// ErrNotFound means that there is no object of a name. It wraps fs.ErrNotExist.
var ErrNotFound = fmt.Errorf("there is no such HDF5 object: %w", fs.ErrNotExist)

// mostFollowed bounds the links from one object to another.
const mostFollowed = 64

// Lookup returns the object at a path from the root group, along links of all kinds.
func (f *File) Lookup(ctx context.Context, path string) (*Object, error) {
	root, err := f.Root(ctx)
	if err != nil {
		return nil, err
	}
	return root.lookup(ctx, path, new(int))
}

// Follow returns what a link of the group leads to.
func (o *Object) Follow(ctx context.Context, l Link) (*Object, error) {
	return o.follow(ctx, l, new(int))
}

func (o *Object) lookup(ctx context.Context, path string, followed *int) (*Object, error) {
	at := o
	if strings.HasPrefix(path, "/") {
		var err error
		if at, err = o.file.Root(ctx); err != nil {
			return nil, err
		}
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." {
			continue
		}
		l, err := at.Child(ctx, name)
		if err != nil {
			return nil, err
		}
		if at, err = at.follow(ctx, l, followed); err != nil {
			return nil, err
		}
	}
	return at, nil
}

func (o *Object) follow(ctx context.Context, l Link, followed *int) (*Object, error) {
	if *followed++; *followed > mostFollowed {
		return nil, fmt.Errorf("%w: more than %d links one after the other at %.100q", ErrNotFound, mostFollowed, l.Name)
	}
	switch l.Kind {
	case HardLink:
		return o.file.Object(ctx, l.Addr)
	case SoftLink:
		return o.lookup(ctx, l.Target, followed)
	case ExternalLink:
		g, err := o.file.other(ctx, l.File)
		if err != nil {
			return nil, err
		}
		root, err := g.Root(ctx)
		if err != nil {
			return nil, err
		}
		return root.lookup(ctx, l.Target, followed)
	}
	return nil, fmt.Errorf("%w: the link %.100q is of a kind that a program defines", ErrUnsupported, l.Name)
}

// Child returns a group's link of a name.
func (o *Object) Child(ctx context.Context, name string) (Link, error) {
	if o.Kind() == Group {
		for l, err := range o.Links(ctx) {
			if err != nil {
				return Link{}, err
			}
			if l.Name == name {
				return l, nil
			}
		}
	}
	return Link{}, fmt.Errorf("%w: %.100q", ErrNotFound, name)
}

// missing tells whether an error means that a file or an object is not there.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
