package layer

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/dosna/dosna/store"
)

// CacheOptions are the bounds of [Cache].
type CacheOptions struct {
	// Bytes bounds what the cache holds, with what it takes to find it
	// again. Objects, or parts, of more than half of it are not kept.
	Bytes int64

	// Believe is how long what was read is taken to be still true, without
	// asking the store; 0: not at all.
	Believe time.Duration
}

// Cached is a store with a cache: see [Cache].
type Cached struct {
	below   store.Store
	o       CacheOptions
	mem     memory
	flights flights
}

// Cache returns s with a memory of the objects, and parts of objects, that Get
// and GetRanges have returned, as they are stored. What has not been used for the
// longest time makes room.
//
// Reads are as good as those of s: whatever is in the cache, the store is asked
// whether the object is still of that version (one request, which brings the new
// bytes, if there are), so that what others have changed is seen at once. Bytes
// are kept with the version that they were returned with, and never returned
// with another; objects without a version are not kept. That an object is absent
// is not remembered.
//
// With Believe, what was read (bytes, Stat, also absence) is taken for granted so
// long. What is changed through this store is forgotten at once, and so is what a
// condition proved to be old. What others change is seen when that time is over:
// Shared is not promised then.
//
// Of several Gets of the same bytes at the same time one asks the store; the
// others wait, and ask it together afterwards whether what it brought is good for
// them too, because it may have been read before they came. An object that was
// read before and is put through this store is kept as put. Streams, listings
// and what is copied within the store pass by the cache.
func Cache(s store.Store, o CacheOptions) *Cached {
	return &Cached{below: s, o: o, mem: newMemory(o.Bytes), flights: flights{running: map[flightKey]*flight{}}}
}

func (c *Cached) String() string { return store.Name(c.below) }

// Guarantees are those of the store below, but for Shared where answers are
// believed.
func (c *Cached) Guarantees() store.Guarantees {
	g := c.below.Guarantees()
	g.Shared = g.Shared && c.o.Believe <= 0
	return g
}

// CacheStats is how a cache does.
type CacheStats struct {
	Hits    int64 `json:"hits"`   // objects and ranges that were answered from it, whether or not the store was asked for the version
	Misses  int64 `json:"misses"` // reads that brought bytes from the store
	Bytes   int64 `json:"bytes"`  // what it holds now
	Objects int   `json:"objects"`
}

// Stats returns how the cache does.
func (c *Cached) Stats() CacheStats { return c.mem.stats() }

// Close closes the store below and forgets everything.
func (c *Cached) Close() error {
	c.mem.close()
	return c.below.Close()
}

func (c *Cached) fail(op, key string, err error) error {
	return &store.Error{Op: op, Store: c.String(), Key: key, Err: err}
}

// Stat implements store.Store.
func (c *Cached) Stat(ctx context.Context, key string) (store.Info, error) {
	if k, ok := c.believed(ctx, key); ok {
		if k.absent {
			return store.Info{}, c.fail("stat", key, store.ErrNotExist)
		}
		return k.info, nil
	}
	w := c.mem.watch(key)
	info, err := c.below.Stat(ctx, key)
	c.learn(w, info, err)
	return info, err
}

// learn remembers what the store said of a key, and nothing else.
func (c *Cached) learn(w *watch, info store.Info, err error) {
	c.mem.learn(w, info, err, c.o.Believe > 0)
}

// change does what may change the keys that match. What is read meanwhile is
// not kept.
func (c *Cached) change(match func(key string) bool, do func() error) error {
	c.mem.spoil(match)
	defer c.mem.spoil(match)
	return do()
}

// changeKey is change of one key.
func (c *Cached) changeKey(key string, do func() error) error {
	c.mem.spoilKey(key)
	defer c.mem.spoilKey(key)
	return do()
}

func under(prefix string) func(string) bool {
	return func(k string) bool { return strings.HasPrefix(k, prefix) }
}

// Put implements store.Store.
func (c *Cached) Put(ctx context.Context, key string, parts [][]byte, cond store.Cond) (store.Version, error) {
	known := c.mem.spoilKey(key)
	w := c.mem.watch(key)
	v, err := c.below.Put(ctx, key, parts, cond)
	if err != nil || !known {
		c.mem.spoilKey(key)
		c.mem.unwatch(w)
		return v, err
	}
	var size int64
	for _, p := range parts {
		size += int64(len(p))
	}
	var data []byte
	if c.mem.takes(v, size) {
		data = slices.Concat(parts...)
	}
	c.mem.replace(w, store.Info{Key: key, Size: size, Version: v}, data)
	return v, nil
}

// Delete implements store.Store.
func (c *Cached) Delete(ctx context.Context, key string, cond store.Cond) error {
	return c.changeKey(key, func() error { return c.below.Delete(ctx, key, cond) })
}

// List implements store.Store.
func (c *Cached) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return c.below.List(ctx, o)
}

// Sync implements store.Syncer.
func (c *Cached) Sync(ctx context.Context) error { return store.Sync(ctx, c.below) }

// DeleteAll implements store.BulkDeleter.
func (c *Cached) DeleteAll(ctx context.Context, keys []string) error {
	doomed := make(map[string]bool, len(keys))
	for _, key := range keys {
		doomed[key] = true
	}
	return c.change(func(key string) bool { return doomed[key] }, func() error { return store.DeleteAll(ctx, c.below, keys) })
}

// DeletePrefix implements store.BulkDeleter.
func (c *Cached) DeletePrefix(ctx context.Context, prefix string) error {
	return c.change(under(prefix), func() error { return store.DeletePrefix(ctx, c.below, prefix) })
}

// Copy implements store.Copier.
func (c *Cached) Copy(ctx context.Context, from, to string, cond store.Cond) (v store.Version, err error) {
	err = c.changeKey(to, func() (err error) {
		v, err = store.Copy(ctx, c.below, from, to, cond)
		return err
	})
	return v, err
}

// Rename implements store.Renamer.
func (c *Cached) Rename(ctx context.Context, from, to string) error {
	moved := func(key string) bool { return strings.HasPrefix(key, from) || strings.HasPrefix(key, to) }
	return c.change(moved, func() error { return store.Rename(ctx, c.below, from, to) })
}

// OpenReader implements store.Streamer.
func (c *Cached) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	return store.OpenReader(ctx, c.below, key, o)
}

// OpenWriter implements store.Streamer.
func (c *Cached) OpenWriter(ctx context.Context, key string, cond store.Cond) (store.Writer, error) {
	w, err := store.OpenWriter(ctx, c.below, key, cond)
	if err != nil {
		return nil, err
	}
	return &cachedWriter{w, c, key}, nil
}

type cachedWriter struct {
	store.Writer
	c   *Cached
	key string
}

func (w *cachedWriter) Commit() (v store.Version, err error) {
	err = w.c.changeKey(w.key, func() (err error) {
		v, err = w.Writer.Commit()
		return err
	})
	return v, err
}

// Locate implements store.Locator.
func (c *Cached) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return store.Locate(ctx, c.below, prefix)
}
