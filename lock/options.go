package lock

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/dosna/dosna/internal/elapsed"
	"github.com/dosna/dosna/store"
)

// DefaultTTL is the time to live of leases that ask for none.
const DefaultTTL = 30 * time.Second

// Options modify [Acquire]; the zero value is an exclusive lease, for which is waited
// as long as the context lasts.
type Options struct {
	// Shared leases exclude exclusive ones only.
	Shared bool
	// TTL is the time to live: how long others wait if the holder dies, and four
	// thirds of how long it may be out of touch with the store before its context
	// ends. 0 is DefaultTTL. It should be many times what a request to the store takes.
	TTL time.Duration
	// Wait is how long is waited while others hold the lease: 0, as long as the
	// context lasts; negative, not at all.
	Wait time.Duration
	// Note says to others what the lease is for.
	Note string
	// Exists, if not nil, is asked before a record is made where there is none, and
	// once a lease has been granted: an error keeps it from being had.
	Exists func() error

	now func() time.Duration // the clock; nil: elapsed.Now
}

func (o *Options) orDefault() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if out.TTL == 0 {
		out.TTL = DefaultTTL
	}
	if out.TTL < MinTTL || out.TTL > MaxTTL {
		return out, fmt.Errorf("%w: a time to live of %v; it is from %v to %v", store.ErrInvalid, out.TTL, MinTTL, MaxTTL)
	}
	out.TTL = out.TTL.Truncate(time.Millisecond)
	if out.now == nil {
		out.now = elapsed.Now
	}
	return out, nil
}

// claim returns a new claim of this process.
func (o Options) claim() Claim {
	now := time.Now().UTC().Truncate(time.Millisecond)
	c := Claim{ID: rand.Text(), Shared: o.Shared, Millis: o.TTL.Milliseconds(), PID: os.Getpid(), Since: now, Renewed: now, Note: tidy(o.Note)}
	c.Host, c.User = whoAmI()
	return c
}

// whoAmI returns the names of this host and of the user.
func whoAmI() (host, name string) {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	if u, err := user.Current(); err == nil {
		name = u.Username
	} else {
		name = fmt.Sprintf("user %d", os.Getuid())
	}
	return tidy(host), tidy(name)
}
