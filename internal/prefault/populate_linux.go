package prefault

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// populate asks for the pages that lie in b as a whole. Linux before 5.14 refuses.
func populate(b []byte) {
	page := os.Getpagesize()
	from := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & uintptr(page-1))
	if n := (len(b) - from) &^ (page - 1); n > 0 {
		_ = unix.Madvise(b[from:from+n], unix.MADV_POPULATE_WRITE)
	}
}
