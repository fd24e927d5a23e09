package filestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

var sizes = []struct {
	name string
	n    int
}{{"4KiB", 4 << 10}, {"1MiB", 1 << 20}}

// chunks is how many objects the benchmarks go round.
const chunks = 64

func chunkKey(i int) string { return fmt.Sprintf("a/c/%d/%d", i/8%8, i%8) }

func BenchmarkPut(b *testing.B) {
	ctx := b.Context()
	for _, size := range sizes {
		data := make([]byte, size.n)
		for _, fresh := range []bool{false, true} {
			b.Run(fmt.Sprintf("by=store/size=%s/fresh=%v", size.name, fresh), func(b *testing.B) {
				s := open(b, b.TempDir())
				b.SetBytes(int64(size.n))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if fresh && i%chunks == 0 {
						b.StopTimer()
						if err := store.DeletePrefix(ctx, s, ""); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
					if _, err := s.Put(ctx, chunkKey(i), [][]byte{data}, store.Cond{}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("by=os/size=%s/fresh=%v", size.name, fresh), func(b *testing.B) {
				root := b.TempDir()
				b.SetBytes(int64(size.n))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if fresh && i%chunks == 0 {
						b.StopTimer()
						os.RemoveAll(filepath.Join(root, "a"))
						b.StartTimer()
					}
					path := filepath.Join(root, chunkKey(i))
					if i < chunks || fresh {
						if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
							b.Fatal(err)
						}
					}
					if err := os.WriteFile(path+".tmp", data, 0o666); err != nil {
						b.Fatal(err)
					}
					if err := os.Rename(path+".tmp", path); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkGet(b *testing.B) {
	ctx := b.Context()
	for _, size := range sizes {
		root := b.TempDir()
		s := open(b, root)
		data := make([]byte, size.n)
		for i := range chunks {
			if _, err := s.Put(ctx, chunkKey(i), [][]byte{data}, store.Cond{}); err != nil {
				b.Fatal(err)
			}
		}
		b.Run("by=store/size="+size.name, func(b *testing.B) {
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			buf := make([]byte, 0, size.n)
			for i := 0; b.Loop(); i++ {
				if _, _, err := s.Get(ctx, chunkKey(i), store.GetOptions{}, buf[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("by=open+read/size="+size.name, func(b *testing.B) {
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			buf := make([]byte, size.n)
			for i := 0; b.Loop(); i++ {
				f, err := os.Open(filepath.Join(root, chunkKey(i)))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := f.Read(buf); err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
		b.Run("by=os.ReadFile/size="+size.name, func(b *testing.B) {
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := os.ReadFile(filepath.Join(root, chunkKey(i))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("by=os.Root/size=4KiB", func(b *testing.B) {
		path := b.TempDir()
		root, err := os.OpenRoot(path)
		if err != nil {
			b.Fatal(err)
		}
		defer root.Close()
		s := open(b, path)
		for i := range chunks {
			if _, err := s.Put(ctx, chunkKey(i), [][]byte{make([]byte, 4096)}, store.Cond{}); err != nil {
				b.Fatal(err)
			}
		}
		buf := make([]byte, 4096)
		for i := 0; b.Loop(); i++ {
			f, err := root.Open(chunkKey(i))
			if err != nil {
				b.Fatal(err)
			}
			f.Read(buf)
			f.Close()
		}
	})
}

// BenchmarkRanges reads the rows of a box of 32³ float32 from a chunk of 64³.
func BenchmarkRanges(b *testing.B) {
	ctx := b.Context()
	s := open(b, b.TempDir())
	if _, err := s.Put(ctx, "x", [][]byte{make([]byte, 1<<20)}, store.Cond{}); err != nil {
		b.Fatal(err)
	}
	box := make([]byte, 32*32*32*4)
	var rows []nd.Span
	for i := range 32 {
		for j := range 32 {
			rows = append(rows, nd.Span{Off: int64((i*64 + j) * 64 * 4), Dst: box[(i*32+j)*128:][:128]})
		}
	}
	b.Run("box", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.GetRanges(ctx, "x", store.Cond{}, rows); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("point", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.GetRanges(ctx, "x", store.Cond{}, rows[5:6]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkList(b *testing.B) {
	ctx := b.Context()
	s := open(b, b.TempDir())
	for i := range 10_000 {
		if _, err := s.Put(ctx, fmt.Sprintf("g%d/n%d/zarr.json", i/100, i%100), nil, store.Cond{}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n := 0
		for _, err := range s.List(ctx, store.ListOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10_000 {
			b.Fatal(n)
		}
	}
}

// BenchmarkRows reads rows of several lengths, with as much between them.
func BenchmarkRows(b *testing.B) {
	ctx := b.Context()
	s := open(b, b.TempDir())
	if _, err := s.Put(ctx, "x", [][]byte{make([]byte, 4<<20)}, store.Cond{}); err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{256, 512, 1024, 2048, 4096, 16384} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dst := make([]byte, 256<<10)
			var rows []nd.Span
			for i := 0; len(dst) > 0; i++ {
				rows = append(rows, nd.Span{Off: int64(2 * i * n), Dst: dst[:n]})
				dst = dst[n:]
			}
			b.SetBytes(256 << 10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.GetRanges(ctx, "x", store.Cond{}, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDelete deletes objects of one folder one by one.
func BenchmarkDelete(b *testing.B) {
	ctx := b.Context()
	s := open(b, b.TempDir())
	const many = 1000
	for i := 0; b.Loop(); i++ {
		if i%many == 0 {
			b.StopTimer()
			for k := range many {
				if _, err := s.Put(ctx, fmt.Sprint("a/", k), nil, store.Cond{}); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
		}
		if err := s.Delete(ctx, fmt.Sprint("a/", i%many), store.Cond{}); err != nil {
			b.Fatal(err)
		}
	}
}
