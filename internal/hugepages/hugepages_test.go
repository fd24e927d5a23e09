package hugepages

import (
	"testing"
	"unsafe"
)

func TestMake(t *testing.T) {
	for _, n := range []int{0, 1, least/4 - 1, least / 4, least/4 + 1, 5*pageSize/4 + 3} {
		s := Make[float32](n)
		if len(s) != n {
			t.Fatalf("%d elements, want %d", len(s), n)
		}
		for i := range s {
			if s[i] != 0 {
				t.Fatalf("element %d of %d is %v", i, n, s[i])
			}
			s[i] = float32(i)
		}
		for i := range s {
			if s[i] != float32(i) {
				t.Fatalf("element %d of %d is %v", i, n, s[i])
			}
		}
	}
}

func TestOnlyWholePagesWithinAreAdvised(t *testing.T) {
	memory := make([]byte, 4*pageSize)
	first := int(-uintptr(unsafe.Pointer(&memory[0])) % pageSize)
	for _, c := range []struct{ from, to, start, pages int }{
		{first, first + pageSize, first, 1},
		{first, first + pageSize - 1, first, 0},
		{first + 1, first + 2*pageSize, first + pageSize, 1},
		{first + 1, first + 2*pageSize - 1, first + pageSize, 0},
		{first + 1, first + 1, 0, 0},
		{first + 1, first + 3*pageSize, first + pageSize, 2},
		{first + 1, first + pageSize - 1, 0, 0},
	} {
		got := inner(memory[c.from:c.to])
		if len(got) != c.pages*pageSize {
			t.Errorf("bytes %d to %d: %d bytes are advised, want %d pages", c.from-first, c.to-first, len(got), c.pages)
		}
		if len(got) > 0 && unsafe.SliceData(got) != &memory[c.start] {
			t.Errorf("bytes %d to %d: advice begins elsewhere than at %d", c.from-first, c.to-first, c.start-first)
		}
	}
}
