package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCPU(t *testing.T) {
	enginetest.Run(t, func(*testing.T) *engine.Engine { return engine.CPU() })
}

func TestThreads(t *testing.T) {
	enginetest.Run(t, func(*testing.T) *engine.Engine { return engine.Threads(4) })
}

func TestAlone(t *testing.T) {
	if err := enginetest.CheckComm(t.Context(), engine.Alone()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := engine.Alone().Barrier(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("barrier after cancellation: %v", err)
	}
}

func TestRanks(t *testing.T) {
	enginetest.RunComm(t, func(t *testing.T, size int) []engine.Comm { return enginetest.Ranks(size) })
}

func TestParse(t *testing.T) {
	for name, want := range map[string]int{
		"cpu": 1, "threads": runtime.GOMAXPROCS(0), "threads:1": 1, "threads:4": 4, "threads:65535": 65535,
	} {
		e, err := engine.Parse(name)
		if err != nil || e.Workers() != want {
			t.Errorf("Parse(%q) = %v, %v; want %d workers", name, e, err, want)
			continue
		}
		again, err := engine.Parse(e.Name())
		if err != nil || again.Workers() != want {
			t.Errorf("Parse(%q), of the name of %q: %v, %v", e.Name(), name, again, err)
		}
	}
	for _, name := range []string{"", "CPU", "cpu:2", "threads:", "threads:0", "threads:-1", "threads:x", "threads:65536", "mpi"} {
		if e, err := engine.Parse(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Parse(%q) = %v, %v; want an error that names it", name, e, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("threads:4")
	f.Add("cpu")
	f.Fuzz(func(t *testing.T, name string) {
		e, err := engine.Parse(name)
		if err == nil && e.Workers() < 1 {
			t.Errorf("%q has %d workers", name, e.Workers())
		}
	})
}

func TestOneWorkerStartsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, e := range []*engine.Engine{engine.CPU(), engine.Threads(1)} {
		err := e.Run(t.Context(), 3, engine.RunOptions{}, func(context.Context, int) error {
			if n := runtime.NumGoroutine(); n != before {
				t.Errorf("%d goroutines within a task, %d before", n, before)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestGoexitOfATaskReachesTheCaller(t *testing.T) {
	done := make(chan bool)
	go func() {
		defer close(done)
		_ = engine.Threads(3).Run(t.Context(), 3, engine.RunOptions{}, func(ctx context.Context, i int) error {
			if i == 1 {
				runtime.Goexit()
			}
			<-ctx.Done()
			return nil
		})
		done <- true
	}()
	if <-done {
		t.Error("Run returned though a task called Goexit")
	}
}

func TestPanicTellsTheTasksStack(t *testing.T) {
	defer func() {
		p, ok := recover().(*engine.Panic)
		if !ok || !strings.Contains(p.Error(), "explode") || !errors.Is(p, context.Canceled) {
			t.Errorf("recovered %v", p)
		}
	}()
	nested := func(ctx context.Context, _ int) error {
		return engine.Threads(2).Run(ctx, 2, engine.RunOptions{}, explode)
	}
	_ = engine.Threads(2).Run(t.Context(), 2, engine.RunOptions{}, nested)
}

func explode(context.Context, int) error { panic(context.Canceled) }

func TestRanksThatDisagreeFail(t *testing.T) {
	comms := enginetest.Ranks(2)
	errs := make(chan error)
	for rank, c := range comms {
		go func() {
			errs <- engine.New(c, 1).Run(t.Context(), 5+rank, engine.RunOptions{}, func(context.Context, int) error { return nil })
		}()
	}
	for range comms {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), "alike") {
			t.Errorf("Run with different n: %v", err)
		}
	}
}

// BenchmarkRun runs tasks that do nothing.
func BenchmarkRun(b *testing.B) {
	for _, e := range []*engine.Engine{engine.CPU(), engine.Threads(2), engine.Threads(8)} {
		for _, n := range []int{1, 2, 8, 1000} {
			b.Run(fmt.Sprintf("engine=%s/tasks=%d", e.Name(), n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := e.Run(b.Context(), n, engine.RunOptions{}, func(context.Context, int) error { return nil }); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/task")
			})
		}
	}
}
