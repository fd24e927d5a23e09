package filestore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/dosna/dosna/store"
)

// stripes keep the goroutines of this process from polling one flock against
// each other; what excludes is the flock. A path may be reached in several ways,
// so two stripes may stand for one directory.
var (
	stripes    [256]chan struct{}
	stripeSeed = maphash.MakeSeed()
)

func init() {
	for i := range stripes {
		stripes[i] = make(chan struct{}, 1)
	}
}

func (s *Store) stripe(prefix string) chan struct{} {
	var h maphash.Hash
	h.SetSeed(stripeSeed)
	h.WriteString(s.path)
	h.WriteByte('/')
	h.WriteString(prefix)
	return stripes[h.Sum64()%uint64(len(stripes))]
}

// lock excludes every other Put and Delete in the directory d, opened for the
// purpose, until unlock is called; then d is closed. It waits by polling, so
// that ctx can end the wait and no thread is held. locked is false where the
// file system has no locks.
func (s *Store) lock(ctx context.Context, d dir, prefix string) (locked bool, unlock func(), err error) {
	mine := s.stripe(prefix)
	select {
	case mine <- struct{}{}:
	case <-ctx.Done():
		return false, nil, ctx.Err()
	}
	for wait := 10 * time.Microsecond; ; wait = min(2*wait, time.Millisecond) {
		locked, err = d.tryLock()
		if err != nil || locked {
			break
		}
		select {
		case <-time.After(wait):
			continue
		case <-ctx.Done():
			err = ctx.Err()
		}
		break
	}
	if errors.Is(err, errors.ErrUnsupported) && !s.guarantees.PutIfMatch {
		err = nil
	}
	if err != nil {
		<-mine
		return false, nil, err
	}
	return locked, func() {
		d.close()
		<-mine
	}, nil
}

var errNoLock = fmt.Errorf("%w: the file system has no locks, so that nothing can depend on an object's version", errors.ErrUnsupported)

// meet decides a condition on what the directory has under name, and returns
// that; an absent object has no links. Called with the lock held.
func meet(d dir, name string, c store.Cond, locked bool) (attr, error) {
	if c.IfMatch != "" && !locked {
		return attr{}, errNoLock
	}
	a, err := d.stat(name)
	switch {
	case err != nil && !isAbsent(err):
		return attr{}, err
	case err != nil:
		return attr{}, c.MeetWrite(false, "")
	case a.kind == regular:
		return a, c.MeetWrite(true, a.version())
	case a.kind == folder:
		return a, c.MeetWrite(false, "")
	}
	return a, notRegular(a)
}
