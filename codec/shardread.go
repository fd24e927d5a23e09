package codec

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

const (
	// joinGap is how many bytes between inner chunks are read for nothing rather
	// than as another range: few beside what decoding costs.
	joinGap = 64 << 10
	// maxJobs bounds the inner chunks that are looked up before any is read.
	maxJobs = 4 << 10
)

// job is an inner chunk to be read.
type job struct {
	at     int   // its number
	off    int64 // what is read of it
	n      int
	pos    int // where in the buffer it is
	window int // where in the encoded inner chunk it begins, if it is not all; else -1
}

// run is a range that is read at once, and where in the buffer it comes to lie.
type run struct {
	off    int64
	n, pos int
}

// plan joins the first of the jobs, which are sorted by offset, into runs of at
// most so many bytes in all; one job may have more. It returns how many these
// are, and the bytes that their runs need.
func (s *scratch) plan(jobs []job, most int) (n, total int) {
	s.runs = s.runs[:0]
	for ; n < len(jobs); n++ {
		j := &jobs[n]
		if n > 0 {
			last := &s.runs[len(s.runs)-1]
			ahead := j.off - last.off // not negative
			if ahead <= int64(last.n)+joinGap {
				more := max(0, int(ahead)+j.n-last.n)
				if more > most-total {
					break
				}
				j.pos = last.pos + int(ahead)
				last.n += more
				total += more
				continue
			}
			if j.n > most-total {
				break
			}
		}
		j.pos = total
		s.runs = append(s.runs, run{j.off, j.n, total})
		total += j.n
	}
	return n, total
}

// fetch reads the planned runs into buf.
func (s *scratch) fetch(ctx context.Context, src Source, buf []byte) error {
	base := len(s.spans)
	for _, r := range s.runs {
		s.spans = append(s.spans, nd.Span{Off: r.off, Dst: buf[r.pos : r.pos+r.n]})
	}
	err := readSpans(ctx, src, s.spans[base:])
	clear(s.spans[base:])
	s.spans = s.spans[:base]
	return err
}

// beyond names the inner chunk that ends last, if some end outside the object.
func (s *sharding) beyond(err error, jobs []job) error {
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	last := slices.MaxFunc(jobs, func(a, b job) int { return cmp.Compare(a.off+int64(a.n), b.off+int64(b.n)) })
	return s.located(err, last.at, entry{uint64(last.off), uint64(last.n)})
}

func byOffset(a, b job) int { return cmp.Compare(a.off, b.off) }
func byNumber(a, b job) int { return cmp.Compare(a.at, b.at) }

// shardRead is one reading of a shard. Inner chunks are gathered, and those
// near each other read together.
type shardRead struct {
	*sharding
	sc    *scratch
	src   Source
	data  Bytes // all of src, if it is in memory
	index shardIndex
	box   nd.Box
	dst   nd.View
	check bool // inner chunks are decoded for what is wrong with them; no box, no dst
	place place
	base  int // where in sc.jobs its own begin
}

func (s *sharding) read(ctx context.Context, sc *scratch, src Source, box nd.Box, dst nd.View) error {
	r := shardRead{sharding: s, sc: sc, src: src, box: box, dst: dst}
	if p, ok := src.(*prepared); ok {
		r.src, r.index = p.Source, p.index
	} else {
		index, err := s.readIndex(ctx, sc, src)
		if err != nil {
			return err
		}
		defer bufpool.Put(index)
		r.index = *index
	}
	r.data, _ = inMemory(r.src)
	r.base, r.place = len(sc.jobs), newPlace(sc, len(s.counts))
	for c := s.cursor(sc, box); c.more; c.next() {
		if err := r.visit(ctx, c.number()); err != nil {
			return err
		}
	}
	return r.flush(ctx)
}

// checkAll decodes every inner chunk.
func (s *sharding) checkAll(ctx context.Context, sc *scratch, src Source) error {
	index, err := s.readIndex(ctx, sc, src)
	if err != nil {
		return err
	}
	defer bufpool.Put(index)
	r := shardRead{sharding: s, sc: sc, src: src, index: *index, check: true, base: len(sc.jobs)}
	r.data, _ = inMemory(src)
	for at := range s.n {
		if err := r.visit(ctx, at); err != nil {
			return err
		}
	}
	return r.flush(ctx)
}

func (s *sharding) decode(ctx context.Context, sc *scratch, data []byte, box nd.Box, dst nd.View) error {
	return s.read(ctx, sc, Bytes(data), box, dst)
}

func (s *sharding) check(ctx context.Context, sc *scratch, data []byte) error {
	return s.checkAll(ctx, sc, Bytes(data))
}

// visit reads an inner chunk, or puts it on the list of those to be read.
func (r *shardRead) visit(ctx context.Context, at int) error {
	e, stored, err := r.entry(r.index, at)
	if err != nil {
		return err
	}
	if !r.check {
		r.locate(&r.place, at, r.box)
	}
	if !stored {
		if !r.check {
			to := r.place.of(r.dst)
			nd.Copy(to, nd.View{Data: r.fill, Shape: to.Shape, Strides: r.zeros, Item: to.Item})
		}
		return nil
	}
	if r.data != nil {
		data, err := r.data.span(int64(e.off), int64(e.n))
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = r.use(ctx, at, data, -1)
		}
		return r.located(err, at, e)
	}
	j := job{at, int64(e.off), int(e.n), 0, -1}
	apart, err := r.narrow(&j)
	switch {
	case err != nil:
		return r.located(err, at, e)
	case apart:
		return r.located(r.readApart(ctx, e), at, e)
	}
	r.sc.jobs = append(r.sc.jobs, j)
	if len(r.sc.jobs)-r.base == maxJobs {
		return r.flush(ctx)
	}
	return nil
}

// narrow cuts a job down to what is needed of its inner chunk. True means that
// this is no single range, and is to be read by itself.
func (r *shardRead) narrow(j *job) (apart bool, err error) {
	inner := r.inner
	whole := r.check || slices.Equal(r.place.cell.Shape, inner.in.Shape)
	switch {
	case inner.bare() && !whole:
		if j.n != inner.MaxStored() {
			return false, corrupt("an uncompressed inner chunk has %d bytes", inner.MaxStored())
		}
		off, n, one := inner.window(r.sc, r.place.cell)
		if !one {
			return true, nil
		}
		j.off, j.n, j.window = j.off+int64(off), n, off
	case inner.shards() != nil:
		return !whole || j.n > rangeMax, nil
	}
	return false, inner.fits()
}

// readApart reads the inner chunk at r.place.
func (r *shardRead) readApart(ctx context.Context, e entry) error {
	mark := len(r.sc.ints)
	defer func() { r.sc.ints = r.sc.ints[:mark] }()
	src := &section{r.src, int64(e.off), int64(e.n)}
	if r.check {
		return r.inner.checkAll(ctx, r.sc, src)
	}
	return r.inner.read(ctx, r.sc, src, r.place.cell, r.place.of(r.dst))
}

// flush reads what is on the list.
func (r *shardRead) flush(ctx context.Context) error {
	jobs := r.sc.jobs[r.base:]
	slices.SortFunc(jobs, byOffset)
	defer func() { r.sc.jobs = r.sc.jobs[:r.base] }()
	if run := parallelOf(ctx); run != nil && len(jobs) > 1 {
		mark := len(r.sc.ints)
		defer func() { r.sc.ints = r.sc.ints[:mark] }()
		if ends := r.sc.groups(jobs); len(ends) > 1 {
			return r.fetchParts(ctx, run, jobs, ends)
		}
	}
	return r.readJobs(ctx, jobs)
}

// readJobs reads inner chunks, sorted by offset.
func (r *shardRead) readJobs(ctx context.Context, jobs []job) error {
	for len(jobs) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, total := r.sc.plan(jobs, rangeMax)
		if err := r.readRuns(ctx, jobs[:n], total); err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	return nil
}

func (r *shardRead) readRuns(ctx context.Context, jobs []job, total int) error {
	held := bufpool.Get(total)
	defer bufpool.Put(held)
	if err := r.sc.fetch(ctx, r.src, *held); err != nil {
		return r.beyond(err, jobs)
	}
	if run := parallelOf(ctx); run != nil {
		if tasks := min(len(jobs), decodeTasks, len(jobs)*r.inner.size/decodeTask); tasks > 1 {
			return r.decodeParts(ctx, run, jobs, *held, tasks)
		}
	}
	return r.useAll(ctx, jobs, *held)
}

// useAll decodes inner chunks that have been read.
func (r *shardRead) useAll(ctx context.Context, jobs []job, data []byte) error {
	for i := range jobs {
		j := &jobs[i]
		if !r.check {
			r.locate(&r.place, j.at, r.box)
		}
		if err := r.use(ctx, j.at, data[j.pos:j.pos+j.n], j.window); err != nil {
			e, _, _ := r.entry(r.index, j.at)
			return r.located(err, j.at, e)
		}
	}
	return nil
}

// use decodes the inner chunk at r.place, all of it or those bytes that begin
// at window.
func (r *shardRead) use(ctx context.Context, at int, data []byte, window int) error {
	mark := len(r.sc.ints)
	defer func() { r.sc.ints = r.sc.ints[:mark] }()
	switch {
	case r.check:
		return r.inner.check(ctx, r.sc, data)
	case window >= 0:
		box, dst := r.sc.transposed(r.inner.perm, r.place.cell, r.place.of(r.dst))
		r.inner.raw.window(r.sc, data, window, box, dst)
		return nil
	}
	return r.inner.decode(ctx, r.sc, data, r.place.cell, r.place.of(r.dst))
}

// window returns the one run of the stored bytes of a bare chunk that holds a
// box, if there is one.
func (c *Chain) window(sc *scratch, box nd.Box) (off, n int, one bool) {
	mark := len(sc.ints)
	defer func() { sc.ints = sc.ints[:mark] }()
	box, _ = sc.transposed(c.perm, box, c.view)
	axes := c.raw.cut(box)
	for _, count := range box.Shape[:axes] {
		if count > 1 {
			return 0, 0, false
		}
	}
	off, n = c.raw.extent(box, axes)
	return off, n, true
}
