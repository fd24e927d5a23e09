package dosna

import (
	"context"
	"sync"

	"github.com/dosna/dosna/store"
)

// journal is what a call has stored and not yet found to be in the dataset. A nil
// journal keeps nothing.
type journal struct {
	check   func(ctx context.Context) error // whether the dataset is there, before something is stored
	confirm func(ctx context.Context) error // whether it still is, afterwards
	written func(shape []int) bool          // whether all that the call writes lies within a shape

	mu     sync.Mutex
	stored []stamp
}

// stamp is one state of an object; without a version it is not known to have been
// stored.
type stamp struct {
	key     string
	version store.Version
	cond    store.Cond // under which it was stored
}

// noted notes what the call has stored.
func (c *Connection) noted(s stamp) {
	if c.log != nil {
		c.log.give([]stamp{s})
	}
}

// mayStore is asked before something is stored.
func (j *journal) mayStore(ctx context.Context) error {
	if j == nil {
		return nil
	}
	return j.check(ctx)
}

// longJournal is how much is noted before it is confirmed, while the call goes on.
const longJournal = 10_000

// keepShort confirms what has been noted if that is much.
func (j *journal) keepShort(ctx context.Context) error {
	if j.len() < longJournal {
		return nil
	}
	return j.confirm(ctx)
}

func (j *journal) len() int {
	if j == nil {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.stored)
}

// take returns what has been noted, and forgets it.
func (j *journal) take() []stamp {
	j.mu.Lock()
	defer j.mu.Unlock()
	stored := j.stored
	j.stored = nil
	return stored
}

func (j *journal) give(stored []stamp) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stored = append(j.stored, stored...)
}
