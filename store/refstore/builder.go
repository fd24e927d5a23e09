package refstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/dosna/dosna/store"
)

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
	removed []string
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

// Source returns the number of the source that was added under a URL.
func (b *Builder) Source(url string) (int, bool) {
	n, ok := b.known[url]
	return int(n), ok
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

// Remove takes out what is added below a folder, before or after.
func (b *Builder) Remove(folder string) {
	b.removed = append(b.removed, strings.TrimSuffix(folder, "/")+"/")
}

// Len is the number of references so far, those that are taken out among them.
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
	slices.Sort(b.removed)
	removed := 0 // of the folders, those that come before
	for i, r := range order {
		for key := string(b.key(r)); removed < len(b.removed) && key >= b.removed[removed] && !strings.HasPrefix(key, b.removed[removed]); {
			removed++
		}
		if removed < len(b.removed) && strings.HasPrefix(string(b.key(r)), b.removed[removed]) {
			continue
		}
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
		m.setLength(i, b.length[r])
	}
	return m
}
