// Package bufpool lends byte buffers, so that work per chunk touches warm memory
// instead of allocating: fresh pages cost several times what copying does.
//
// A buffer goes back through Put by the function which got it, after the last
// use of its bytes; one that is never put back is simply collected.
package bufpool

import (
	"math/bits"
	"sync"
)

const (
	minClass = 10 // 1 KiB
	maxClass = 28 // 256 MiB; larger ones are not kept
)

// classes hold buffers by capacity: four sizes to each power of two, so that
// little of a buffer lies idle.
var classes [(maxClass - minClass + 1) * 4]sync.Pool

// class returns the index of the smallest class that holds n bytes, and its
// capacity.
func class(n int) (index, capacity int) {
	if n <= 1<<minClass {
		return 0, 1 << minClass
	}
	exp := bits.Len(uint(n-1)) - 1 // 2^exp < n ≤ 2^(exp+1), in quarters of 2^exp
	quarter := 1 << (exp - 2)
	q := (n - 1 - 1<<exp) / quarter // 0..3
	return (exp-minClass)*4 + q + 1, 1<<exp + (q+1)*quarter
}

// Cap returns the capacity of a buffer that is got for n bytes.
func Cap(n int) int {
	if i, capacity := class(n); i < len(classes) {
		return capacity
	}
	return n
}

// Get lends a buffer of n bytes, whose content is arbitrary.
func Get(n int) *[]byte {
	i, capacity := class(n)
	if i >= len(classes) {
		b := make([]byte, n)
		return &b
	}
	if b, ok := classes[i].Get().(*[]byte); ok {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, capacity)
	return &b
}

// Put takes a buffer back. The slice behind b may have been grown or resliced
// from its beginning.
func Put(b *[]byte) {
	n := cap(*b)
	i, capacity := class(n)
	if capacity != n { // grown by append: it serves the class below
		i--
	}
	if i >= 0 && i < len(classes) {
		classes[i].Put(b)
	}
}
