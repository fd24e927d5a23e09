package check

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"

	"github.com/dosna/dosna/store"
)

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
			return fmt.Errorf("a counter holds %s", Brief(got))
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
		return 0, fmt.Errorf("a counter holds %s", Brief(got))
	}
	return int(binary.LittleEndian.Uint64(got)), nil
}
