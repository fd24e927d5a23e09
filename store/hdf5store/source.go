package hdf5store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// source is a file as package hdf5 reads it: an object of a store, in one version.
type source struct {
	below store.Store
	info  store.Info
	head  []byte // the bytes at the beginning, of a file that is far away
}

// headSize is how much of a file that is far away is read first.
const headSize = 512 << 10

// newSource finds the file. What is far away tells in the same breath what it begins with.
func newSource(ctx context.Context, below store.Store, key string) (*source, error) {
	s := &source{below: below}
	var err error
	if below.Guarantees().Remote {
		s.head, s.info, err = below.Get(ctx, key, store.GetOptions{Range: store.Range{Len: headSize}}, nil)
	} else {
		s.info, err = below.Stat(ctx, key)
	}
	return s, err
}

// Size implements hdf5.Source.
func (s *source) Size() int64 { return s.info.Size }

// Ahead implements hdf5.Remote.
func (s *source) Ahead() int {
	if s.head != nil {
		return 256 << 10
	}
	return 0
}

// Head implements hdf5.Remote.
func (s *source) Head() []byte { return s.head }

// ReadSpans implements hdf5.Remote.
func (s *source) ReadSpans(ctx context.Context, spans []nd.Span) error { return s.spans(ctx, spans) }

// ReadAt implements hdf5.Source.
func (s *source) ReadAt(ctx context.Context, p []byte, off int64) error {
	return s.spans(ctx, []nd.Span{{Off: off, Dst: p}})
}

// spans reads what is not in the head, all at the same time.
func (s *source) spans(ctx context.Context, spans []nd.Span) error {
	if s.headOnly(spans) {
		for _, span := range spans {
			copy(span.Dst, s.head[span.Off:])
		}
		return ctx.Err()
	}
	now, err := store.GetRanges(ctx, s.below, s.info.Key, store.Cond{IfMatch: s.info.Version}, spans)
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, fs.ErrNotExist),
		err == nil && (now.Size != s.info.Size || now.Version != s.info.Version):
		return fmt.Errorf("the file %s was changed while it was in use; open it again", s.info.Key)
	}
	return err
}

// others finds the files that a file names, in the folder that it is in and below.
func others(below store.Store) hdf5.Others {
	return func(ctx context.Context, name string) (hdf5.Source, error) {
		key, err := beside(name)
		if err != nil {
			return nil, err
		}
		return newSource(ctx, below, key)
	}
}

func (s *source) headOnly(spans []nd.Span) bool {
	for _, span := range spans {
		if span.Off > int64(len(s.head)-len(span.Dst)) {
			return false
		}
	}
	return len(s.head) > 0
}
