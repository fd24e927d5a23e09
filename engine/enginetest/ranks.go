package enginetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/dosna/dosna/engine"
)

// Ranks returns the Comms of size ranks that live in this process, one for each
// goroutine that plays a rank.
func Ranks(size int) []engine.Comm {
	g := &group{size: size, aborted: make(chan struct{})}
	g.round = g.newRound()
	comms := make([]engine.Comm, size)
	for rank := range comms {
		comms[rank] = &member{g, rank}
	}
	return comms
}

// group is what the ranks share.
type group struct {
	size int

	mu      sync.Mutex
	round   *round // the collective call that ranks are entering
	err     error  // why aborted is closed
	aborted chan struct{}
}

// round is one collective call.
type round struct {
	op    string // the first caller's
	parts [][]byte
	n     int // ranks that have entered
	err   error
	done  chan struct{}
}

func (g *group) newRound() *round {
	return &round{parts: make([][]byte, g.size), done: make(chan struct{})}
}

// exchange enters the current round with data and waits for the other ranks. It
// fails for all of them if they are not in the same operation.
func (g *group) exchange(ctx context.Context, op string, rank int, data []byte) ([][]byte, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	g.mu.Lock()
	if g.err != nil {
		defer g.mu.Unlock()
		return nil, g.err
	}
	r := g.round
	if r.n == 0 {
		r.op = op
	}
	if r.op != op {
		r.err = fmt.Errorf("rank %d calls %s where another rank calls %s", rank, op, r.op)
	}
	r.parts[rank] = bytes.Clone(data)
	if r.n++; r.n == g.size {
		g.round = g.newRound()
		close(r.done)
	}
	g.mu.Unlock()
	select {
	case <-r.done:
		return r.parts, r.err
	case <-g.aborted:
		return nil, g.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

type member struct {
	group *group
	rank  int
}

func (m *member) Rank() int { return m.rank }
func (m *member) Size() int { return m.group.size }

func (m *member) Barrier(ctx context.Context) error {
	_, err := m.group.exchange(ctx, "Barrier", m.rank, nil)
	return err
}

func (m *member) Bcast(ctx context.Context, data []byte, root int) ([]byte, error) {
	if root < 0 || root >= m.group.size {
		return nil, fmt.Errorf("broadcast from rank %d of %d", root, m.group.size)
	}
	if m.rank != root {
		data = nil
	}
	parts, err := m.group.exchange(ctx, fmt.Sprintf("Bcast from %d", root), m.rank, data)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(parts[root]), nil
}

func (m *member) AllGather(ctx context.Context, data []byte) ([][]byte, error) {
	parts, err := m.group.exchange(ctx, "AllGather", m.rank, data)
	if err != nil {
		return nil, err
	}
	own := make([][]byte, len(parts))
	for i, p := range parts {
		own[i] = bytes.Clone(p)
	}
	return own, nil
}

func (m *member) Abort(err error) error {
	g := m.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil {
		g.err = fmt.Errorf("aborted by rank %d: %w", m.rank, err)
		close(g.aborted)
	}
	return err
}
