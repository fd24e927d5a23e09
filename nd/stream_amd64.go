package nd

import "unsafe"

const streaming = true

// streamRows copies rows of n bytes, a multiple of cacheLine, to where all begin on
// such a multiple, past the processor's caches. There is one row or more.
//
//go:noescape
func streamRows(dst, src unsafe.Pointer, rows, dstStep, srcStep, n int)
