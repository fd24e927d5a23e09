package filestore_test

import (
	"testing"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// TestAllocations counts what each operation allocates: a path for each call to the
// system that takes one, and the version that it returns. What the bytes need is
// the caller's, however many there are.
func TestAllocations(t *testing.T) {
	if testenv.Race {
		t.Skip("the race detector allocates too")
	}
	s := open(t, t.TempDir())
	ctx := t.Context()
	data := make([]byte, 1<<20)
	parts := [][]byte{data[:1<<19], data[1<<19:]}
	whole := [][]byte{data}
	v, err := s.Put(ctx, "a/x", whole, store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	spans := []nd.Span{{Off: 10, Dst: data[:100]}, {Off: 1 << 19, Dst: data[1<<19:]}}
	for _, c := range []struct {
		name string
		want float64
		do   func() error
	}{
		{"get", 2, func() error { _, _, err := s.Get(ctx, "a/x", store.GetOptions{}, data[:0]); return err }},
		{"get if match", 3, func() error {
			_, _, err := s.Get(ctx, "a/x", store.GetOptions{Cond: store.Cond{IfMatch: v}}, data[:0])
			return err
		}},
		{"get ranges", 2, func() error { _, err := s.GetRanges(ctx, "a/x", store.Cond{}, spans); return err }},
		{"stat", 2, func() error { _, err := s.Stat(ctx, "a/x"); return err }},
		{"put", 12, func() (err error) { v, err = s.Put(ctx, "a/x", whole, store.Cond{}); return err }},
		{"put in parts", 14, func() (err error) { v, err = s.Put(ctx, "a/x", parts, store.Cond{}); return err }},
		{"put if match", 14, func() (err error) { v, err = s.Put(ctx, "a/x", whole, store.Cond{IfMatch: v}); return err }},
	} {
		if n := testing.AllocsPerRun(20, func() {
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
		}); n != c.want {
			t.Errorf("%s: %v allocations, expected %v", c.name, n, c.want)
		}
	}
}
