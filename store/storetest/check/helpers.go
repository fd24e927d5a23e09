package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/store"
)

// put puts data as one part, without condition.
func put(ctx context.Context, s store.Store, key string, data []byte) (store.Version, error) {
	return s.Put(ctx, key, [][]byte{data}, store.Cond{})
}

// putAll puts each key with itself as the object.
func putAll(ctx context.Context, s store.Store, keys ...string) error {
	for _, key := range keys {
		if _, err := put(ctx, s, key, []byte(key)); err != nil {
			return err
		}
	}
	return nil
}

// Holds says what is wrong unless the object under key is data.
func Holds(ctx context.Context, s store.Store, key string, data []byte) error {
	got, info, err := s.Get(ctx, key, store.GetOptions{}, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("get %q returned %s, want %s", key, Brief(got), Brief(data))
	}
	if info.Key != key || info.Size != int64(len(data)) || info.Dir {
		return fmt.Errorf("get %q returned %d bytes with the info %+v", key, len(data), info)
	}
	return nil
}

// Absent says what is wrong unless there is no object under key.
func Absent(ctx context.Context, s store.Store, key string) error {
	_, _, err := s.Get(ctx, key, store.GetOptions{}, nil)
	if err := Wants(err, store.ErrNotExist, "get of %q, which should not exist,", key); err != nil {
		return err
	}
	_, err = s.Stat(ctx, key)
	return Wants(err, store.ErrNotExist, "stat of %q, which should not exist,", key)
}

// Wants says what is wrong unless err is a store's error that wraps target.
func Wants(err, target error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if err == nil {
		return fmt.Errorf("%s succeeded; want an error: %v", what, target)
	}
	if !errors.Is(err, target) {
		return fmt.Errorf("%s: %w; want an error wrapping: %v", what, err, target)
	}
	var e *store.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: the error %T is no *store.Error: %w", what, err, err)
	}
	if e.Op == "" || e.Store == "" {
		return fmt.Errorf("%s: the error names no operation or no store: %+v", what, *e)
	}
	return nil
}

// Keys returns the keys that a listing yields.
func Keys(ctx context.Context, s store.Store, o store.ListOptions) ([]string, error) {
	keys := []string{}
	for info, err := range s.List(ctx, o) {
		if err != nil {
			return keys, err
		}
		if info.Dir != strings.HasSuffix(info.Key, "/") {
			return keys, fmt.Errorf("list yielded %+v: folders, and they alone, have Dir and a key ending in a slash", info)
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
}

// Brief shows the beginning of p.
func Brief(p []byte) string {
	if len(p) > 24 {
		return fmt.Sprintf("%q… (%d bytes)", p[:24], len(p))
	}
	return fmt.Sprintf("%q", p)
}

// Pattern returns n bytes that depend on seed and on their place.
func Pattern(n int, seed byte) []byte {
	p := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range p {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i] = byte(x)
	}
	return p
}
