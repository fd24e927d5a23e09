package hugepages

import "golang.org/x/sys/unix"

// advise asks for huge pages where memory is touched for the first time. It may be
// refused, which alters nothing but the time taken.
func advise(b []byte) {
	if len(b) > 0 {
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	}
}
