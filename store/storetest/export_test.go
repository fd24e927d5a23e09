package storetest

import (
	"context"

	"github.com/dosna/dosna/store"
)

// Race runs one race in n processes and returns what is wrong.
func (p Processes) Race(ctx context.Context, name, place string, n int) error {
	s, err := p.Open(ctx, place)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, r := range races {
		if r.name == name {
			t := newTally()
			return r.around(ctx, s, t, func() error { return raceProcesses(ctx, name, place, n, t) })
		}
	}
	return context.Canceled
}

// OwnLock returns s with conditions that hold in one process.
func OwnLock(s store.Store) store.Store { return &ownLock{Store: s} }
