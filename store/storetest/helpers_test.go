package storetest

import (
	"context"

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
