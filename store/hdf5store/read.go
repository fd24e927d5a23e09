package hdf5store

import (
	"context"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// object is what a key stands for: bytes, or a part of the file.
type object struct {
	data []byte
	src  *source // else, where they are
	off  int64
	size int64
	made bool // of what is in the file, when it is read
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	o, err := s.find(ctx, key)
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	return s.info(key, o), nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	got, info, err := s.get(ctx, key, o, dst)
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	return got, info, nil
}

func (s *Store) get(ctx context.Context, key string, opts store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	if err := opts.Check(); err != nil {
		return nil, store.Info{}, err
	}
	o, err := s.find(ctx, key)
	if err != nil {
		return nil, store.Info{}, err
	}
	info := s.info(key, o)
	off, n, err := opts.In(o.size, info.Version)
	if err != nil {
		return nil, store.Info{}, err
	}
	if int64(cap(dst)-len(dst)) < n {
		dst = append(make([]byte, 0, int64(len(dst))+n), dst...)
	}
	at := len(dst)
	dst = dst[:int64(at)+n]
	if o.data != nil {
		copy(dst[at:], o.data[off:off+n])
	} else if n > 0 {
		err = o.src.ReadAt(ctx, dst[at:], o.off+off)
	}
	return dst, info, err
}

// GetRanges implements store.RangeGetter.
func (s *Store) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	info, err := s.getRanges(ctx, key, c, spans)
	if err != nil {
		return store.Info{}, s.fail("get ranges of", key, err)
	}
	return info, nil
}

func (s *Store) getRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	if err := c.CheckRead(); err != nil {
		return store.Info{}, err
	}
	o, err := s.find(ctx, key)
	if err != nil {
		return store.Info{}, err
	}
	info := s.info(key, o)
	if err := c.MeetRead(info.Version); err != nil {
		return store.Info{}, err
	}
	moved := make([]nd.Span, 0, len(spans))
	for _, span := range spans {
		off, err := store.SpanIn(span, o.size)
		if err != nil {
			return store.Info{}, err
		}
		if o.data != nil {
			copy(span.Dst, o.data[off:])
		} else if len(span.Dst) > 0 {
			moved = append(moved, nd.Span{Off: o.off + off, Dst: span.Dst})
		}
	}
	if len(moved) == 0 {
		return info, nil
	}
	return info, o.src.spans(ctx, moved)
}

// mostKept bounds the memory of objects that were made.
const mostKept = 32 << 20

// kept are objects that were made a short time ago: who asks for one asks again for its parts.
type kept struct {
	keys  []string // the oldest first
	data  map[string][]byte
	bytes int
}

func (k *kept) add(key string, data []byte) {
	if len(data) > mostKept/2 || k.data[key] != nil {
		return
	}
	if k.data == nil {
		k.data = map[string][]byte{}
	}
	k.data[key] = data
	k.keys = append(k.keys, key)
	for k.bytes += len(data); k.bytes > mostKept; k.keys = k.keys[1:] {
		k.bytes -= len(k.data[k.keys[0]])
		delete(k.data, k.keys[0])
	}
}
