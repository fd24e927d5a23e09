package storetest

import (
	"context"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/storetest/check"
)

// Race runs one race in n processes and returns what is wrong.
func (p Processes) Race(ctx context.Context, name, place string, n int) error {
	s, err := p.Open(ctx, place)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, r := range check.Races() {
		if r.Name() == name {
			t := check.NewTally()
			return r.Around(ctx, s, t, func() error { return raceProcesses(ctx, name, place, n, t) })
		}
	}
	return context.Canceled
}

// OwnLock returns s with conditions that hold in one process.
func OwnLock(s store.Store) store.Store { return &ownLock{Store: s} }
