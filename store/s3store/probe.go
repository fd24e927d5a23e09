package s3store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/store"
)

// conditions are which conditions of writes a server keeps, and how it wants them.
type conditions struct {
	creates  bool // If-None-Match: *
	changes  bool // If-Match
	deletes  bool // If-Match, of removals
	unquoted bool // it wants entity tags without their quotes
}

// headers returns the headers If-Match and If-None-Match for a condition.
func (k conditions) headers(c store.Cond) (match, none *string) {
	if c.IfAbsent {
		return nil, aws.String("*")
	}
	if c.IfMatch == "" {
		return nil, nil
	}
	tag := string(c.IfMatch)
	if k.unquoted {
		tag = strings.Trim(tag, `"`)
	}
	return &tag, nil
}

var (
	errCreates = refused("the server lets two writers create one object (it ignores If-None-Match), so that nothing can be created here safely")
	errChanges = refused("the server lets two writers change one version of an object (it ignores If-Match), so that parts of objects cannot be changed here safely")
	errDeletes = refused("the server ignores the condition of removals")
)

// conditions returns how to write with a condition, or why not to. The first call
// that needs it finds out.
func (s *Store) conditions(ctx context.Context, c store.Cond) (conditions, error) {
	if c == (store.Cond{}) {
		return conditions{}, nil
	}
	f := finding(s.o)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == nil {
		kept, err := s.probe(ctx)
		if err != nil {
			if errors.Is(err, store.ErrUnknownOutcome) { // of the probe, not of the write
				err = fmt.Errorf("%w: %s", store.ErrTemporary, err.Error())
			}
			return conditions{}, fmt.Errorf("finding out whether the server keeps conditions of writes: %w", err)
		}
		f.kept = &kept
	}
	switch {
	case c.IfAbsent && !f.kept.creates:
		return conditions{}, errCreates
	case c.IfMatch != "" && !f.kept.changes:
		return conditions{}, errChanges
	}
	return *f.kept, nil
}

// found is what was found out about a bucket.
type found struct {
	mu   sync.Mutex
	kept *conditions // nil: nothing yet
}

var findings sync.Map // *found by a bucket's name and its servers

// finding returns what this process knows of a bucket: it finds out once.
func finding(o Options) *found {
	f, _ := findings.LoadOrStore(strings.Join(append([]string{o.Bucket, o.Region}, o.Endpoints...), " "), &found{})
	return f.(*found)
}

// racers are the writers that race for one object.
const racers = 4

// probe has writers race for an object of its own, which it removes. Nobody lists it.
func (s *Store) probe(ctx context.Context) (kept conditions, err error) {
	key := store.TempPrefix + "probe-" + strings.ToLower(rand.Text()[:12])
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_, derr := s.client().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()})
		if err == nil && derr != nil {
			err = s.explain(ctx, derr, writing)
		}
	}()
	tag, err := s.race(ctx, key, "create", store.Cond{IfAbsent: true}, conditions{})
	if errors.Is(err, errRaced) {
		return conditions{}, nil
	}
	if err != nil {
		return conditions{}, err
	}
	kept.creates = true
	next, err := s.race(ctx, key, "change", store.Cond{IfMatch: tag}, kept)
	if errors.Is(err, errNobody) { // Ceph's gateway, release 16, matches tags without quotes only
		kept.unquoted = true
		next, err = s.race(ctx, key, "change", store.Cond{IfMatch: tag}, kept)
	}
	if errors.Is(err, errRaced) || errors.Is(err, errNobody) {
		return conditions{creates: true}, nil
	}
	if err != nil {
		return conditions{}, err
	}
	kept.changes = true
	in := &s3.DeleteObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()}
	in.IfMatch, _ = kept.headers(store.Cond{IfMatch: tag}) // which it no longer has
	_, err = s.client().DeleteObject(ctx, in)
	if err = s.explain(ctx, err, changing); err != nil && !errors.Is(err, store.ErrConflict) {
		var other refused
		if errors.As(err, &other) { // it knows no such header
			return kept, nil
		}
		return conditions{}, err
	}
	refusedOld := err != nil
	if !refusedOld {
		return kept, nil
	}
	in.IfMatch, _ = kept.headers(store.Cond{IfMatch: next})
	_, err = s.client().DeleteObject(ctx, in)
	kept.deletes = err == nil
	return kept, nil
}

var (
	errRaced  = errors.New("several writers won")
	errNobody = errors.New("no writer won")
)

// race has writers store different bytes under one condition, and returns the
// version of the one that won, if it is one.
func (s *Store) race(ctx context.Context, key, what string, c store.Cond, kept conditions) (store.Version, error) {
	var versions [racers]store.Version
	var g errgroup.Group
	for i := range racers {
		g.Go(func() error {
			body := newPartsReader([][]byte{fmt.Appendf(nil, "%s %d\n", what, i)})
			v, err := s.putWhole(ctx, key, body, c, kept, "")
			if err == nil {
				versions[i] = v
				return nil
			}
			if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExist) || c.IfAbsent && errors.Is(err, store.ErrTemporary) && !errors.Is(err, store.ErrUnknownOutcome) {
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	winner := -1
	for i, v := range versions {
		switch {
		case v == "":
		case winner >= 0:
			return "", errRaced
		default:
			winner = i
		}
	}
	if winner < 0 {
		return "", errNobody
	}
	out, err := s.client().GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()})
	if err != nil {
		return "", s.explain(ctx, err, reading)
	}
	defer out.Body.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(out.Body); err != nil {
		return "", s.broken(ctx, err)
	}
	if want := fmt.Sprintf("%s %d\n", what, winner); got.String() != want {
		return "", errRaced // another's bytes are there
	}
	return versions[winner], nil
}
