package bufpool

import "testing"

func TestClassesHoldWhatTheyPromise(t *testing.T) {
	last := -1
	for n := 1; n < 1<<22; n += 1 + n/97 {
		i, capacity := class(n)
		if capacity < n || n > 1<<minClass && capacity > n+n/2 {
			t.Fatalf("%d bytes get %d", n, capacity)
		}
		if j, c := class(capacity); j != i || c != capacity {
			t.Fatalf("a buffer of %d bytes is of class %d, but comes from class %d", capacity, j, i)
		}
		if i < last {
			t.Fatalf("class %d after %d", i, last)
		}
		last = i
	}
}

func TestGetAfterPut(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 1024, 1025, 5000, 1 << 20, 1<<20 + 1} {
		b := Get(n)
		if len(*b) != n {
			t.Fatalf("got %d bytes, want %d", len(*b), n)
		}
		Put(b)
		grown := append(make([]byte, 0, n+100), make([]byte, n+77)...)
		Put(&grown)
		for range 4 {
			if b := Get(n); len(*b) != n {
				t.Fatalf("got %d bytes, want %d", len(*b), n)
			}
		}
	}
}

func TestHugeBuffersAreNotKept(t *testing.T) {
	if i, _ := class(1<<maxClass + 1<<maxClass); i < len(classes) {
		t.Errorf("class %d is kept", i)
	}
}
