package httpstore

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/dosna/dosna/store"
)

// gate holds requests back while the server wants none.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

const (
	patience = 30 * time.Second // how long a request waits
	mostShut = time.Hour        // how long a server may keep all away
)

// shut closes the gate for as long as a Retry-After header says: seconds, or a
// date. What makes no sense is passed over.
func (g *gate) shut(when string) {
	now := time.Now()
	var until time.Time
	if n, err := strconv.Atoi(when); err == nil && n >= 0 {
		until = now.Add(time.Duration(min(n, int(mostShut/time.Second))) * time.Second)
	} else if t, err := http.ParseTime(when); err == nil {
		until = t
	}
	if limit := now.Add(mostShut); until.After(limit) {
		until = limit
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.until) {
		g.until = until
	}
}

// wait returns when the gate is open, or says why not to wait for that.
func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	pause := time.Until(g.until)
	g.mu.Unlock()
	if pause <= 0 {
		return nil
	}
	if pause > patience {
		return fmt.Errorf("%w: the server wants no requests for another %v", store.ErrTemporary, pause.Round(time.Second))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
