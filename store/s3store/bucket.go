package s3store

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dosna/dosna/store"
)

// Bucket reads the objects of a whole bucket by their names there, which need not be of the
// form that package store demands, and their metadata.
type Bucket struct{ s *Store }

// Bucket returns the bucket that the store is in. It is closed apart from the store.
func (s *Store) Bucket() *Bucket {
	o := s.o
	o.Prefix = ""
	return &Bucket{&Store{o: o, name: o.String(), fleet: s.fleet, refresh: s.refresh, foreign: s.foreign, any: true}}
}

// mostKey is how many bytes the name of an object in a bucket may have.
const mostKey = 1024

// check is an error for a key that cannot be one.
func (s *Store) check(key string) error {
	if s.any {
		return nil
	}
	if n := len(s.prefix) + len(key); n > mostKey {
		return fmt.Errorf("%w: with the prefix %q it has %d bytes, and a key of S3 at most %d", store.ErrInvalid, s.o.Prefix, n, mostKey)
	}
	return store.CheckKey(key)
}

func (s *Store) checkPrefix(prefix string) error {
	if s.any {
		return nil
	}
	return store.CheckPrefix(prefix)
}

// String is the bucket's URL.
func (b *Bucket) String() string { return b.s.String() }

// Guarantees are those of a store.
func (b *Bucket) Guarantees() store.Guarantees { return b.s.Guarantees() }

// Close closes idle connections.
func (b *Bucket) Close() error { return b.s.Close() }

// Get is [Store.Get].
func (b *Bucket) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	return b.s.Get(ctx, key, o, dst)
}

// Stat is [Store.Stat].
func (b *Bucket) Stat(ctx context.Context, key string) (store.Info, error) { return b.s.Stat(ctx, key) }

// List yields the objects whose keys begin with prefix, in order; if shallow, those without a
// further slash and, as Dir entries, what the keys of the others have up to it.
func (b *Bucket) List(ctx context.Context, prefix string, shallow bool) iter.Seq2[store.Info, error] {
	return b.s.List(ctx, store.ListOptions{Prefix: prefix, Shallow: shallow})
}

// Object returns a small object and its user metadata, whose names are in lower case. One of
// more than most bytes is ErrTooLarge.
func (b *Bucket) Object(ctx context.Context, key string, most int64) ([]byte, map[string]string, error) {
	s := b.s
	fail := func(err error) ([]byte, map[string]string, error) { return nil, nil, s.fail("get", key, err) }
	if err := s.ready(ctx); err != nil {
		return fail(err)
	}
	out, err := s.client().GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()})
	if err != nil {
		return fail(s.explain(ctx, err, reading))
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, most+1))
	if err != nil {
		return fail(s.broken(ctx, err))
	}
	if int64(len(body)) > most {
		return fail(store.ErrTooLarge)
	}
	return body, out.Metadata, nil
}
