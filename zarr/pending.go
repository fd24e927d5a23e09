package zarr

import (
	"bytes"
	"slices"
)

// consolidating is where copies of the documents below a group are while something
// below changes: readers do not know it, and need not understand it. In Zarr v2 it is
// in the object GroupKey, where readers ignore what they do not know.
const consolidating = "dosna.consolidating"

// Pending are copies of the metadata below a group that have been taken out of
// readers' sight, since somebody is changing something there. In a group of Zarr v2
// what says so stays when nobody does any more, without copies: they are in an object
// apart, and Last tells one state of it from all that were before.
type Pending struct {
	By     []string      // texts that nobody else uses, of those who are at it
	Last   string        // that of the last who has done so; "" if nobody has
	Copies *Consolidated // nil if they are lost, or apart
}

// At reports whether somebody is changing something.
func (p *Pending) At() bool { return p != nil && len(p.By) > 0 }

// Add notes that somebody is changing something, and reports whether that is new.
func (p *Pending) Add(by string) bool {
	if p.Has(by) {
		return false
	}
	p.By = append(p.By, by)
	return true
}

// Has reports whether somebody of that text is changing something.
func (p *Pending) Has(by string) bool { return p != nil && slices.Contains(p.By, by) }

// Leave notes that somebody has done so, and reports whether nobody else is at it.
func (p *Pending) Leave(by string) bool {
	p.Last = by
	p.By = slices.DeleteFunc(p.By, func(who string) bool { return who == by })
	return len(p.By) == 0
}

// IsPending reports whether a group has what Pending returns.
func (h *Header) IsPending() bool { return h.Extra[consolidating] != nil }

// Pending returns the copies that are out of sight; nil if there are none. What makes
// no sense is somebody who never ends, with copies that are lost.
func (h *Header) Pending() *Pending {
	if !h.IsPending() {
		return nil
	}
	lost := &Pending{By: []string{"?"}}
	m, err := members(h.Extra[consolidating], consolidating)
	if err != nil {
		return lost
	}
	p := &Pending{}
	if m.take("by", &p.By, required) != nil || m.take("last", &p.Last, optional) != nil {
		return lost
	}
	raw, ok := m.pop("copies")
	if !ok || isNull(raw) {
		return p
	}
	if h.Format == 2 {
		p.Copies, err = ParseConsolidated(raw)
	} else {
		p.Copies, err = parseInline(raw, m.at("copies"))
	}
	if err != nil {
		p.Copies = nil
	}
	return p
}

// SetPending puts copies out of sight; nil takes away what says so.
func (h *Header) SetPending(p *Pending) error {
	if p == nil {
		delete(h.Extra, consolidating)
		return nil
	}
	all := []member{{"must_understand", false}, {"by", slices.AppendSeq([]string{}, slices.Values(p.By))}}
	if p.Last != "" {
		all = append(all, member{"last", p.Last})
	}
	if p.Copies != nil {
		raw, err := p.Copies.Marshal()
		if err != nil {
			return err
		}
		all = append(all, member{"copies", verbatim(bytes.TrimSpace(raw))})
	}
	raw, err := appendValue(nil, all, "\n")
	if err != nil {
		return err
	}
	h.extra(consolidating, raw)
	return nil
}
