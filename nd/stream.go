package nd

import "unsafe"

const (
	cacheLine = 64

	// farApart is over how many bytes the rows of a copy are spread if what is there
	// is in no cache, and nobody will read it soon: a part of a large result. Stores
	// past the caches then spare the reading of memory that is overwritten.
	farApart = 8 << 20
)

// streams reports whether the rows of the loop, of which there is a line at least,
// can and had better be stored past the caches.
func (l *loop) streams(dst unsafe.Pointer) bool {
	if !streaming || l.n == 0 || l.item%cacheLine != 0 || uintptr(dst)%cacheLine != 0 {
		return false
	}
	span := 0
	for i := range l.n {
		if l.ds[i]%cacheLine != 0 {
			return false
		}
		span += l.ds[i] * (l.shape[i] - 1)
	}
	return span >= farApart
}
