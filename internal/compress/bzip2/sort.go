package bzip2

import "slices"

// sorter is the memory of the Burrows–Wheeler transform.
type sorter struct {
	order, next []int32 // rotations by where they begin
	class, temp []int32 // of each rotation: equal for equal ones, in their order
	count       []int32
	last        []byte
}

// transform returns the last bytes of the rotations of block in their order, and
// the place of block itself among them. Rotations are sorted by their first two
// bytes, then by twice as many again and again, each time by counting.
func (s *sorter) transform(block []byte) (last []byte, origin int) {
	n := len(block)
	s.order, s.next = resize(s.order, n), resize(s.next, n)
	s.class, s.temp = resize(s.class, n), resize(s.temp, n)
	s.count = resize(s.count, max(n, 1<<16)+1)
	classes := s.byPairs(block)
	for h := 2; classes < n && h < n; h *= 2 {
		was := classes
		if classes = s.double(n, h, classes); classes == was {
			break // what is still equal remains so
		}
	}
	s.last = slices.Grow(s.last[:0], n)[:n]
	for i, at := range s.order {
		if at == 0 {
			origin = i
			at = int32(n)
		}
		s.last[i] = block[at-1]
	}
	return s.last, origin
}

func resize(s []int32, n int) []int32 { return slices.Grow(s[:0], n)[:n] }

// byPairs sorts by the first two bytes, and returns how many classes there are.
func (s *sorter) byPairs(block []byte) int {
	n := len(block)
	count := s.count[:1<<16+1]
	clear(count)
	pair := func(i int) int {
		j := i + 1
		if j == n {
			j = 0
		}
		return int(block[i])<<8 | int(block[j])
	}
	for i := range n {
		count[pair(i)+1]++
	}
	for i := 1; i < len(count); i++ {
		count[i] += count[i-1]
	}
	for i := range n {
		p := pair(i)
		s.order[count[p]] = int32(i)
		count[p]++
	}
	class, before := -1, -1
	for _, at := range s.order {
		if p := pair(int(at)); p != before {
			class, before = class+1, p
		}
		s.class[at] = int32(class)
	}
	return class + 1
}

// double sorts by 2·h bytes what is sorted by h.
func (s *sorter) double(n, h, classes int) int {
	count := s.count[:classes+1]
	clear(count)
	for _, c := range s.class {
		count[c+1]++
	}
	for i := 1; i < len(count); i++ {
		count[i] += count[i-1]
	}
	// In the order of what begins h further on, each comes behind those of its class.
	for _, at := range s.order {
		i := int(at) - h
		if i < 0 {
			i += n
		}
		c := s.class[i]
		s.next[count[c]] = int32(i)
		count[c]++
	}
	s.order, s.next = s.next, s.order
	class := -1
	var first, second int32 = -1, -1
	for _, at := range s.order {
		j := int(at) + h
		if j >= n {
			j -= n
		}
		if a, b := s.class[at], s.class[j]; a != first || b != second {
			class, first, second = class+1, a, b
		}
		s.temp[at] = int32(class)
	}
	s.class, s.temp = s.temp, s.class
	return class + 1
}
