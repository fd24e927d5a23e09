package prefault

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/dosna/dosna/internal/testenv"
)

// TestPagesAreThere asks the system which pages of fresh memory it has given.
func TestPagesAreThere(t *testing.T) {
	const size = 2*stretch + stretch/2
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(b)
	err = unix.Madvise(b[:os.Getpagesize()], unix.MADV_POPULATE_WRITE)
	testenv.Require(t, "prefault", err == nil, "the kernel is older than Linux 5.14")
	// The parts do not begin where pages do: those on their borders are left.
	inside := b[100 : size-100]
	for i := range Stretches(len(inside)) {
		Stretch(inside, i)
	}
	missing := 0
	for i, there := range resident(t, b) {
		if !there {
			missing++
			t.Logf("page %d is not there", i)
		}
	}
	if missing > 2 {
		t.Errorf("%d pages are not there", missing)
	}
}

func resident(t *testing.T, b []byte) []bool {
	page := os.Getpagesize()
	vec := make([]byte, len(b)/page)
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&vec[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	there := make([]bool, len(vec))
	for i, v := range vec {
		there[i] = v&1 != 0
	}
	return there
}
