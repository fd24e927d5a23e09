package ops

import (
	"math/bits"
	"slices"

	"github.com/dosna/dosna/dtype"
)

// selector finds numbers by rank, exactly and in bounded memory, by reading the
// same elements several times: each reading counts by the next few bits of the
// keys those that begin like a wanted one, which then is known to more bits.
type selector struct {
	keys     keys
	known    int             // leading bits of the wanted keys that are known
	digit    int             // bits that this reading counts by
	prefixes []uint64        // the wanted keys' known bits, ascending, each once
	counts   []int           // 1<<digit for each prefix
	seen     [1 << 10]uint64 // whether a prefix begins with these 16 bits
	wanted   []wanted
	line     [lineLength]uint64
}

type wanted struct {
	rank   int
	prefix uint64
	left   int // rank among the numbers that begin with prefix
}

const (
	firstDigit = 16
	seenBits   = 16
	maxCounts  = 1 << 21 // of one worker
)

// newSelector returns a selector for elements of 32 or 64 bits, ready for the
// first reading; which ranks are wanted is said after it.
func newSelector(t dtype.Type) *selector {
	return &selector{keys: keysOf(t), digit: firstDigit, prefixes: []uint64{0}, counts: make([]int, 1<<firstDigit)}
}

// empty returns a selector that has counted nothing, for the same reading.
func (s *selector) empty() *selector {
	e := *s
	e.counts = make([]int, len(s.counts))
	return &e
}

func (s *selector) add(block []byte) {
	line := s.line[:len(block)/s.keys.t.Size()]
	s.keys.line(line, block)
	size := 8 * s.keys.t.Size()
	shift, mask := size-s.known-s.digit, uint64(1)<<s.digit-1
	span := s.keys.hi - s.keys.lo
	for _, key := range line {
		if key-s.keys.lo > span { // NaN
			continue
		}
		i := 0
		if s.known > 0 {
			top := key >> (size - seenBits)
			if s.seen[top/64]>>(top%64)&1 == 0 {
				continue
			}
			var ok bool
			if i, ok = slices.BinarySearch(s.prefixes, key>>(size-s.known)); !ok {
				continue
			}
		}
		s.counts[i<<s.digit|int(key>>shift&mask)]++
	}
}

func (s *selector) merge(o *selector) {
	for i, n := range o.counts {
		s.counts[i] += n
	}
}

// want says, after the first reading, which ranks are wanted.
func (s *selector) want(ranks []int) {
	for _, r := range ranks {
		s.wanted = append(s.wanted, wanted{rank: r, left: r})
	}
}

// next ends a reading and reports whether another one is needed.
func (s *selector) next() (more bool, err error) {
	for i := range s.wanted {
		w := &s.wanted[i]
		at, _ := slices.BinarySearch(s.prefixes, w.prefix)
		counts := s.counts[at<<s.digit:][:1<<s.digit]
		d := 0
		for ; d < len(counts) && w.left >= counts[d]; d++ {
			w.left -= counts[d]
		}
		if d == len(counts) {
			return false, errChanged
		}
		w.prefix = w.prefix<<s.digit | uint64(d)
	}
	s.known += s.digit
	size := 8 * s.keys.t.Size()
	if s.known == size || len(s.wanted) == 0 {
		return false, nil
	}
	s.prefixes = nil
	for _, w := range s.wanted {
		s.prefixes = append(s.prefixes, w.prefix)
		top := w.prefix >> (s.known - seenBits)
		s.seen[top/64] |= 1 << (top % 64)
	}
	slices.Sort(s.prefixes)
	s.prefixes = slices.Compact(s.prefixes)
	s.digit = min(size-s.known, firstDigit, bits.Len(uint(maxCounts/len(s.prefixes)))-1)
	s.counts = make([]int, len(s.prefixes)<<s.digit)
	return true, nil
}

// at returns the number of a wanted rank.
func (s *selector) at(rank int) (x, off float64) {
	i := slices.IndexFunc(s.wanted, func(w wanted) bool { return w.rank == rank })
	var line [1]float64
	loaderOf(s.keys.t)(line[:], s.keys.element(s.wanted[i].prefix))
	return line[0], 0
}
