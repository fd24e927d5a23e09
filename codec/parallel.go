package codec

import (
	"context"

	"github.com/dosna/dosna/nd"
)

// Parallel calls task for each i from 0 to n-1, several at a time if it likes,
// and returns the first error when all that were called have returned. After an
// error it need not call the rest.
type Parallel func(ctx context.Context, n int, task func(ctx context.Context, i int) error) error

// WithParallel returns a ctx under which Read, Check and Patch work on inner
// chunks of a shard by way of p: decoding takes a buffer of at most 8 MiB, or one
// inner chunk if that is larger, for each task at work. Without it all is done on
// the caller's goroutine.
func WithParallel(ctx context.Context, p Parallel) context.Context {
	return context.WithValue(ctx, parallelKey{}, p)
}

type parallelKey struct{}

func parallelOf(ctx context.Context) Parallel {
	p, _ := ctx.Value(parallelKey{}).(Parallel)
	return p
}

const (
	// fetchTasks, decodeTasks and patchTasks are into how many tasks the work on a
	// shard is cut, at most: enough for workers to finish at about the same time.
	fetchTasks, decodeTasks, patchTasks = 4, 16, 32
	// fetchTask is the least number of stored bytes worth a reading of their own,
	// and decodeTask that of decoded ones worth a task.
	fetchTask, decodeTask = 1 << 20, 64 << 10
)

// groups cuts jobs, which are sorted by offset, into runs of about equally many
// bytes, and returns where each ends.
func (s *scratch) groups(jobs []job) []int {
	total := 0
	for i := range jobs {
		total += jobs[i].n
	}
	most := min(max(total/fetchTasks, fetchTask), rangeMax)
	ends := s.take(min(len(jobs), 2*(total/most+1)))[:0]
	size := 0
	for i := range jobs {
		if size > 0 && size+jobs[i].n > most {
			ends = append(ends, i)
			size = 0
		}
		size += jobs[i].n
	}
	return append(ends, len(jobs))
}

// fetchParts reads jobs by several tasks.
func (r shardRead) fetchParts(ctx context.Context, run Parallel, jobs []job, ends []int) error {
	return run(ctx, len(ends), func(ctx context.Context, i int) error {
		from := 0
		if i > 0 {
			from = ends[i-1]
		}
		return r.apart(func(part *shardRead) error { return part.readJobs(ctx, jobs[from:ends[i]]) })
	})
}

// decodeParts decodes by several tasks what has been read.
func (r shardRead) decodeParts(ctx context.Context, run Parallel, jobs []job, data []byte, tasks int) error {
	return run(ctx, tasks, func(ctx context.Context, i int) error {
		mine := jobs[i*len(jobs)/tasks : (i+1)*len(jobs)/tasks]
		return r.apart(func(part *shardRead) error { return part.useAll(ctx, mine, data) })
	})
}

// apart calls f with a reading that has a scratch of its own.
func (r shardRead) apart(f func(part *shardRead) error) error {
	r.sc = newScratch()
	defer r.sc.free()
	r.place, r.base = newPlace(r.sc, len(r.counts)), 0
	return f(&r)
}

// patchRuns is patchRun for all of the inner chunks, by several tasks.
func (s *sharding) patchRuns(ctx context.Context, run Parallel, was keptShard, box nd.Box, v nd.View, index shardIndex, p *Patched) error {
	n := min(s.n, patchTasks)
	parts := make([]Patched, n)
	err := run(ctx, n, func(ctx context.Context, i int) error {
		sc := newScratch()
		defer sc.free()
		return s.patchRun(ctx, sc, &was, i*s.n/n, (i+1)*s.n/n, box, v, index, &parts[i])
	})
	first := p.size
	for i := range parts {
		if err == nil {
			index.shift(i*s.n/n, (i+1)*s.n/n, p.size-first)
		}
		p.join(&parts[i])
	}
	return err
}
