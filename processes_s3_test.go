package dosna_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store/all"
)

// onS3 calls a test for each S3 server that is tested with.
func onS3(t *testing.T, test func(t *testing.T, endpoint string)) {
	t.Run("versitygw", func(t *testing.T) { test(t, testenv.VersityGW(t).Endpoint) })
	t.Run("radosgw", func(t *testing.T) {
		c := testenv.StartCeph(t)
		(&testenv.S3{AccessKey: c.AccessKey, SecretKey: c.SecretKey}).Environment(t)
		test(t, c.Endpoint)
	})
}

// badLuck returns a plan by which one request in twenty meets with a fault.
func badLuck(seed uint64) func(*http.Request) testenv.Fault {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 7))
	faults := []testenv.Fault{testenv.Busy, testenv.Reset, testenv.Lost, testenv.CutOff}
	return func(*http.Request) testenv.Fault {
		mu.Lock()
		defer mu.Unlock()
		if r.IntN(20) > 0 {
			return testenv.None
		}
		return faults[r.IntN(len(faults))]
	}
}

// TestProcessesOnS3 has processes write to the same four objects, through a proxy that refuses,
// resets, and loses answers. In a second run some are killed.
func TestProcessesOnS3(t *testing.T) {
	workers, times := 16, 500
	switch {
	case *scale == "full":
	case testenv.Race || testing.Short():
		workers, times = 4, 8
	default:
		workers, times = 8, 20
	}
	onS3(t, func(t *testing.T, endpoint string) {
		seed := rand.Uint64()
		proxy := testenv.StartProxy(t, endpoint, badLuck(seed))
		at := func(endpoint string) string { return "s3://pool?endpoint=" + endpoint }
		if err := all.Init(ctx, at(endpoint)); err != nil {
			t.Fatal(err)
		}
		c := create(t, at(endpoint))
		for name, spec := range map[string]dosna.DatasetSpec{
			"chunks": {Chunks: []int{41, 450}},
			"shards": {Chunks: []int{16, 64}, Shards: []int{48, 512}},
		} {
			spec.Shape, spec.Type = []int{rows, cols}, dtype.Uint32
			for do, check := range map[string]func(*testing.T, *dosna.Dataset, []*process, uint64) int{
				"tiles": func(t *testing.T, d *dosna.Dataset, ps []*process, seed uint64) int {
					return checkTiles(t, d, ps, tileOrder(seed))
				},
				"increment": func(t *testing.T, d *dosna.Dataset, ps []*process, _ uint64) int { return checkIncrements(t, d, ps) },
			} {
				for _, kill := range killing() {
					t.Run(fmt.Sprintf("%s/%s/kill=%v", name, do, kill), func(t *testing.T) {
						d, err := c.CreateDataset(ctx, "g/x", spec)
						if err != nil {
							t.Fatal(err)
						}
						requests, faults := proxy.Requests.Load(), proxy.Faults.Load()
						begin := time.Now()
						ps := start(t, job{Do: do, Times: times, Seed: seed}, workers, [2]string{at(proxy.URL), "g/x"}, [2]string{at(proxy.URL) + "#/g", "x"})
						killed := 0
						if kill {
							killed = killSome(t, ps, rand.New(rand.NewPCG(seed, 1)))
						}
						wait(t, ps)
						took := time.Since(begin)
						n := check(t, d, ps, seed)
						requests, faults = proxy.Requests.Load()-requests, proxy.Faults.Load()-faults
						t.Logf("%d processes, %d killed: %d writes in %v; %d requests, %d with a fault", workers, killed, n, took.Round(time.Millisecond), requests, faults)
						if faults == 0 {
							t.Error("nothing went wrong")
						}
						checkTree(t, c)
						if err := c.Delete(ctx, "g"); err != nil {
							t.Fatal(err)
						}
						if left := objects(t, c.Store(), "g/"); len(left) > 0 {
							t.Errorf("%d objects are left", len(left))
						}
					})
				}
			}
		}
	})
}
