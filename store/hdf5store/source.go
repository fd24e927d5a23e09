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
}

func newSource(ctx context.Context, below store.Store, key string) (*source, error) {
	info, err := below.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	return &source{below: below, info: info}, nil
}

// Size implements hdf5.Source.
func (s *source) Size() int64 { return s.info.Size }

// Ahead implements hdf5.Ahead.
func (s *source) Ahead() int {
	if s.below.Guarantees().Remote {
		return 256 << 10
	}
	return 0
}

// ReadAt implements hdf5.Source.
func (s *source) ReadAt(ctx context.Context, p []byte, off int64) error {
	return s.spans(ctx, []nd.Span{{Off: off, Dst: p}})
}

func (s *source) spans(ctx context.Context, spans []nd.Span) error {
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
