package memstore_test

import (
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

func BenchmarkGet(b *testing.B) {
	s := memstore.New()
	data := make([]byte, 1<<20)
	if _, err := s.Put(b.Context(), "x", [][]byte{data}, store.Cond{}); err != nil {
		b.Fatal(err)
	}
	for name, dst := range map[string][]byte{"dst=nil": nil, "dst=warm": make([]byte, 0, len(data))} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, _, err := s.Get(b.Context(), "x", store.GetOptions{}, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
