package layer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// layers are all that behave as the store below does.
var layers = map[string]func(store.Store) store.Store{
	"retry":       func(s store.Store) store.Store { return layer.Retry(s, layer.RetryOptions{}) },
	"limit none":  func(s store.Store) store.Store { return layer.Limit(s, layer.LimitOptions{}) },
	"limit tight": func(s store.Store) store.Store { return layer.Limit(s, layer.LimitOptions{Ops: 2, Bytes: 5000}) },
	"limit fast": func(s store.Store) store.Store {
		return layer.Limit(s, layer.LimitOptions{OpsPerSecond: 1e7, BytesPerSecond: 1e11})
	},
	"metrics":     func(s store.Store) store.Store { return layer.Metrics(s) },
	"cache":       func(s store.Store) store.Store { return layer.Cache(s, layer.CacheOptions{Bytes: 64 << 20}) },
	"cache small": func(s store.Store) store.Store { return layer.Cache(s, layer.CacheOptions{Bytes: 20_000}) },
	"cache none":  func(s store.Store) store.Store { return layer.Cache(s, layer.CacheOptions{}) },
	"cache believe": func(s store.Store) store.Store {
		return layer.Cache(s, layer.CacheOptions{Bytes: 64 << 20, Believe: time.Hour})
	},
	"all": func(s store.Store) store.Store {
		return layer.Cache(layer.Retry(layer.Limit(layer.Metrics(s), layer.LimitOptions{Ops: 8}), layer.RetryOptions{}), layer.CacheOptions{Bytes: 1 << 20})
	},
}

func TestLayers(t *testing.T) {
	for name, wrap := range layers {
		if testing.Short() && (name == "limit none" || name == "limit fast" || name == "cache none" || name == "all") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			open := func(t *testing.T) store.Store { return memstore.New() }
			if strings.Contains(name, " ") { // a variant
				storetest.Run(t, func(t *testing.T) store.Store { return wrap(open(t)) })
			} else {
				storetest.RunLayer(t, open, wrap)
			}
		})
	}
}

// TestLayersShared runs each layer several times over one store.
func TestLayersShared(t *testing.T) {
	for name, wrap := range layers {
		if name == "cache believe" {
			continue // it says that it may be late
		}
		if testing.Short() && !strings.HasPrefix(name, "cache") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			storetest.RunShared(t, func(t *testing.T) storetest.Opener {
				below := memstore.New()
				return func(context.Context) (store.Store, error) { return wrap(keepOpen{below}), nil }
			})
		})
	}
}

// keepOpen is not closed with what is above it.
type keepOpen struct{ *memstore.Store }

func (keepOpen) Close() error { return nil }
