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
	below  store.Store
	source string
	info   store.Info
	head   []byte // the bytes at the beginning, of a file that is far away
}

// headSize is how much of a file that is far away is read first.
const headSize = 512 << 10

// OpenFile finds the object of a key, which is the source of what lies in it: see [store.Location]. What is far away tells in the same breath
// what it begins with.
func OpenFile(ctx context.Context, below store.Store, key, source string) (*File, error) {
	f := &File{below: below, source: source}
	var err error
	if below.Guarantees().Remote {
		f.head, f.info, err = below.Get(ctx, key, store.GetOptions{Range: store.Range{Len: headSize}}, nil)
	} else {
		f.info, err = below.Stat(ctx, key)
	}
	return f, err
}

// Info is what the object was when it was found.
func (f *File) Info() store.Info { return f.info }

// Size is the number of bytes.
func (f *File) Size() int64 { return f.info.Size }

// Ahead is how many bytes are read as fast as few.
func (f *File) Ahead() int {
	if f.head != nil {
		return headSize / 2
	}
	return 0
}

// Head is what has been read of the beginning.
func (f *File) Head() []byte { return f.head }

// ReadAt fills p with the bytes at off. Those of another version are an error.
func (f *File) ReadAt(ctx context.Context, p []byte, off int64) error {
	return f.ReadSpans(ctx, []nd.Span{{Off: off, Dst: p}})
}

// ReadSpans fills several parts, all at the same time.
func (f *File) ReadSpans(ctx context.Context, spans []nd.Span) error {
	if f.inHead(spans) {
		for _, span := range spans {
			copy(span.Dst, f.head[span.Off:])
		}
		return ctx.Err()
	}
	now, err := store.GetRanges(ctx, f.below, f.info.Key, store.Cond{IfMatch: f.info.Version}, spans)
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, fs.ErrNotExist),
		err == nil && (now.Size != f.info.Size || now.Version != f.info.Version):
		return fmt.Errorf("the file %s was changed while it was in use; open it again", f.info.Key)
	}
	return err
}

func (f *File) inHead(spans []nd.Span) bool {
	for _, span := range spans {
		if span.Off > int64(len(f.head)-len(span.Dst)) {
			return false
		}
	}
	return len(f.head) > 0
}
