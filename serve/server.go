package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/engine"
)

// Options modify a server; the zero value serves the processes of the same user.
type Options struct {
	// Cache, if not nil, keeps decoded chunks for all clients.
	Cache *dosna.Cache
	// Memory is how many bytes of segments there may be, of all clients together;
	// 0: as many as they ask for.
	Memory int
	// Users are the numbers of users who are served besides that of the process.
	Users []int
	// Idle, if not 0, lets the server end when it has had no client for so long.
	Idle time.Duration
	// Name is what the server calls itself, "dosna 1.2".
	Name string
}

// Server answers requests. It may serve several listeners.
type Server struct {
	o       Options
	budget  budget
	trees   trees
	handles handles

	mu       sync.Mutex
	sessions map[string]*session
	conns    map[*conn]bool
	wait     sync.WaitGroup
	changed  chan struct{} // of the number of conns
}

// New returns a server.
func New(o Options) *Server {
	s := &Server{o: o, sessions: map[string]*session{}, conns: map[*conn]bool{}, changed: make(chan struct{}, 1)}
	s.budget.limit = o.Memory
	s.trees.cache = o.Cache
	s.handles.init()
	return s
}

// Serve serves who connects to l, which it closes, until ctx is done; then it ends
// what is under way, and returns nil. It is nil as well when the server has been idle
// for as long as the options say.
func (s *Server) Serve(ctx context.Context, l *net.UnixListener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	background.Go(func() {
		<-ctx.Done()
		_ = l.Close()
		s.closeConns()
	})
	background.Go(func() { s.housekeeping(ctx, cancel) })
	defer background.Wait()
	defer s.wait.Wait()
	defer cancel()
	for {
		c, err := l.AcceptUnix()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = c.Close()
			}
			return nil
		case err != nil:
			return fmt.Errorf("wait for clients at %s: %w", l.Addr(), err)
		}
		s.wait.Go(func() { s.serve(ctx, c) })
	}
}

// Close closes the trees. Nothing is served any more.
func (s *Server) Close() error { return s.trees.close() }

// housekeeping gives back memory that is not needed, and ends a server without clients.
func (s *Server) housekeeping(ctx context.Context, end func()) {
	tick := time.NewTicker(keepWarm / 4)
	defer tick.Stop()
	var idle *time.Timer
	var ended <-chan time.Time
	if s.o.Idle > 0 {
		idle = time.NewTimer(s.o.Idle)
		defer idle.Stop()
		ended = idle.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.mu.Lock()
			pools := make([]*session, 0, len(s.sessions))
			for _, one := range s.sessions {
				pools = append(pools, one)
			}
			s.mu.Unlock()
			for _, one := range pools {
				one.pool.trim(now)
			}
		case <-s.changed:
			if idle == nil {
				continue
			}
			idle.Stop()
			if s.clients() == 0 {
				idle.Reset(s.o.Idle)
			}
		case <-ended:
			if s.clients() == 0 {
				end()
				return
			}
		}
	}
}

func (s *Server) clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func (s *Server) tellChanged() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *Server) closeConns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.net.Close()
	}
}

// admits is an error unless a user may be served.
func (s *Server) admits(c *net.UnixConn) error {
	uid, err := peer(c)
	if err != nil {
		return fmt.Errorf("ask who the client is: %w", err)
	}
	if uid != os.Getuid() && !slices.Contains(s.o.Users, uid) {
		return fmt.Errorf("%w: this server is user %d's, and does not serve user %d", dosna.ErrPermission, os.Getuid(), uid)
	}
	return nil
}

// serve serves one connection until it ends.
func (s *Server) serve(ctx context.Context, nc *net.UnixConn) {
	ctx, cancel := context.WithCancel(ctx)
	c := &conn{server: s, net: nc, cancel: cancel, running: map[uint64]context.CancelFunc{}}
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
	s.tellChanged()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		s.tellChanged()
	}()
	if ctx.Err() != nil { // closeConns may have looked before
		_ = nc.Close()
	}
	defer cancel()
	defer func() { _ = nc.Close() }()
	if err := s.admits(nc); err != nil {
		c.reply(answer{Error: faultOf(err)}, nil, nil)
		return
	}
	c.run(ctx)
}

// answer is the header of a frame from the server.
type answer struct {
	ID       uint64   `json:"id"`
	OK       any      `json:"ok,omitempty"`
	Error    *fault   `json:"error,omitempty"`
	Progress *[2]int  `json:"progress,omitempty"`
	Segment  *portion `json:"segment,omitempty"`
	Handle   string   `json:"handle,omitempty"` // of the dataset, from now on
}

// portion is a part of a segment.
type portion struct {
	ID   uint64 `json:"id"`
	Use  uint64 `json:"use,omitempty"`  // which one of it this is
	Size int    `json:"size,omitempty"` // of the segment
	Off  int    `json:"off,omitempty"`
	Len  int    `json:"len"`
	New  bool   `json:"new,omitempty"` // the segment's descriptor comes with the frame
}

// hello is what a connection begins with.
type hello struct {
	ID       uint64 `json:"id"`
	Op       string `json:"op"`
	Protocol []int  `json:"protocol"` // the versions that the client speaks
	Session  string `json:"session"`  // the same for all connections that share segments
	Memory   bool   `json:"memory"`   // the client takes segments
}

// welcome is what it is answered with.
type welcome struct {
	Protocol int    `json:"protocol"`
	Server   string `json:"server"`
	PID      int    `json:"pid"`
	Memory   bool   `json:"memory"`
	Cores    int    `json:"cores"`
}

// Version is that of the protocol.
const Version = 1

func (s *Server) welcome(header []byte) (hello, *welcome, error) {
	var h hello
	if err := json.Unmarshal(header, &h); err != nil {
		return h, nil, fmt.Errorf("%w: a greeting that makes no sense: %w", dosna.ErrInvalid, err)
	}
	switch {
	case h.Op != "hello":
		return h, nil, fmt.Errorf("%w: a connection begins with hello, not with %q", dosna.ErrInvalid, h.Op)
	case !slices.Contains(h.Protocol, Version):
		return h, nil, fmt.Errorf("%w: the client speaks versions %v of the protocol, and this server speaks %d; install the same version of both", errors.ErrUnsupported, h.Protocol, Version)
	case len(h.Session) < 16 || len(h.Session) > 64:
		return h, nil, fmt.Errorf("%w: the name of a session has 16 to 64 bytes, of random", dosna.ErrInvalid)
	}
	return h, &welcome{Version, s.o.Name, os.Getpid(), h.Memory && canShare, engine.Threads(0).Workers()}, nil
}
