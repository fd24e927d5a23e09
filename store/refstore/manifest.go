package refstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
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

// Builder makes a manifest. Of several references with one key the last counts.
type Builder struct {
	sources []Source
	known   map[string]uint32
	inline  []byte
	keys    []byte
	ends    []uint32 // of each key in keys
	source  []uint32
	offset  []uint64
	length  []int64 // -1: to the end
}

// AddSource returns the number of a source; for one that was added under the same
// URL that one's, whose other members stay.
func (b *Builder) AddSource(s Source) int {
	if b.known == nil {
		b.known = map[string]uint32{}
	}
	n, ok := b.known[s.URL]
	if !ok {
		n = uint32(len(b.sources))
		b.known[s.URL] = n
		b.sources = append(b.sources, s)
	}
	return int(n)
}

// AddRange adds a reference to n bytes at off of a source; n is 0 for all from
// there on.
func (b *Builder) AddRange(key string, source int, off, n int64) error {
	if source < 0 || source >= len(b.sources) {
		return fmt.Errorf("%w: the reference %.200q is to source %d of %d", store.ErrInvalid, key, source, len(b.sources))
	}
	if off < 0 || n < 0 || off > math.MaxInt64-n {
		return fmt.Errorf("%w: the reference %.200q is to %d bytes at %d", store.ErrInvalid, key, n, off)
	}
	if n == 0 {
		n = -1
	}
	return b.add(key, uint32(source)+1, uint64(off), n)
}

// AddInline adds an object's own bytes, which are copied.
func (b *Builder) AddInline(key string, data []byte) error {
	at := len(b.inline)
	b.inline = append(b.inline, data...)
	return b.add(key, 0, uint64(at), int64(len(data)))
}

func (b *Builder) add(key string, source uint32, off uint64, n int64) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if len(b.source) >= mostRefs || len(b.keys) > mostKeys-len(key) {
		return fmt.Errorf("%w: more than %d references, or %d bytes of keys", store.ErrTooLarge, len(b.source), len(b.keys))
	}
	b.keys = append(b.keys, key...)
	b.ends = append(b.ends, uint32(len(b.keys)))
	b.source, b.offset, b.length = append(b.source, source), append(b.offset, off), append(b.length, n)
	return nil
}

// Len is the number of references so far.
func (b *Builder) Len() int { return len(b.source) }

func (b *Builder) key(i uint32) []byte {
	begin := uint32(0)
	if i > 0 {
		begin = b.ends[i-1]
	}
	return b.keys[begin:b.ends[i]]
}

// Manifest returns the table. The builder must not be used any more.
func (b *Builder) Manifest() *Manifest {
	order := make([]uint32, len(b.source))
	for i := range order {
		order[i] = uint32(i)
	}
	sort.SliceStable(order, func(x, y int) bool { return string(b.key(order[x])) < string(b.key(order[y])) })
	kept := order[:0]
	for i, r := range order {
		if i+1 == len(order) || string(b.key(r)) != string(b.key(order[i+1])) {
			kept = append(kept, r)
		}
	}
	m := &Manifest{
		sources: b.sources, inline: b.inline, source: make([]uint32, len(kept)), offset: make([]uint64, len(kept)), length: make([]uint32, len(kept)),
		blocks: make([]uint32, 0, (len(kept)+blockLen-1)/blockLen), long: map[uint32]int64{},
	}
	var last []byte
	for i, r := range kept {
		key := b.key(r)
		same := 0
		if i%blockLen == 0 {
			m.blocks = append(m.blocks, uint32(len(m.keys)))
		} else {
			for same < min(len(key), len(last)) && key[same] == last[same] {
				same++
			}
		}
		m.keys = binary.AppendUvarint(m.keys, uint64(same))
		m.keys = binary.AppendUvarint(m.keys, uint64(len(key)-same))
		m.keys = append(m.keys, key[same:]...)
		last = key
		m.source[i], m.offset[i] = b.source[r], b.offset[r]
		switch n := b.length[r]; {
		case n < 0:
			m.length[i] = toEnd
		case n >= more:
			m.length[i] = more
			m.long[uint32(i)] = n
		default:
			m.length[i] = uint32(n)
		}
	}
	return m
}
