package lock

import "time"

// observer notes since when claims have been seen unchanged, by this process's clock.
type observer map[string]sight

type sight struct {
	beat  uint64
	since time.Duration // when a record with this beat was first received
}

// saw notes the claims of a record that was received at a time.
func (o observer) saw(r record, at time.Duration) {
	here := make(map[string]bool, len(r.Holders)+len(r.Waiting))
	for _, list := range [][]Claim{r.Holders, r.Waiting} {
		for _, c := range list {
			here[c.ID] = true
			if s, ok := o[c.ID]; !ok || s.beat != c.Beat {
				o[c.ID] = sight{c.Beat, at}
			}
		}
	}
	for id := range o {
		if !here[id] {
			delete(o, id)
		}
	}
}

// left returns how long a claim still has to be seen unchanged until it counts no
// more; at most 0 if it does not count.
func (o observer) left(c Claim, now time.Duration) time.Duration {
	s, ok := o[c.ID]
	if !ok || s.beat != c.Beat {
		return c.TTL()
	}
	return c.TTL() - (now - s.since)
}

// free returns when, at the earliest, all holders may be gone who have died.
func (o observer) free(r record, now time.Duration) time.Duration {
	most := time.Duration(0)
	for _, h := range r.Holders {
		most = max(most, o.left(h, now))
	}
	return most
}
