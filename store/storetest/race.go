package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/store"
)

// workers is how many goroutines hammer one promise.
const workers = 32

var raceChecks = []Check{
	{Area: "race", Name: "no torn reads", Run: raceTorn},
	{Area: "race", Name: "one put if absent wins", Run: raceAbsent, Needs: func(g store.Guarantees) bool { return g.PutIfAbsent }},
	{Area: "race", Name: "put if match loses no update", Run: raceMatch, Needs: func(g store.Guarantees) bool { return g.PutIfMatch && g.PutIfAbsent }},
	{Area: "race", Name: "delete if match takes one version", Run: raceDelete, Needs: func(g store.Guarantees) bool { return g.DeleteIfMatch && g.PutIfAbsent }},
	{Area: "race", Name: "get if match returns that version", Run: raceGet, Needs: func(g store.Guarantees) bool { return g.GetIfMatch }},
	{Area: "race", Name: "folders come and go", Run: raceFolders},
	{Area: "race", Name: "streams", Run: raceStreams},
}

// hammer runs f in every worker at once.
func hammer(ctx context.Context, f func(ctx context.Context, worker int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	start := make(chan struct{})
	for i := range workers {
		g.Go(func() error {
			<-start
			return f(ctx, i)
		})
	}
	close(start)
	return g.Wait()
}

// coloured is an object that shows whether it is whole: one byte, repeated, as
// often as that byte says.
func coloured(colour byte) []byte {
	return bytes.Repeat([]byte{colour}, 1000+97*int(colour))
}

func whole(p []byte) error {
	if len(p) == 0 || !bytes.Equal(p, coloured(p[0])) {
		return fmt.Errorf("a read returned parts of different puts, or part of one: %s", brief(p))
	}
	return nil
}

func raceTorn(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "a/x", coloured(0)); err != nil {
		return err
	}
	return hammer(ctx, func(ctx context.Context, worker int) error {
		var buf []byte
		for i := range 60 {
			if worker%4 == 0 {
				half := coloured(byte(worker + i))
				n := len(half) / 3
				if _, err := s.Put(ctx, "a/x", [][]byte{half[:n], half[n:]}, store.Cond{}); err != nil {
					return err
				}
				continue
			}
			got, info, err := s.Get(ctx, "a/x", store.GetOptions{}, buf[:0])
			if err != nil {
				return err
			}
			if err := whole(got); err != nil {
				return err
			}
			if info.Size != int64(len(got)) {
				return fmt.Errorf("get returned %d bytes with the size %d", len(got), info.Size)
			}
			buf = got
			spans := []span{newSpan(0, 500), newSpan(700, 300), newSpan(-1000, 1000)}
			for _, worth := range [][]span{spans, spans[2:]} {
				if err := raceSpans(ctx, s, worth); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// raceSpans reads spans of a coloured object: all must be of one colour.
func raceSpans(ctx context.Context, s store.Store, spans []span) error {
	_, err := store.GetRanges(ctx, s, "a/x", store.Cond{}, nds(spans))
	if errors.Is(err, store.ErrConflict) {
		return nil // it may say so, but not mix versions
	}
	if err != nil {
		return err
	}
	colour := spans[0].nd().Dst[0]
	for _, p := range spans {
		if dst := p.nd().Dst; !bytes.Equal(dst, bytes.Repeat([]byte{colour}, len(dst))) {
			return fmt.Errorf("spans read at once are of different puts: %s", brief(dst))
		}
	}
	return nil
}

func raceAbsent(ctx context.Context, s store.Store) error {
	for round := range 20 {
		key := fmt.Sprintf("a/%d/x", round)
		var wins, winner atomic.Int64
		err := hammer(ctx, func(ctx context.Context, worker int) error {
			_, err := s.Put(ctx, key, [][]byte{{byte(worker)}}, store.Cond{IfAbsent: true})
			if err == nil {
				wins.Add(1)
				winner.Store(int64(worker))
			} else if !errors.Is(err, store.ErrExist) {
				return err
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n := wins.Load(); n != 1 {
			return fmt.Errorf("%d of %d puts if absent of one key succeeded", n, workers)
		}
		if err := holds(ctx, s, key, []byte{byte(winner.Load())}); err != nil {
			return fmt.Errorf("the object is not of the one put if absent that succeeded: %w", err)
		}
	}
	return nil
}

// Increment adds one to the number that the object under key holds, absent
// meaning nought, by conditional puts alone, as often as it takes. It is here
// for tests that count from several processes.
func Increment(ctx context.Context, s store.Store, key string) error {
	for {
		var number [8]byte
		got, info, err := s.Get(ctx, key, store.GetOptions{}, number[:0])
		c := store.Cond{IfMatch: info.Version}
		switch {
		case errors.Is(err, store.ErrNotExist):
			c = store.Cond{IfAbsent: true}
		case err != nil:
			return err
		case len(got) != 8:
			return fmt.Errorf("a counter holds %s", brief(got))
		}
		binary.LittleEndian.PutUint64(number[:], binary.LittleEndian.Uint64(number[:])+1)
		_, err = s.Put(ctx, key, [][]byte{number[:3], number[3:]}, c)
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrExist) {
			return err
		}
		runtime.Gosched()
	}
}

// Count returns the number that [Increment] counted to.
func Count(ctx context.Context, s store.Store, key string) (int, error) {
	got, _, err := s.Get(ctx, key, store.GetOptions{}, nil)
	if err != nil {
		return 0, err
	}
	if len(got) != 8 {
		return 0, fmt.Errorf("a counter holds %s", brief(got))
	}
	return int(binary.LittleEndian.Uint64(got)), nil
}

func raceMatch(ctx context.Context, s store.Store) error {
	const each = 8
	err := hammer(ctx, func(ctx context.Context, worker int) error {
		for range each {
			if err := Increment(ctx, s, fmt.Sprintf("a/%d", worker%2)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range []string{"a/0", "a/1"} {
		n, err := Count(ctx, s, key)
		if err != nil {
			return err
		}
		if n != workers/2*each {
			return fmt.Errorf("%d increments by conditional puts counted to %d", workers/2*each, n)
		}
	}
	return nil
}

// raceDelete: as many deletes of a version succeed as puts did, and no more;
// nobody's object is taken with another's version.
func raceDelete(ctx context.Context, s store.Store) error {
	var puts, deletes atomic.Int64
	err := hammer(ctx, func(ctx context.Context, worker int) error {
		for range 25 {
			_, err := s.Put(ctx, "a/x", [][]byte{{byte(worker)}}, store.Cond{IfAbsent: true})
			if err == nil {
				puts.Add(1)
			} else if !errors.Is(err, store.ErrExist) {
				return err
			}
			info, err := s.Stat(ctx, "a/x")
			if errors.Is(err, store.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			runtime.Gosched()
			err = s.Delete(ctx, "a/x", store.Cond{IfMatch: info.Version})
			if err == nil {
				deletes.Add(1)
			} else if !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	left := int64(1)
	if _, err := s.Stat(ctx, "a/x"); errors.Is(err, store.ErrNotExist) {
		left = 0
	} else if err != nil {
		return err
	}
	if puts.Load() != deletes.Load()+left {
		return fmt.Errorf("of %d puts if absent %d were deleted, each by its version, and %d are left", puts.Load(), deletes.Load(), left)
	}
	return nil
}

func raceGet(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "a/x", coloured(0)); err != nil {
		return err
	}
	return hammer(ctx, func(ctx context.Context, worker int) error {
		for i := range 60 {
			if worker%4 == 0 {
				if _, err := put(ctx, s, "a/x", coloured(byte(worker+i))); err != nil {
					return err
				}
				continue
			}
			first, info, err := s.Get(ctx, "a/x", store.GetOptions{}, nil)
			if err != nil {
				return err
			}
			o := store.GetOptions{Range: store.Range{Off: -700}, Cond: store.Cond{IfMatch: info.Version}}
			again, _, err := s.Get(ctx, "a/x", o, nil)
			if errors.Is(err, store.ErrConflict) {
				continue
			}
			if err != nil {
				return err
			}
			if !bytes.Equal(again, first[len(first)-700:]) {
				return errors.New("get with IfMatch returned bytes of another version")
			}
		}
		return nil
	})
}

// raceFolders: each worker puts and deletes its own key among the others'.
// Folders that are empty for a moment must not take what is being put with
// them.
func raceFolders(ctx context.Context, s store.Store) error {
	err := hammer(ctx, func(ctx context.Context, worker int) error {
		key := fmt.Sprintf("a/b/%d/%d", worker%3, worker)
		data := []byte(key)
		for i := range 40 {
			if _, err := put(ctx, s, key, data); err != nil {
				return err
			}
			if err := holds(ctx, s, key, data); err != nil {
				return err
			}
			if i == 39 && worker%2 == 0 {
				return nil
			}
			if err := s.Delete(ctx, key, store.Cond{}); err != nil {
				return err
			}
			if rand.IntN(3) == 0 {
				if _, err := list(ctx, s, store.ListOptions{Prefix: "a/"}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var want []string
	for worker := 0; worker < workers; worker += 2 {
		want = append(want, fmt.Sprintf("a/b/%d/%d", worker%3, worker))
	}
	return lists(ctx, s, want...)
}

// raceStreams: what is written as a stream appears at once, too.
func raceStreams(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "a/x", coloured(0)); err != nil {
		return err
	}
	return hammer(ctx, func(ctx context.Context, worker int) error {
		for i := range 15 {
			if worker%4 != 0 {
				got, _, err := s.Get(ctx, "a/x", store.GetOptions{}, nil)
				if err != nil {
					return err
				}
				if err := whole(got); err != nil {
					return err
				}
				continue
			}
			if err := streamColour(ctx, s, byte(worker+i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func streamColour(ctx context.Context, s store.Store, colour byte) error {
	w, err := store.OpenWriter(ctx, s, "a/x", store.Cond{})
	if err != nil {
		return err
	}
	defer w.Close()
	data := coloured(colour)
	for len(data) > 0 {
		n := min(len(data), 700)
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		runtime.Gosched()
		data = data[n:]
	}
	_, err = w.Commit()
	return err
}
