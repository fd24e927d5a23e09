package present

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// File is an object of the store below in one version. It is safe for concurrent use.
type File struct {
	below store.Store
	info  store.Info
}

// OpenFile finds the object of a key.
func OpenFile(ctx context.Context, below store.Store, key string) (*File, error) {
	info, err := below.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	return &File{below: below, info: info}, nil
}

// Info is what the object was when it was found.
func (f *File) Info() store.Info { return f.info }

// Size is the number of bytes.
func (f *File) Size() int64 { return f.info.Size }

// Ahead is how many bytes are read as fast as few.
func (f *File) Ahead() int {
	if f.below.Guarantees().Remote {
		return 256 << 10
	}
	return 0
}

// ReadAt fills p with the bytes at off. Those of another version are an error.
func (f *File) ReadAt(ctx context.Context, p []byte, off int64) error {
	return f.ReadSpans(ctx, []nd.Span{{Off: off, Dst: p}})
}

// ReadSpans fills several parts.
func (f *File) ReadSpans(ctx context.Context, spans []nd.Span) error {
	now, err := store.GetRanges(ctx, f.below, f.info.Key, store.Cond{IfMatch: f.info.Version}, spans)
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, fs.ErrNotExist),
		err == nil && (now.Size != f.info.Size || now.Version != f.info.Version):
		return fmt.Errorf("the file %s was changed while it was in use; open it again", f.info.Key)
	}
	return err
}
