package layer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// counted returns what a meter has counted of an operation.
func counted(m *layer.Meter, op string) layer.OpMetrics {
	for _, o := range m.Snapshot() {
		if o.Op == op {
			return o
		}
	}
	return layer.OpMetrics{Op: op}
}

func TestMetrics(t *testing.T) {
	ctx := t.Context()
	m := layer.Metrics(memstore.New())
	if got := m.Snapshot(); got != nil {
		t.Errorf("before anything happens there is %+v", got)
	}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			put(t, m, fmt.Sprint("k", i), "12345")
			get(t, m, fmt.Sprint("k", i))
			if _, err := m.Stat(ctx, "none"); err == nil {
				t.Error("there is something")
			}
			if _, err := m.Put(ctx, "k1", nil, store.Cond{IfMatch: "none"}); err == nil {
				t.Error("a put over another version")
			}
		})
	}
	wg.Wait()
	if got := keys(t, m); len(got) != 10 {
		t.Errorf("there are %q", got)
	}
	for _, want := range []struct {
		op                    string
		count, sent, received int64
		errs                  map[string]int64
	}{
		{"put", 20, 50, 0, map[string]int64{"conflict": 10}},
		{"get", 10, 0, 50, nil},
		{"stat", 10, 0, 0, map[string]int64{"not exist": 10}},
		{"list", 1, 0, 0, nil},
		{"delete", 0, 0, 0, nil},
	} {
		got := counted(m, want.op)
		if got.Count != want.count || got.Sent != want.sent || got.Received != want.received || got.Underway != 0 || !maps.Equal(got.Errors, want.errs) {
			t.Errorf("counted %+v, want %+v", got, want)
		}
		var sum int64
		for _, b := range got.Times {
			sum += b.Count
		}
		if sum != got.Count {
			t.Errorf("%s: %d operations have a time, of %d", want.op, sum, got.Count)
		}
	}
	if text, err := json.Marshal(m.Snapshot()); err != nil || !json.Valid(text) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestMetricsTimes: the buckets, the sum and what is under way, by a clock that
// runs as the test wants.
func TestMetricsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delays := []time.Duration{time.Microsecond, 100 * time.Microsecond, 101 * time.Microsecond, time.Second, 11 * time.Second, time.Hour}
		n := 0
		m := layer.Metrics(storetest.NewFaults(memstore.New(), func(storetest.Op) storetest.Fault {
			n++
			return storetest.Fault{Delay: delays[n-1], Err: errors.ErrUnsupported}
		}))
		m2 := layer.Metrics(storetest.NewFaults(memstore.New(), storetest.Plan(storetest.Rule{Fault: storetest.Fault{Delay: time.Second, Err: io.EOF}})))
		for range delays {
			if _, err := m.Stat(t.Context(), "x"); err == nil {
				t.Fatal("no error")
			}
		}
		if got := counted(m, "stat"); got.Count != 0 {
			t.Errorf("what was not done at all is counted: %+v", got)
		}
		go func() { _, _ = m2.Stat(t.Context(), "x") }()
		synctest.Wait()
		if got := counted(m2, "stat"); got.Underway != 1 || got.Count != 0 {
			t.Errorf("under way: %+v", got)
		}
		time.Sleep(time.Minute)
		got := counted(m2, "stat")
		if got.Underway != 0 || got.Count != 1 || got.Time != time.Second || got.Errors["other"] != 1 {
			t.Errorf("counted %+v", got)
		}
		for _, b := range got.Times {
			if (b.Count == 1) != (b.UpTo == time.Second) {
				t.Errorf("a second is in the bucket %+v", b)
			}
		}
	})
}

// TestMetricsStandIns: what the store below does not offer is counted as what
// stands in for it.
func TestMetricsStandIns(t *testing.T) {
	for _, c := range []struct {
		below store.Store
		want  map[string]int64
	}{
		{memstore.New(), map[string]int64{"put": 2, "rename": 1}},
		{storetest.Bare(memstore.New()), map[string]int64{"put": 4, "rename": 0, "delete": 2}},
	} {
		m := layer.Metrics(c.below)
		put(t, m, "a/x", "1")
		put(t, m, "a/y", "1")
		if err := store.Rename(t.Context(), m, "a/", "b/"); err != nil {
			t.Fatal(err)
		}
		for op, n := range c.want {
			if got := counted(m, op); got.Count != n {
				t.Errorf("%d times %s, want %d", got.Count, op, n)
			}
		}
	}
}

func BenchmarkMetrics(b *testing.B) {
	s := layer.Metrics(memstore.New())
	if _, err := s.Put(b.Context(), "x", nil, store.Cond{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Stat(b.Context(), "x"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestMetricsTotal(t *testing.T) {
	a, b := layer.Metrics(memstore.New()), layer.Metrics(memstore.New())
	put(t, a, "x", "12345")
	put(t, b, "x", "123")
	get(t, b, "x")
	if _, err := a.Stat(t.Context(), "none"); err == nil {
		t.Error("there is something")
	}
	got := map[string]layer.OpMetrics{}
	for _, o := range layer.Total(a, b) {
		got[o.Op] = o
	}
	if len(got) != 3 || got["put"].Count != 2 || got["put"].Sent != 8 || got["get"].Received != 3 || got["stat"].Errors["not exist"] != 1 {
		t.Errorf("together: %+v", got)
	}
	if layer.Total() != nil {
		t.Error("nothing has counted something")
	}
}
