package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
)

// place is a node in a tree, as a request names it.
type place struct {
	URL    string `json:"url"`
	Mode   string `json:"mode"`   // "r": nothing may be changed
	Path   string `json:"path"`   // from the node that the URL names
	Handle string `json:"handle"` // of a dataset that has been opened, which may be forgotten
	// Of this request.
	Lazy    bool     `json:"lazy"`    // see dosna.VerifyLazy
	Threads int      `json:"threads"` // 0: as many as there are cores
	Durable bool     `json:"durable"`
	Unsafe  bool     `json:"unsafe"`
	Allow   []string `json:"allow"`
}

// options returns what the request says of how to work.
func (p place) options() (dosna.Options, error) {
	o := dosna.Options{Durable: p.Durable, Unsafe: p.Unsafe}
	if p.Lazy {
		o.Verify = dosna.VerifyLazy
	}
	if p.Threads > 0 {
		o.Engine = engine.Threads(min(p.Threads, 1024))
	}
	if len(p.Allow) > 0 {
		allow, err := store.AllowPrefixes(p.Allow...)
		if err != nil {
			return o, err
		}
		o.Allow = allow
	}
	return o, nil
}

// plain reports whether the options are the usual ones.
func (p place) plain() bool {
	return !p.Lazy && p.Threads <= 0 && !p.Durable && !p.Unsafe
}

// maxTrees is how many trees are kept open that nobody uses.
const maxTrees = 64

// trees are the open ones.
type trees struct {
	cache *dosna.Cache

	mu   sync.Mutex
	open map[treeKey]*tree
}

type treeKey struct {
	url      string
	readOnly bool
	allow    string
}

// tree is an open tree that requests share.
type tree struct {
	key   treeKey
	ready chan struct{} // closed when what follows is set
	c     *dosna.Connection
	err   error

	// Of trees.mu.
	refs    int
	dropped bool
	used    time.Time
}

func (p place) key() treeKey {
	return treeKey{p.URL, p.Mode == "r", fmt.Sprintf("%q", p.Allow)}
}

// get returns the tree of a place, opened if it is not; it has to be given back.
func (t *trees) get(ctx context.Context, p place, mode dosna.Mode) (*tree, error) {
	for {
		t.mu.Lock()
		one := t.open[p.key()]
		fresh := one == nil
		if fresh {
			one = &tree{key: p.key(), ready: make(chan struct{})}
			if t.open == nil {
				t.open = map[treeKey]*tree{}
			}
			t.open[p.key()] = one
		}
		one.refs++
		one.used = time.Now()
		t.mu.Unlock()
		if fresh {
			one.c, one.err = t.dial(ctx, p, mode)
			close(one.ready)
		}
		select {
		case <-one.ready:
		case <-ctx.Done():
			t.put(one)
			return nil, context.Cause(ctx)
		}
		if one.err == nil {
			return one, nil
		}
		t.drop(one)
		t.put(one)
		// Another's attempt may have failed for reasons of its own.
		if fresh || ctx.Err() != nil {
			return nil, one.err
		}
	}
}

func (t *trees) dial(ctx context.Context, p place, mode dosna.Mode) (*dosna.Connection, error) {
	o, err := p.options()
	if err != nil {
		return nil, err
	}
	return dosna.Open(ctx, p.URL, &dosna.Options{Mode: mode, Cache: t.cache, Allow: o.Allow})
}

// put gives a tree back.
func (t *trees) put(one *tree) {
	t.mu.Lock()
	one.refs--
	close := t.surplusLocked()
	if one.dropped && one.refs == 0 && !slices.Contains(close, one) {
		close = append(close, one)
	}
	t.mu.Unlock()
	for _, one := range close {
		if one.c != nil {
			_ = one.c.Close()
		}
	}
}

// surplusLocked takes out those that nobody has used for long, if there are many.
func (t *trees) surplusLocked() []*tree {
	var out []*tree
	for len(t.open) > maxTrees {
		var oldest *tree
		for _, one := range t.open {
			if one.refs == 0 && (oldest == nil || one.used.Before(oldest.used)) {
				oldest = one
			}
		}
		if oldest == nil {
			break
		}
		oldest.dropped = true
		delete(t.open, oldest.key)
		out = append(out, oldest)
	}
	return out
}

// drop lets a tree be opened anew the next time.
func (t *trees) drop(one *tree) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one.dropped = true
	if t.open[one.key] == one {
		delete(t.open, one.key)
	}
}

func (t *trees) alive(one *tree) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one.dropped {
		return false
	}
	one.refs++
	one.used = time.Now()
	return true
}

func (t *trees) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for _, one := range t.open {
		one.dropped = true
		if one.c != nil {
			errs = append(errs, one.c.Close())
		}
	}
	clear(t.open)
	return errors.Join(errs...)
}
