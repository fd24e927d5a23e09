package testenv

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Fault is what befalls a request on its way through a [Proxy].
type Fault int

// What may befall a request.
const (
	None    Fault = iota
	Busy          // it is answered 503 SlowDown, and not passed on
	Reset         // its connection is reset, and it is not passed on
	Lost          // it is carried out, and the connection reset before the answer
	CutOff        // it is carried out, and the connection reset in the midst of the answer
	Absent        // it is carried out, and a 404 becomes a 403 without a body
	Expired       // it is answered 400 ExpiredToken, and not passed on
)

// Proxy passes requests on to a server of HTTP, with faults and delays. The header
// Host stays as it was sent, so that signatures hold.
type Proxy struct {
	URL string // to give to clients instead of the server's

	// Plan says what befalls a request; nil: nothing does.
	Plan func(r *http.Request) Fault
	// Delay is added to each request.
	Delay time.Duration

	Requests, Faults atomic.Int64

	target    string
	transport *http.Transport
	address   string
	mu        sync.Mutex
	server    *http.Server
	done      chan struct{}
}

// StartProxy starts one before a server, for the test.
func StartProxy(t testing.TB, server string, plan func(r *http.Request) Fault) *Proxy {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Plan: plan, target: u.Host, address: "127.0.0.1:0", transport: &http.Transport{
		MaxIdleConnsPerHost: 256, DisableCompression: true, ResponseHeaderTimeout: time.Minute,
	}}
	if err := p.Up(); err != nil {
		t.Fatal(err)
	}
	p.URL = "http://" + p.address
	t.Cleanup(func() {
		p.Down()
		p.transport.CloseIdleConnections()
	})
	return p
}

// Up lets the proxy take connections, after Down at the same address as before.
func (p *Proxy) Up() error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", p.address)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.address = l.Addr().String()
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	p.server, p.done = server, done
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	return nil
}

// Down resets all connections, and refuses others.
func (p *Proxy) Down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = p.server.Close()
		<-p.done
		p.server = nil
	}
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.Requests.Add(1)
	time.Sleep(p.Delay)
	fault := None
	if p.Plan != nil {
		fault = p.Plan(r)
	}
	if fault != None {
		p.Faults.Add(1)
	}
	switch fault {
	case Busy:
		refuse(w, r, http.StatusServiceUnavailable, "SlowDown")
		return
	case Expired:
		refuse(w, r, http.StatusBadRequest, "ExpiredToken")
		return
	case Reset:
		reset(w)
		return
	}
	out := r.Clone(r.Context())
	if fault == Lost || fault == CutOff { // whatever becomes of the client
		out = r.Clone(context.WithoutCancel(r.Context()))
	}
	out.URL.Scheme, out.URL.Host, out.RequestURI = "http", p.target, ""
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	answer, err := p.transport.RoundTrip(out)
	if err != nil {
		reset(w)
		return
	}
	defer answer.Body.Close()
	if fault == Lost {
		reset(w)
		return
	}
	if fault == Absent && answer.StatusCode == http.StatusNotFound {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	header := w.Header()
	for name, values := range answer.Header {
		header[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	if fault == CutOff {
		_, _ = io.CopyN(w, answer.Body, max(answer.ContentLength/2, 0))
		reset(w)
		return
	}
	_, _ = io.Copy(w, answer.Body)
}

// refuse answers as a server of S3 does that carries nothing out.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>as planned</Message></Error>`)
}

// reset ends a connection in a way that its other end takes for a failure.
func reset(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = c.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
