package present

import (
	"context"
	"fmt"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	o, err := s.find(ctx, key)
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	if o.Size < 0 {
		if err := s.made(ctx, key, &o); err != nil {
			return store.Info{}, s.fail("stat", key, err)
		}
	}
	return o.info(key), nil
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
	if err == nil && o.Size < 0 {
		err = s.made(ctx, key, &o)
	}
	if err != nil {
		return nil, store.Info{}, err
	}
	info := o.info(key)
	off, n, err := opts.In(o.Size, info.Version)
	if err != nil {
		return nil, store.Info{}, err
	}
	if err := s.made(ctx, key, &o); err != nil {
		return nil, store.Info{}, err
	}
	if int64(cap(dst)-len(dst)) < n {
		dst = append(make([]byte, 0, int64(len(dst))+n), dst...)
	}
	at := len(dst)
	dst = dst[:int64(at)+n]
	if o.Data != nil {
		copy(dst[at:], o.Data[off:off+n])
	} else if n > 0 {
		err = o.File.ReadAt(ctx, dst[at:], o.Off+off)
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
	if err := c.MeetRead(o.info(key).Version); err != nil {
		return store.Info{}, err
	}
	if err := s.made(ctx, key, &o); err != nil {
		return store.Info{}, err
	}
	info := o.info(key)
	moved := make([]nd.Span, 0, len(spans))
	for _, span := range spans {
		off, err := store.SpanIn(span, o.Size)
		if err != nil {
			return store.Info{}, err
		}
		if o.Data != nil {
			copy(span.Dst, o.Data[off:])
		} else if len(span.Dst) > 0 {
			moved = append(moved, nd.Span{Off: o.Off + off, Dst: span.Dst})
		}
	}
	if len(moved) == 0 {
		return info, nil
	}
	return info, o.File.ReadSpans(ctx, moved)
}

// made makes the bytes of an object that are nowhere, and keeps them for a while.
func (s *Store) made(ctx context.Context, key string, o *Object) error {
	if o.Make == nil || o.Data != nil {
		return nil
	}
	name := string(o.info(key).Version) + "\x00" + key
	s.mu.Lock()
	data := s.kept.data[name]
	s.mu.Unlock()
	if data == nil {
		var err error
		if data, err = o.Make(ctx); err != nil {
			return err
		}
		if o.Size >= 0 && int64(len(data)) != o.Size {
			return fmt.Errorf("%w: %d bytes where %d should be", store.ErrCorrupt, len(data), o.Size)
		}
	}
	o.Data, o.Size = data, int64(len(data))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.add(name, data)
	return nil
}

// mostKept bounds the memory of objects that were made.
const mostKept = 32 << 20

// kept are objects that were made a short time ago: who asks for one asks again for its parts.
type kept struct {
	names []string // the oldest first
	data  map[string][]byte
	bytes int
}

func (k *kept) add(name string, data []byte) {
	if len(data) > mostKept/2 || k.data[name] != nil {
		return
	}
	if k.data == nil {
		k.data = map[string][]byte{}
	}
	k.data[name] = data
	k.names = append(k.names, name)
	for k.bytes += len(data); k.bytes > mostKept; k.names = k.names[1:] {
		k.bytes -= len(k.data[k.names[0]])
		delete(k.data, k.names[0])
	}
}
