package dosna_test

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// The tests of this file work through data as large as users have with
// -scale full, and do the same with little of it otherwise.
var scale = flag.String("scale", "small", "small or full")

// TestMassSpectraCube writes an imaging experiment spectrum by spectrum, as an
// instrument does, and reads it both as spectra and as ion images.
func TestMassSpectraCube(t *testing.T) {
	rows, cols, channels := 24, 30, 2000
	if *scale == "full" {
		rows, cols, channels = 500, 500, 20_000
	}
	c := create(t, t.TempDir()+"/pool")
	d, err := c.CreateDataset(ctx, "cube", dosna.DatasetSpec{
		Shape: []int{rows, cols, channels}, Type: dtype.Float32, Chunks: []int{4, 64, 1000}, Codec: "zstd:1",
		DimensionNames: []string{"y", "x", "mz"},
	})
	if err != nil {
		t.Fatal(err)
	}
	value := func(y, x, k int) float32 { return float32((y*7919+x*104729+k/16)%1009) / 8 }
	start := time.Now()
	b, err := d.Buffer(0)
	if err != nil {
		t.Fatal(err)
	}
	spectrum := make([]float32, channels)
	view := nd.NewView(dtype.Bytes(spectrum), []int{channels}, 4)
	for y := range rows {
		for x := range cols {
			for k := range spectrum {
				spectrum[k] = value(y, x, k)
			}
			if err := b.WriteBox(ctx, nd.Box{Start: []int{y, x, 0}, Shape: []int{1, 1, channels}}, view); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	wrote := time.Since(start)

	start = time.Now()
	const spectra = 100
	for range spectra {
		y, x := rand.IntN(rows), rand.IntN(cols)
		got, err := dosna.ReadAll[float32](ctx, d, nd.Sel(nd.At(y), nd.At(x)))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range got {
			if v != value(y, x, k) {
				t.Fatalf("spectrum (%d, %d) has %v in channel %d, want %v", y, x, v, k, value(y, x, k))
			}
		}
	}
	asSpectra := time.Since(start) / spectra

	start = time.Now()
	const images = 5
	for range images {
		k := rand.IntN(channels)
		got, err := dosna.ReadAll[float32](ctx, d, nd.Sel(nd.Ellipsis(), nd.At(k)))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v != value(i/cols, i%cols, k) {
				t.Fatalf("ion image %d has %v at pixel %d", k, v, i)
			}
		}
	}
	u, err := d.Usage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d × %d × %d: written in %v (%.0f MB/s), stored in %.0f MB of %.0f; a spectrum in %v, an ion image in %v; %d MiB of memory from the system",
		rows, cols, channels, wrote.Round(time.Millisecond), float64(d.Bytes())/1e6/wrote.Seconds(), float64(u.Stored)/1e6, float64(d.Bytes())/1e6,
		asSpectra.Round(time.Microsecond), (time.Since(start) / images).Round(time.Microsecond), m.Sys>>20)
}
