package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/dosna/dosna"
)

// inFlight is how many requests of a connection are worked on at a time. Further ones
// wait in the socket.
const inFlight = 64

// conn is a connection.
type conn struct {
	server  *Server
	net     *net.UnixConn
	cancel  context.CancelFunc
	session *session
	memory  bool // the client takes segments

	out sync.Mutex // of frames

	mu      sync.Mutex
	running map[uint64]context.CancelFunc
}

// session is what the connections of a process share.
type session struct {
	pool  pool
	locks locks
	conns int
}

func (s *Server) join(name string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.sessions[name]
	if one == nil {
		one = &session{}
		one.pool.budget, one.pool.used = &s.budget, map[uint64]*segment{}
		s.sessions[name] = one
	}
	one.conns++
	return one
}

func (s *Server) leave(name string, one *session) {
	s.mu.Lock()
	one.conns--
	last := one.conns == 0
	if last {
		delete(s.sessions, name)
	}
	s.mu.Unlock()
	if last {
		one.locks.close()
		one.pool.close()
	}
}

// run answers requests until the client has gone.
func (c *conn) run(ctx context.Context) {
	in := bufio.NewReaderSize(c.net, 1<<16)
	header, _, err := readFrame(in)
	if err != nil {
		return
	}
	h, w, err := c.server.welcome(header)
	if err != nil {
		c.reply(answer{ID: h.ID, Error: faultOf(err)}, nil, nil)
		return
	}
	c.memory = w.Memory
	c.session = c.server.join(h.Session)
	var calls sync.WaitGroup
	defer func() {
		c.cancel()
		calls.Wait()
		c.server.leave(h.Session, c.session)
	}()
	c.reply(answer{ID: h.ID, OK: w}, nil, nil)
	slots := make(chan struct{}, inFlight)
	for {
		header, body, err := readFrame(in)
		if err != nil {
			if errors.Is(err, dosna.ErrInvalid) {
				c.reply(answer{Error: faultOf(err)}, nil, nil)
			}
			return
		}
		k := &call{conn: c, header: header, body: body}
		if err := json.Unmarshal(header, &k.envelope); err != nil {
			c.reply(answer{Error: faultOf(fmt.Errorf("%w: a header that makes no sense: %w", dosna.ErrInvalid, err))}, nil, nil)
			return
		}
		for _, g := range k.Free {
			c.session.pool.give(g[0], g[1], false)
		}
		for _, g := range k.Forget {
			c.session.pool.give(g[0], g[1], true)
		}
		if k.Op == "cancel" {
			c.stop(k)
			continue
		}
		if k.Op == "free" {
			continue
		}
		slots <- struct{}{}
		ctx, ok := c.start(ctx, k.ID)
		if !ok {
			c.reply(answer{Error: faultOf(fmt.Errorf("%w: there is a request %d already", dosna.ErrInvalid, k.ID))}, nil, nil)
			return
		}
		calls.Go(func() {
			defer func() { <-slots }()
			k.answer(ctx)
		})
	}
}

// start makes the context of a request, by which it can be cancelled.
func (c *conn) start(ctx context.Context, id uint64) (context.Context, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[id] != nil {
		return nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	c.running[id] = cancel
	return ctx, true
}

// end is called before a request is answered: its number may be used again then.
func (c *conn) end(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.running[id]; cancel != nil {
		cancel()
		delete(c.running, id)
	}
}

// stop cancels a request, which is answered all the same.
func (c *conn) stop(k *call) {
	var a struct{ Of uint64 }
	if json.Unmarshal(k.header, &a) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.running[a.Of]; cancel != nil {
		cancel()
	}
}

// reply sends a frame, with a body and the descriptor of a segment if they are given.
// An error is that of the connection, whose reader finds out.
func (c *conn) reply(a answer, body []byte, g *segment) {
	head, err := startFrame(a, len(body))
	if err != nil {
		a = answer{ID: a.ID, Error: faultOf(err)}
		if head, err = startFrame(a, 0); err != nil {
			return
		}
		body, g = nil, nil
	}
	c.out.Lock()
	defer c.out.Unlock()
	if g != nil {
		n, _, err := c.net.WriteMsgUnix(head, g.rights(), nil)
		if err != nil {
			return
		}
		head = head[n:]
	}
	parts := net.Buffers{head, body}
	_, _ = parts.WriteTo(c.net)
}
