package layer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func put(t *testing.T, s store.Store, key, data string) store.Version {
	t.Helper()
	v, err := s.Put(t.Context(), key, [][]byte{[]byte(data)}, store.Cond{})
	if err != nil {
		t.Error(err)
	}
	return v
}

func get(t *testing.T, s store.Store, key string) string {
	t.Helper()
	got, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil)
	if err != nil {
		t.Error(err)
	}
	return string(got)
}

// TestRetryPauses counts tries, and bounds the time that their pauses take.
func TestRetryPauses(t *testing.T) {
	for _, c := range []struct {
		o           layer.RetryOptions
		fails       int
		tries       int
		atMost      time.Duration
		ends        bool // with the error
		description string
	}{
		{layer.RetryOptions{}, 0, 1, 0, false, "no failure"},
		{layer.RetryOptions{}, 3, 4, 700 * time.Millisecond, false, "three failures"},
		{layer.RetryOptions{}, 1000, 0, time.Minute, true, "nothing but failures"},
		{layer.RetryOptions{Attempts: 1}, 100, 1, 0, true, "one attempt"},
		{layer.RetryOptions{Attempts: 3, Base: time.Hour, Pause: time.Millisecond}, 100, 3, 2 * time.Millisecond, true, "short pauses"},
		{layer.RetryOptions{Attempts: 1000, Pause: time.Second, Total: 10 * time.Second}, 1000, 0, 10 * time.Second, true, "bounded time"},
	} {
		synctest.Test(t, func(t *testing.T) {
			below := memstore.New()
			put(t, below, "x", "data")
			f := storetest.NewFaults(below, storetest.Plan(storetest.Rule{Times: c.fails, Match: func(storetest.Op) bool { return c.fails > 0 }, Fault: storetest.Fail(store.ErrTemporary)}))
			s := layer.Retry(f, c.o)
			start := time.Now()
			_, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil)
			took := time.Since(start)
			if tries := f.Count(storetest.Rule{}); tries != c.tries && c.tries > 0 {
				t.Errorf("%s: tried %d times, want %d", c.description, tries, c.tries)
			}
			if took > c.atMost {
				t.Errorf("%s: paused for %v, more than %v", c.description, took, c.atMost)
			}
			if errors.Is(err, store.ErrTemporary) != c.ends {
				t.Errorf("%s: %v", c.description, err)
			}
			var e *store.Error
			if c.ends && (!errors.As(err, &e) || c.tries > 1 && !strings.Contains(err.Error(), fmt.Sprintf("tried %d times", c.tries))) {
				t.Errorf("%s: the error does not tell: %v", c.description, err)
			}
		})
	}
}

func TestRetryObeysContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := storetest.NewFaults(memstore.New(), storetest.Plan(storetest.Rule{Fault: storetest.Fail(store.ErrTemporary)}))
		s := layer.Retry(f, layer.RetryOptions{Attempts: 1 << 30, Base: time.Hour, Pause: time.Hour, Total: 1 << 60})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		start := time.Now()
		_, err := s.Stat(ctx, "x")
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, store.ErrTemporary) || time.Since(start) != 24*time.Hour {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestRetryOnlyTemporary: an error of any other kind is told at once.
func TestRetryOnlyTemporary(t *testing.T) {
	for _, want := range []error{store.ErrPermission, store.ErrUnknownOutcome, store.ErrCorrupt, io.ErrUnexpectedEOF, context.DeadlineExceeded} {
		f := storetest.NewFaults(memstore.New(), storetest.Plan(storetest.Rule{Fault: storetest.Fail(want)}))
		s := layer.Retry(f, layer.RetryOptions{})
		if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); !errors.Is(err, want) || f.Hits() != 1 {
			t.Errorf("%v: after %d tries: %v", want, f.Hits(), err)
		}
	}
}

// TestRetryChanges shows what becomes of changes whose first try fails, by what
// the store has done then.
func TestRetryChanges(t *testing.T) {
	both := fmt.Errorf("%w, %w", store.ErrTemporary, store.ErrUnknownOutcome)
	for _, c := range []struct {
		fault storetest.Fault
		cond  bool
		want  error
		tries int
	}{
		{storetest.Fail(store.ErrTemporary), false, nil, 2},
		{storetest.Fail(store.ErrTemporary), true, nil, 2},
		{storetest.DoneBut(store.ErrTemporary), false, nil, 2},
		{storetest.Lost(), false, store.ErrUnknownOutcome, 1},
		{storetest.Lost(), true, store.ErrUnknownOutcome, 1},
		{storetest.DoneBut(both), false, nil, 2},
		{storetest.DoneBut(both), true, store.ErrUnknownOutcome, 1},
		{storetest.Fail(both), true, store.ErrUnknownOutcome, 1},
	} {
		for name, change := range map[string]func(ctx context.Context, s store.Store, c store.Cond) error{
			"Put": func(ctx context.Context, s store.Store, c store.Cond) error {
				_, err := s.Put(ctx, "x", [][]byte{[]byte("new")}, c)
				return err
			},
			"Put if absent": func(ctx context.Context, s store.Store, cond store.Cond) error {
				_, err := s.Put(ctx, "fresh", [][]byte{[]byte("new")}, store.Cond{IfAbsent: c.cond})
				return err
			},
			"Delete": func(ctx context.Context, s store.Store, c store.Cond) error { return s.Delete(ctx, "x", c) },
		} {
			synctest.Test(t, func(t *testing.T) {
				below := memstore.New()
				v := put(t, below, "x", "old")
				cond := store.Cond{}
				if c.cond {
					cond.IfMatch = v
				}
				f := storetest.NewFaults(below, storetest.Plan(storetest.Rule{Times: 1, Fault: c.fault}))
				err := change(t.Context(), layer.Retry(f, layer.RetryOptions{}), cond)
				if !errors.Is(err, c.want) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExist) {
					t.Errorf("%s with condition %v and %+v: %v, want %v", name, c.cond, c.fault, err, c.want)
				}
				if n := f.Count(storetest.Rule{}); n != c.tries {
					t.Errorf("%s with condition %v and %+v was tried %d times, want %d", name, c.cond, c.fault, n, c.tries)
				}
			})
		}
	}
}

// TestRetryCounts has many count by conditional puts on a store with every kind
// of failure: each success counts once, and what is not known once or not at all.
func TestRetryCounts(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			below := memstore.New()
			f := storetest.NewFaults(below, storetest.Random(seed, 0.3,
				storetest.Fail(store.ErrTemporary), storetest.Lost(), storetest.Fail(store.ErrUnknownOutcome), storetest.Fail(store.ErrPermission)))
			s := layer.Retry(f, layer.RetryOptions{Attempts: 20})
			var done, unknown [8]int
			var g errgroup.Group
			for w := range done {
				g.Go(func() error {
					for range 20 {
						switch err := storetest.Increment(t.Context(), s, "n"); {
						case err == nil:
							done[w]++
						case errors.Is(err, store.ErrUnknownOutcome):
							unknown[w]++
						case !errors.Is(err, store.ErrPermission):
							return err
						}
					}
					return nil
				})
			}
			if err := g.Wait(); err != nil {
				t.Fatal(err)
			}
			least, most := 0, 0
			for w := range done {
				least += done[w]
				most += done[w] + unknown[w]
			}
			n, err := storetest.Count(t.Context(), below, "n")
			if err != nil || n < least || n > most || least == 0 || most == least {
				t.Errorf("seed %d: counted to %d, %v, where %d to %d were", seed, n, err, least, most)
			}
		})
	}
}

func TestRetryListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstore.New()
		for i := range 5 {
			put(t, below, fmt.Sprintf("a/%d", i), "")
		}
		broken := storetest.NewFaults(breaking{below, 2}, storetest.Plan(storetest.Rule{Op: "List", Times: 2, Fault: storetest.Fail(store.ErrTemporary)}))
		s := layer.Retry(broken, layer.RetryOptions{Attempts: 3})
		if got := keys(t, s); len(got) != 5 {
			t.Errorf("a listing that breaks off after two yields %q", got)
		}
		for range s.List(t.Context(), store.ListOptions{}) {
			break
		}
	})
}

func TestRetryReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstore.New()
		data := strings.Repeat("0123456789", 1000)
		put(t, below, "x", data)
		f := storetest.NewFaults(below, storetest.Plan(storetest.Rule{Op: "Read", Match: func(op storetest.Op) bool { return op.N%2 == 1 }, Fault: storetest.Fail(store.ErrTemporary)}))
		s := layer.Retry(f, layer.RetryOptions{})
		r, _, err := store.OpenReader(t.Context(), s, "x", store.GetOptions{Range: store.Range{Off: 7, Len: 9000}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != data[7:9007] || f.Hits() < 3 {
			t.Errorf("with %d failures a reader returned %d bytes, %v", f.Hits(), len(got), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, store.ErrClosed) {
			t.Errorf("after close: %v", err)
		}

		r, _, err = store.OpenReader(t.Context(), s, "x", store.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		buf := make([]byte, 100)
		for range 2 {
			if _, err = io.ReadFull(r, buf); err != nil {
				break
			}
			put(t, below, "x", "replaced")
		}
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("a reader that broke off went on in another version: %v", err)
		}
	})
}

func TestRetryTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		for _, c := range []struct{ fails, want int }{{1, 1}, {2, 2}, {100, 3}} {
			told = 0
			s := layer.Retry(storetest.NewFaults(memstore.New(), storetest.Plan(storetest.Rule{Times: c.fails, Fault: storetest.Fail(store.ErrTemporary)}, storetest.Rule{})),
				layer.RetryOptions{Attempts: 4, Retried: func() { told++ }})
			_, _ = s.Stat(t.Context(), "x")
			if told != c.want {
				t.Errorf("after %d failures it was told %d times of another try, want %d", c.fails, told, c.want)
			}
		}
	})
}
