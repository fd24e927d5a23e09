package dosna_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// volume is smooth with noise, as measured volumes are.
func volume(n int) []float32 {
	v := make([]float32, n*n*n)
	for i := range v {
		z, y, x := i/(n*n), i/n%n, i%n
		v[i] = float32(math.Sin(float64(z)/20)+math.Cos(float64(y)/15)*float64(x)/100) + float32(rand.IntN(16))/64
	}
	return v
}

// BenchmarkDataset reads and writes a volume of 128³ float32 in chunks of 64³
// (1 MiB): whole, across the grain, and in small parts; reads also through a cache.
func BenchmarkDataset(b *testing.B) {
	const n = 128
	v := volume(n)
	for _, store := range []string{"mem", "file"} {
		for _, layout := range []struct {
			name string
			spec dosna.DatasetSpec
		}{
			{"raw", dosna.DatasetSpec{Codec: "none", Checksum: "none"}},
			{"zstd", dosna.DatasetSpec{Codec: "zstd:3", Checksum: "none"}},
			{"default", dosna.DatasetSpec{}},
			{"blosc", dosna.DatasetSpec{Codec: "blosc:lz4:5:shuffle", Checksum: "none"}},
			{"shard", dosna.DatasetSpec{Codec: "zstd:3", Checksum: "none", Shards: []int{128, 128, 128}}},
		} {
			address := "mem://"
			if store == "file" {
				address = b.TempDir() + "/pool"
			}
			c := create(b, address)
			layout.spec.Shape, layout.spec.Type = []int{n, n, n}, dtype.Float32
			layout.spec.Chunks = []int{64, 64, 64}
			if layout.name == "shard" {
				layout.spec.Chunks = []int{32, 32, 32}
			}
			d, err := c.CreateDataset(ctx, "x", layout.spec)
			if err != nil {
				b.Fatal(err)
			}
			if err := dosna.Write(ctx, d, nd.Selection{}, v); err != nil {
				b.Fatal(err)
			}
			name := fmt.Sprintf("store=%s/layout=%s/", store, layout.name)
			b.Run(name+"op=write", func(b *testing.B) {
				b.SetBytes(int64(4 * len(v)))
				for b.Loop() {
					if err := dosna.Write(ctx, d, nd.Selection{}, v); err != nil {
						b.Fatal(err)
					}
				}
			})
			for op, text := range map[string]string{"all": "...", "plane0": "5:6", "plane2": "..., 5:6", "box": "20:52, 30:62, 40:72", "point": "7, 99, 31"} {
				sel := selection(b, text)
				r, err := sel.Resolve(d.Shape())
				if err != nil {
					b.Fatal(err)
				}
				dst := make([]float32, r.Size())
				for cached, d := range map[string]*dosna.Dataset{"": d, "/cache": d.With(dosna.Options{Cache: dosna.NewCache(64 << 20)})} {
					b.Run(name+"op="+op+cached, func(b *testing.B) {
						b.SetBytes(int64(4 * len(dst)))
						b.ReportAllocs()
						for b.Loop() {
							if err := dosna.Read(ctx, d, sel, dst); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
			}
		}
	}
}
