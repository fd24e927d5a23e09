// Package hugepages makes memory for large results. The first touch of a fresh page
// costs several times what copying into it does, and is paid once for 4 KiB, or, if
// the system agrees, once for 2 MiB.
//
// The memory is the collector's like any other; only advice is given about it, which
// does nothing where the system has no huge pages, or has been told not to use them.
package hugepages

import "unsafe"

const (
	pageSize = 2 << 20 // of every system that the advice is given to

	// least is the size in bytes below which memory is left as it is: smaller
	// results are rather used again than made anew, and rounding to huge pages would
	// tell in what a process takes.
	least = 8 << 20
)

// Make returns a new slice of n elements without pointers, all of them zero.
func Make[T any](n int) []T {
	s := make([]T, n)
	var e T
	if size := n * int(unsafe.Sizeof(e)); size >= least {
		advise(inner(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), size)))
	}
	return s
}

// inner returns the huge pages that lie in b as a whole, so that nothing is backed
// but b.
func inner(b []byte) []byte {
	from := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % pageSize
	if from >= uintptr(len(b)) {
		return nil
	}
	b = b[from:]
	return b[:len(b)/pageSize*pageSize]
}
