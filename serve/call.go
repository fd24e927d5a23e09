package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/dosna/dosna"
)

// envelope is what every request may say besides what it asks for.
type envelope struct {
	ID       uint64 `json:"id"`
	Op       string `json:"op"`
	At       place  `json:"at"`
	Free     []lent `json:"free"`     // segments that may be used again
	Forget   []lent `json:"forget"`   // segments that the client does not give back
	Lock     uint64 `json:"lock"`     // a lock of the session under which to work
	Progress bool   `json:"progress"` // tell of progress
	Inline   int    `json:"inline"`   // elements of so many bytes come with the message
}

// lent is a segment's number, and which use of it is meant.
type lent [2]uint64

// call is a request that is being answered.
type call struct {
	envelope
	conn         *conn
	header, body []byte

	out     []byte   // the body of the answer
	segment *portion // or where it is
	fresh   *segment // whose descriptor the client has not got
	handle  string   // a new one of the dataset asked for
}

// operation does what is asked for, and returns what is answered.
type operation func(ctx context.Context, k *call) (any, error)

// with makes an operation of a function of what it needs to be told. What it does not
// know is an error, so that no client believes that something was heeded.
func with[A any](f func(ctx context.Context, k *call, a A) (any, error)) operation {
	return func(ctx context.Context, k *call) (any, error) {
		var a struct {
			envelope
			Args A `json:"args"`
		}
		d := json.NewDecoder(bytes.NewReader(k.header))
		d.DisallowUnknownFields()
		d.UseNumber()
		if err := d.Decode(&a); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", dosna.ErrInvalid, k.Op, err)
		}
		return f(ctx, k, a.Args)
	}
}

// nothing is the arguments of what needs none.
type nothing struct{}

// answer answers the request.
func (k *call) answer(ctx context.Context) {
	ok, err := k.do(ctx)
	k.conn.end(k.ID)
	a := answer{ID: k.ID, OK: ok, Segment: k.segment, Handle: k.handle}
	body, g := k.out, k.fresh
	if err != nil {
		if k.segment != nil {
			k.conn.session.pool.give(k.segment.ID, k.segment.Use, k.fresh != nil)
		}
		a, body, g = answer{ID: k.ID, Error: faultOf(err)}, nil, nil
	}
	k.conn.reply(a, body, g)
}

func (k *call) do(ctx context.Context) (ok any, err error) {
	op := operations[k.Op]
	if op == nil {
		return nil, fmt.Errorf("%w: there is no operation %q in version %d of the protocol", dosna.ErrInvalid, k.Op, Version)
	}
	// A fault of this program is not to end the work of all clients.
	defer func() {
		if p := recover(); p != nil {
			ok, err = nil, fmt.Errorf("%s: a fault of the server: %v\n%s", k.Op, p, debug.Stack())
		}
	}()
	if k.Lock != 0 {
		l, err := k.conn.session.locks.get(k.Lock)
		if err != nil {
			return nil, err
		}
		held, cancel := context.WithCancelCause(l.Context())
		defer cancel(nil)
		defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
		ctx = held
	}
	return op(ctx, k)
}

// tree returns the tree of the request's place, which is given back by done.
func (k *call) tree(ctx context.Context) (c *dosna.Connection, done func(), err error) {
	mode := dosna.ReadWrite
	if k.At.Mode == "r" {
		mode = dosna.ReadOnly
	}
	t, err := k.conn.server.trees.get(ctx, k.At, mode)
	if err != nil {
		return nil, nil, err
	}
	c = t.c
	if !k.At.plain() || k.Progress {
		o, err := k.options()
		if err != nil {
			k.conn.server.trees.put(t)
			return nil, nil, err
		}
		c = c.With(o)
	}
	return c, func() { k.conn.server.trees.put(t) }, nil
}

func (k *call) options() (dosna.Options, error) {
	o, err := k.At.options()
	if k.Progress {
		o.Progress = k.progress()
	}
	return o, err
}

// dataset returns the dataset that the request is about: by its handle, or if that is
// not known, by its name.
func (k *call) dataset(ctx context.Context) (*dosna.Dataset, func(), error) {
	s := k.conn.server
	if h := s.handles.get(k.At.Handle); h != nil {
		if s.trees.alive(h.tree) {
			d := h.d
			if !k.At.plain() || k.Progress {
				o, err := k.options()
				if err != nil {
					s.trees.put(h.tree)
					return nil, nil, err
				}
				d = d.With(o)
			}
			return d, func() { s.trees.put(h.tree) }, nil
		}
		s.handles.remove(k.At.Handle)
	}
	c, done, err := k.tree(ctx)
	if err != nil {
		return nil, nil, err
	}
	d, err := c.OpenDataset(ctx, k.At.Path)
	if err == nil {
		err = k.keep(d)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return d, done, nil
}

// keep gives a dataset a handle, with the usual options.
func (k *call) keep(d *dosna.Dataset) error {
	s := k.conn.server
	s.trees.mu.Lock()
	t := s.trees.open[k.At.key()]
	s.trees.mu.Unlock()
	if t == nil {
		return nil
	}
	if !k.At.plain() || k.Progress {
		d = d.With(dosna.Options{Allow: d.Connection().Options().Allow})
	}
	k.handle = s.handles.add(d, t)
	return nil
}

// everySo is how often a client is told of progress, at most.
const everySo = 50 * time.Millisecond

// progress returns a function that tells the client.
func (k *call) progress() func(done, total int) {
	var mu sync.Mutex
	var last time.Time
	return func(done, total int) {
		mu.Lock()
		now := time.Now()
		due := done == total || now.Sub(last) >= everySo
		if due {
			last = now
		}
		mu.Unlock()
		if due {
			k.conn.reply(answer{ID: k.ID, Progress: &[2]int{done, total}}, nil, nil)
		}
	}
}

// room returns n bytes for elements of the answer: with the message if they are few or
// the client does not share memory, else in a segment.
func (k *call) room(n int) ([]byte, error) {
	if !k.conn.memory || n <= k.Inline || n == 0 {
		k.out = make([]byte, n)
		return k.out, nil
	}
	g, err := k.conn.session.pool.take(n)
	if err != nil {
		return nil, err
	}
	k.lend(g, n)
	g.populate(n)
	return g.data[:n:n], nil
}

// lend tells the client of a segment, which has it from then on.
func (k *call) lend(g *segment, n int) {
	k.segment = &portion{ID: g.id, Use: g.use, Size: len(g.data), Len: n, New: !g.sent}
	if !g.sent {
		k.fresh, g.sent = g, true
	}
}

// elements returns the elements that come with the request: in its body, of which rest
// is left over, or in a segment.
func (k *call) elements(p *portion, rest []byte) ([]byte, error) {
	if p == nil {
		return rest, nil
	}
	g, err := k.conn.session.pool.use(p.ID)
	if err != nil {
		return nil, err
	}
	if p.Off < 0 || p.Len < 0 || p.Off > len(g.data) || p.Len > len(g.data)-p.Off {
		return nil, fmt.Errorf("%w: bytes %d to %d of a segment of %d", dosna.ErrInvalid, p.Off, p.Off+p.Len, len(g.data))
	}
	return g.data[p.Off : p.Off+p.Len : p.Off+p.Len], nil
}
