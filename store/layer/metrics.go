package layer

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/store"
)

// Meter is a store that counts what is asked of the one below: see [Metrics].
type Meter struct {
	guarded
	ops [ops]meterOp

	now, most atomic.Int64 // operations under way
}

// meterOp is the counts of one operation.
type meterOp struct {
	count, underway, sent, got, nanos atomic.Int64
	errs                              [len(errorKinds) + 1]atomic.Int64
	times                             [len(bounds) + 1]atomic.Int64
}

// bounds are the upper bounds of the histogram of times but the last, which is
// endless.
var bounds = [...]time.Duration{
	100 * time.Microsecond, 300 * time.Microsecond, time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond,
	100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second,
}

// errorKinds are the errors that are told apart; the first that applies counts.
// What is none of them is "other".
var errorKinds = [...]struct {
	name string
	err  error
}{
	{"cancelled", context.Canceled},
	{"timeout", context.DeadlineExceeded},
	{"unknown outcome", store.ErrUnknownOutcome},
	{"temporary", store.ErrTemporary},
	{"not exist", store.ErrNotExist},
	{"exist", store.ErrExist},
	{"conflict", store.ErrConflict},
	{"not modified", store.ErrNotModified},
	{"too large", store.ErrTooLarge},
	{"corrupt", store.ErrCorrupt},
	{"permission", store.ErrPermission},
	{"invalid", store.ErrInvalid},
	{"closed", store.ErrClosed},
	{"beyond the end", io.ErrUnexpectedEOF},
}

// Metrics returns s with counts of all that is asked of it: requests, bytes,
// errors by kind and times, for each operation. It costs two looks at the clock
// and a few atomic additions per operation. Layers above Metrics, such as
// [Retry] and [Cache], show in what they ask; an operation that s does not offer
// counts as those that stand in for it.
func Metrics(s store.Store) *Meter {
	m := &Meter{}
	m.guarded = guarded{s, m}
	return m
}

func (m *Meter) begin(_ context.Context, op op, given, _ int64) (ticket, error) {
	m.ops[op].underway.Add(1)
	now := m.now.Add(1)
	for most := m.most.Load(); now > most && !m.most.CompareAndSwap(most, now); most = m.most.Load() {
	}
	return ticket{op: op, at: time.Now(), given: given}, nil
}

func (m *Meter) end(t ticket, got int64, err error) {
	o := &m.ops[t.op]
	o.underway.Add(-1)
	m.now.Add(-1)
	if err != nil && errors.Is(err, errors.ErrUnsupported) {
		return
	}
	took := time.Since(t.at)
	o.count.Add(1)
	o.nanos.Add(int64(took))
	o.sent.Add(t.given)
	o.got.Add(got)
	bucket := 0
	for bucket < len(bounds) && took > bounds[bucket] {
		bucket++
	}
	o.times[bucket].Add(1)
	if err != nil {
		o.errs[kindOf(err)].Add(1)
	}
}

func kindOf(err error) int {
	for i, k := range errorKinds {
		if errors.Is(err, k.err) {
			return i
		}
	}
	return len(errorKinds)
}

// OpMetrics is what a [Meter] has counted of one operation.
type OpMetrics struct {
	Op       string           `json:"op"`       // "get", "put", …; of a stream, "read", "write" and "commit"
	Count    int64            `json:"count"`    // operations that have ended, errors included
	Underway int64            `json:"underway"` // those that have not
	Sent     int64            `json:"sent"`     // bytes given to the store, errors included
	Received int64            `json:"received"` // bytes that it returned
	Errors   map[string]int64 `json:"errors"`   // by kind: "not exist", "conflict", "temporary", …, "other"; those that occurred
	Time     time.Duration    `json:"time"`     // sum of all
	Times    []TimeBucket     `json:"times"`    // by how long they took
}

// TimeBucket is how many operations took longer than the bucket before says,
// and no longer than this one.
type TimeBucket struct {
	UpTo  time.Duration `json:"up_to"` // 0: without bound, in the last bucket
	Count int64         `json:"count"`
}

// Most returns how many operations were under way at a time, at most.
func (m *Meter) Most() int64 { return m.most.Load() }

// Snapshot returns what has been counted of each operation that was asked for.
// Operations that end meanwhile may be in some of the numbers only.
func (m *Meter) Snapshot() []OpMetrics { return Total(m) }

// Total returns what several meters have counted together.
func Total(meters ...*Meter) []OpMetrics {
	var out []OpMetrics
	for i := range ops {
		s := OpMetrics{Op: i.String(), Errors: map[string]int64{}, Times: make([]TimeBucket, len(bounds)+1)}
		for k, bound := range bounds {
			s.Times[k].UpTo = bound
		}
		for _, m := range meters {
			s.add(&m.ops[i])
		}
		if s.Count > 0 || s.Underway > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (s *OpMetrics) add(o *meterOp) {
	s.Count += o.count.Load()
	s.Underway += o.underway.Load()
	s.Sent += o.sent.Load()
	s.Received += o.got.Load()
	s.Time += time.Duration(o.nanos.Load())
	for k := range o.errs {
		if n := o.errs[k].Load(); n > 0 {
			name := "other"
			if k < len(errorKinds) {
				name = errorKinds[k].name
			}
			s.Errors[name] += n
		}
	}
	for k := range o.times {
		s.Times[k].Count += o.times[k].Load()
	}
}
