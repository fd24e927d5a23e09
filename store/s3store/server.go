package s3store

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// shunned is how long a server is not asked that could not be connected to, while
// there are others.
const shunned = 10 * time.Second

// fleet is the servers over which requests are spread.
type fleet struct {
	servers []*server
	next    atomic.Uint64
	reached atomic.Bool // some server has answered
	http    *http.Transport
}

// server is one of a fleet.
type server struct {
	of     *fleet
	client *s3.Client
	failed atomic.Pointer[time.Time] // when it could not be connected to
}

// RoundTrip implements http.RoundTripper.
func (v *server) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := v.of.http.RoundTrip(r)
	var op *net.OpError
	switch {
	case err == nil:
		if v.failed.Load() != nil {
			v.failed.Store(nil)
		}
		if !v.of.reached.Load() {
			v.of.reached.Store(true)
		}
	case errors.As(err, &op) && op.Op == "dial" && r.Context().Err() == nil:
		now := time.Now()
		v.failed.Store(&now)
	}
	return answer, err
}

// shun reports whether the server is better not asked.
func (v *server) shun() bool {
	at := v.failed.Load()
	return at != nil && time.Since(*at) < shunned
}

// client returns whom to ask next: one server after the other, and those that could not
// be connected to lately only if there are no others.
func (f *fleet) client() *s3.Client {
	n := uint64(len(f.servers))
	first := f.next.Add(1)
	for i := range n {
		if v := f.servers[(first+i)%n]; !v.shun() {
			return v.client
		}
	}
	return f.servers[first%n].client
}

// untried reports whether there is a server of which it is not known that it
// cannot be connected to.
func (f *fleet) untried() bool {
	return slices.ContainsFunc(f.servers, func(v *server) bool { return !v.shun() })
}
