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

// conditions say how a server wants the conditions of writes.
type conditions struct {
	unquoted bool // entity tags without their quotes
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
	errCreates error = refused("the server lets two writers create one object (it ignores If-None-Match), so that nothing can be created here safely")
	errChanges error = refused("the server lets two writers change one version of an object (it ignores If-Match), so that parts of objects cannot be changed here safely")
	errDeletes error = refused("the server ignores the condition of removals")
)

// found is what was found out about a bucket on servers that are not Amazon's, each
// when it is needed first.
type found struct{ creates, changes, deletes fact }

type fact struct {
	mu    sync.Mutex
	known bool
	err   error // why such writes cannot be made
	how   conditions
}

// find returns what is known, which is found out if it is not.
func (f *fact) find(probe func() (conditions, error)) (conditions, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.known {
		how, err := probe()
		if err != nil && !errors.Is(err, errCreates) && !errors.Is(err, errChanges) && !errors.Is(err, errDeletes) {
			if errors.Is(err, store.ErrUnknownOutcome) { // of the probe, not of the write
				err = fmt.Errorf("%w: %s", store.ErrTemporary, err.Error())
			}
			return conditions{}, fmt.Errorf("finding out whether the server keeps conditions of writes: %w", err)
		}
		f.known, f.how, f.err = true, how, err
	}
	return f.how, f.err
}

var findings sync.Map // *found by a bucket's name and its servers

// finding returns what this process knows of a bucket: it finds out once.
func finding(o Options) *found {
	f, _ := findings.LoadOrStore(strings.Join(append([]string{o.Bucket, o.Region}, o.Endpoints...), " "), &found{})
	return f.(*found)
}

// conditions returns how to write with a condition, or why not to.
func (s *Store) conditions(ctx context.Context, c store.Cond) (conditions, error) {
	if c == (store.Cond{}) || !s.foreign {
		return conditions{}, nil
	}
	f := finding(s.o)
	if c.IfAbsent {
		return f.creates.find(func() (conditions, error) { return conditions{}, s.probeCreates(ctx) })
	}
	return f.changes.find(func() (conditions, error) { return s.probeChanges(ctx) })
}

// removes is conditions for removals.
func (s *Store) removes(ctx context.Context, c store.Cond) (conditions, error) {
	how, err := s.conditions(ctx, c)
	if err != nil || c == (store.Cond{}) || !s.foreign {
		return how, err
	}
	return finding(s.o).deletes.find(func() (conditions, error) { return how, s.probeDeletes(ctx, how) })
}

// racers are the writers that race for one object.
const racers = 4

// tried calls f with the name of an object of its own, which it removes. Nobody lists it.
func (s *Store) tried(ctx context.Context, f func(key string) error) (err error) {
	key := store.TempPrefix + "probe-" + strings.ToLower(rand.Text()[:12])
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_, derr := s.client().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()})
		if err == nil && derr != nil {
			err = s.explain(ctx, derr, writing)
		}
	}()
	return f(key)
}

func (s *Store) probeCreates(ctx context.Context) error {
	return s.tried(ctx, func(key string) error {
		_, err := s.race(ctx, key, "create", store.Cond{IfAbsent: true}, conditions{})
		if errors.Is(err, errRaced) || errors.Is(err, errNobody) {
			return errCreates
		}
		return err
	})
}

func (s *Store) probeChanges(ctx context.Context) (how conditions, err error) {
	err = s.tried(ctx, func(key string) error {
		tag, err := s.putWhole(ctx, key, newPartsReader([][]byte{[]byte("before\n")}), store.Cond{}, how, "")
		if err != nil {
			return err
		}
		_, err = s.race(ctx, key, "change", store.Cond{IfMatch: tag}, how)
		if errors.Is(err, errNobody) { // Ceph's gateway, release 16, matches tags without quotes only
			how.unquoted = true
			_, err = s.race(ctx, key, "change", store.Cond{IfMatch: tag}, how)
		}
		if errors.Is(err, errRaced) || errors.Is(err, errNobody) {
			return errChanges
		}
		return err
	})
	return how, err
}

func (s *Store) probeDeletes(ctx context.Context, how conditions) error {
	return s.tried(ctx, func(key string) error {
		var tags [2]store.Version
		for i := range tags {
			var err error
			if tags[i], err = s.putWhole(ctx, key, newPartsReader([][]byte{fmt.Appendf(nil, "version %d\n", i)}), store.Cond{}, how, ""); err != nil {
				return err
			}
		}
		for i, tag := range tags { // the first of which it no longer has
			in := &s3.DeleteObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()}
			in.IfMatch, _ = how.headers(store.Cond{IfMatch: tag})
			_, err := s.client().DeleteObject(ctx, in)
			err = s.explain(ctx, err, changing)
			if kept := errors.Is(err, store.ErrConflict); kept != (i == 0) && (err == nil || kept) {
				return errDeletes
			}
			if err != nil && !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
		return nil
	})
}

var (
	errRaced  = errors.New("several writers won")
	errNobody = errors.New("no writer won")
)

// race has writers store different bytes under one condition, and returns the
// version of the one that won, if it is one.
func (s *Store) race(ctx context.Context, key, what string, c store.Cond, how conditions) (store.Version, error) {
	var versions [racers]store.Version
	var g errgroup.Group
	for i := range racers {
		g.Go(func() error {
			body := newPartsReader([][]byte{fmt.Appendf(nil, "%s %d\n", what, i)})
			v, err := s.putWhole(ctx, key, body, c, how, "")
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
