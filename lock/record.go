package lock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dosna/dosna/store"
)

// Bounds of what a record may hold.
const (
	maxRecord = 1 << 20
	maxClaims = 1000
	maxText   = 200
	// MinTTL and MaxTTL bound the time to live.
	MinTTL = 100 * time.Millisecond
	MaxTTL = 24 * time.Hour
)

// Claim is the entry of somebody who holds a lease, or waits for it. Times are by the
// clock of its host, for people to read: nothing is decided by them.
type Claim struct {
	ID      string    `json:"id"`              // of this claim alone
	Shared  bool      `json:"shared"`          // else exclusive
	Fence   uint64    `json:"fence,omitempty"` // the fencing number; of who waits, 0
	Beat    uint64    `json:"beat"`            // is another with each renewal
	Millis  int64     `json:"ttl_ms"`          // time to live, in milliseconds
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	User    string    `json:"user"`
	Note    string    `json:"note,omitempty"` // what it is for
	Since   time.Time `json:"since"`          // when it was granted, or began to wait
	Renewed time.Time `json:"renewed"`
	Broken  string    `json:"broken,omitempty"` // by whom it was asked to end
}

// TTL is how long the claim stays when it is not renewed.
func (c Claim) TTL() time.Duration { return time.Duration(c.Millis) * time.Millisecond }

// String says whose it is: `ann on node7 (process 4711, "nightly import")`.
func (c Claim) String() string {
	note := ""
	if c.Note != "" {
		note = fmt.Sprintf(", %q", c.Note)
	}
	return fmt.Sprintf("%s on %s (process %d%s)", c.User, c.Host, c.PID, note)
}

// record is what is stored. No two records that were ever stored have the same bytes,
// as By and Revision differ, so that a version never comes back.
type record struct {
	Format   int     `json:"dosna_lock"`
	Revision uint64  `json:"revision"` // grows by one with each change
	By       string  `json:"by"`       // the claim, or other name, of who has made it
	Holders  []Claim `json:"holders"`
	Waiting  []Claim `json:"waiting"` // the first has come first
}

const recordFormat = 1

// parse reads a record. Anything but what this package writes is an ErrCorrupt.
func parse(raw []byte) (record, error) {
	var r record
	if len(raw) > maxRecord {
		return r, fmt.Errorf("%w: a lock of %d bytes", store.ErrCorrupt, len(raw))
	}
	var head struct {
		Format int `json:"dosna_lock"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return r, fmt.Errorf("%w: this is no lock: %w", store.ErrCorrupt, err)
	}
	if head.Format != recordFormat {
		return r, fmt.Errorf("%w: a lock of format %d, and format %d is understood", store.ErrCorrupt, head.Format, recordFormat)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return record{}, fmt.Errorf("%w: this is no lock: %w", store.ErrCorrupt, err)
	}
	if err := r.check(); err != nil {
		return record{}, fmt.Errorf("%w: a lock that makes no sense: %w", store.ErrCorrupt, err)
	}
	return r, nil
}

func (r record) check() error {
	if n := len(r.Holders) + len(r.Waiting); n > maxClaims {
		return fmt.Errorf("%d claims, more than %d", n, maxClaims)
	}
	ids := map[string]bool{}
	for i, c := range slices.Concat(r.Holders, r.Waiting) {
		switch {
		case c.ID == "" || ids[c.ID]:
			return fmt.Errorf("claim %d has no id of its own", i)
		case c.TTL() < MinTTL || c.Millis > MaxTTL.Milliseconds():
			return fmt.Errorf("claim %d has a time to live of %d ms", i, c.Millis)
		case i < len(r.Holders) && len(r.Holders) > 1 && !c.Shared:
			return fmt.Errorf("an exclusive holder is one of %d", len(r.Holders))
		case i < len(r.Holders) && (c.Fence == 0 || c.Fence > r.Revision):
			return fmt.Errorf("the fencing number of claim %d is %d at revision %d", i, c.Fence, r.Revision)
		}
		for _, text := range []string{c.ID, c.Host, c.User, c.Note, c.Broken} {
			if text != tidy(text) {
				return fmt.Errorf("the texts of claim %d are too long, or not printable", i)
			}
		}
		ids[c.ID] = true
	}
	return nil
}

func (r record) encode() ([]byte, error) {
	if r.Holders == nil {
		r.Holders = []Claim{}
	}
	if r.Waiting == nil {
		r.Waiting = []Claim{}
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(raw, '\n'), nil
}

// next returns what a record is changed from, to be stored in its place.
func (r record) next(by string) record {
	return record{recordFormat, r.Revision + 1, by, slices.Clone(r.Holders), slices.Clone(r.Waiting)}
}

// drop removes the claims of which gone is true, and reports whether there were any.
func (r *record) drop(gone func(Claim) bool) bool {
	n := len(r.Holders) + len(r.Waiting)
	r.Holders = slices.DeleteFunc(r.Holders, gone)
	r.Waiting = slices.DeleteFunc(r.Waiting, gone)
	return len(r.Holders)+len(r.Waiting) < n
}

// grants reports whether a claim may be granted: nobody excludes it who holds the lease,
// or has come before.
func (r record) grants(c Claim) bool {
	for _, h := range r.Holders {
		if !h.Shared || !c.Shared {
			return false
		}
	}
	for _, w := range r.Waiting {
		if w.ID == c.ID {
			return true
		}
		if !w.Shared || !c.Shared {
			return false
		}
	}
	return true
}

func indexOf(claims []Claim, id string) int {
	return slices.IndexFunc(claims, func(c Claim) bool { return c.ID == id })
}

// tidy makes a text one that can be printed, and is not long.
func tidy(s string) string {
	out := make([]rune, 0, min(len(s), maxText))
	n := 0
	for _, r := range s {
		if !unicode.IsPrint(r) {
			r = ' '
		}
		if n += utf8.RuneLen(r); n > maxText {
			break
		}
		out = append(out, r)
	}
	return string(out)
}
