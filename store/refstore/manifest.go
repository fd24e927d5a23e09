package refstore

import (
	"context"
	"encoding/binary"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/dosna/dosna/store"
)

// Source is an object that references point into, and what it was when they were
// made, where that is known: a source that is now otherwise is an error.
type Source struct {
	URL     string        // or a path relative to the manifest
	Size    int64         // -1: not known
	Version store.Version // "": not known
	ModTime time.Time     // zero: not known
}

// Ref is what stands for one object: bytes of its own, or a part of a source.
type Ref struct {
	Inline []byte // if Source is nil
	Source *Source
	Range  store.Range // Len 0: the source from Off to its end
}

// Manifest is a table of references, ordered by key. It does not change and may be
// used by many goroutines. Of a million references it needs some 20 MiB.
type Manifest struct {
	sources []Source
	inline  []byte

	// Keys are kept in blocks of blockLen. A key is the number of bytes that it
	// has in common with the one before in its block, the number of its others, and
	// these.
	keys   []byte
	blocks []uint32 // where in keys each block begins

	// A reference is a source, an offset in it or in inline, and a length.
	source []uint32 // 0: inline; else one more than its place in sources
	offset []uint64
	length []uint32         // toEnd; or more
	long   map[uint32]int64 // lengths that are more than fit
}

const (
	blockLen = 16
	toEnd    = math.MaxUint32     // the length of what goes to the source's end
	more     = math.MaxUint32 - 1 // the length is in Manifest.long

	mostRefs = 1 << 28
	mostKeys = math.MaxUint32
)

// Len is the number of references.
func (m *Manifest) Len() int { return len(m.source) }

// Inline is how many of the references are to bytes that the manifest has itself.
func (m *Manifest) Inline() int {
	n := 0
	for _, source := range m.source {
		if source == 0 {
			n++
		}
	}
	return n
}

// Sources returns the sources. The slice must not be changed.
func (m *Manifest) Sources() []Source { return m.sources }

// Bytes is about how much memory the manifest needs.
func (m *Manifest) Bytes() int64 {
	n := len(m.inline) + len(m.keys) + 4*len(m.blocks) + 16*len(m.source) + 64*len(m.long)
	for _, s := range m.sources {
		n += 64 + len(s.URL) + len(s.Version)
	}
	return int64(n)
}

// Ref returns the reference at a place. What is inline must not be changed.
func (m *Manifest) Ref(i int) Ref {
	off, n := int64(m.offset[i]), int64(m.length[i])
	switch n {
	case more:
		n = m.long[uint32(i)]
	case toEnd:
		n = 0
	}
	if m.source[i] == 0 {
		return Ref{Inline: m.inline[off : off+n : off+n]}
	}
	return Ref{Source: &m.sources[m.source[i]-1], Range: store.Range{Off: off, Len: n}}
}

// cursor walks over the keys.
type cursor struct {
	m   *Manifest
	i   int // of the key, which is Len behind the last
	at  int // where in keys the next begins
	key []byte
}

// from returns a cursor at the first key of a block.
func (m *Manifest) from(block int) *cursor {
	c := &cursor{m: m, i: block*blockLen - 1, at: len(m.keys)}
	if block < len(m.blocks) {
		c.at = int(m.blocks[block])
	}
	c.next()
	return c
}

func (c *cursor) next() {
	if c.i++; c.i >= c.m.Len() {
		c.i, c.key = c.m.Len(), nil
		return
	}
	same, n := binary.Uvarint(c.m.keys[c.at:])
	c.at += n
	rest, n := binary.Uvarint(c.m.keys[c.at:])
	c.at += n
	c.key = append(c.key[:same], c.m.keys[c.at:c.at+int(rest)]...)
	c.at += int(rest)
}

// first returns the first key of a block, which is there whole.
func (m *Manifest) first(block int) []byte {
	at := m.keys[m.blocks[block]+1:] // behind the 0 bytes in common
	rest, n := binary.Uvarint(at)
	return at[n : n+int(rest)]
}

// seek returns a cursor at the first key that is not less.
func (m *Manifest) seek(key string) *cursor {
	block := sort.Search(len(m.blocks), func(b int) bool { return string(m.first(b)) > key })
	c := m.from(max(block-1, 0))
	for c.i < m.Len() && string(c.key) < key {
		c.next()
	}
	return c
}

// Find returns the place of a key, if it is there.
func (m *Manifest) Find(key string) (int, bool) {
	c := m.seek(key)
	return c.i, c.i < m.Len() && string(c.key) == key
}

// All yields the keys, in order, and their places.
func (m *Manifest) All(yield func(key string, i int) bool) {
	for c := m.from(0); c.i < m.Len(); c.next() {
		if !yield(string(c.key), c.i) {
			return
		}
	}
}

func (m *Manifest) sorted() bool { return true }

// find implements table.
func (m *Manifest) find(_ context.Context, key string) (Ref, error) {
	if i, ok := m.Find(key); ok {
		return m.Ref(i), nil
	}
	return Ref{}, store.ErrNotExist
}

// list implements table.
func (m *Manifest) list(_ context.Context, o store.ListOptions, yield func(key string, r Ref) bool) error {
	for c := m.seek(max(o.Prefix, o.After)); c.i < m.Len(); {
		key, i := string(c.key), c.i
		rest, ok := strings.CutPrefix(key, o.Prefix)
		if !ok {
			return nil
		}
		var r Ref
		if slash := strings.IndexByte(rest, '/'); o.Shallow && slash >= 0 {
			key = key[:len(o.Prefix)+slash+1]
			c = m.seek(key[:len(key)-1] + "0") // '0' follows the slash
		} else {
			r = m.Ref(i)
			c.next()
		}
		if key > o.After && !yield(key, r) {
			return nil
		}
	}
	return nil
}
