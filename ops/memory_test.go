//go:build unix

package ops_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

var scale = flag.String("scale", "small", "small, or full: 4 GiB")

// TestBlurInBoundedMemory creates a dataset, writes it in pieces and blurs it,
// in a process of its own that reports the most memory it had resident.
func TestBlurInBoundedMemory(t *testing.T) {
	if testenv.Race {
		t.Skip("the race detector multiplies memory")
	}
	const limit = 256 << 20
	if dir := os.Getenv("DOSNA_BLUR_CHILD"); dir != "" {
		blurChild(t, dir)
		if peak := peakMemory(t); peak > limit {
			t.Errorf("at most %d MiB were resident, and %d MiB are allowed", peak>>20, limit>>20)
		} else {
			t.Logf("at most %d MiB resident", peak>>20)
		}
		return
	}
	shape := []int{256, 512, 512} // 256 MiB: as much as is allowed
	if *scale == "full" {
		shape = []int{1024, 1024, 1024}
	}
	spec, err := json.Marshal(shape)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBlurInBoundedMemory$", "-test.v", "-test.timeout=30m")
	cmd.Env = append(os.Environ(), "DOSNA_BLUR_CHILD="+t.TempDir()+"/pool", "DOSNA_BLUR_SHAPE="+string(spec))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func blurChild(t *testing.T, dir string) {
	var shape []int
	if err := json.Unmarshal([]byte(os.Getenv("DOSNA_BLUR_SHAPE")), &shape); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	spec := dosna.DatasetSpec{Shape: shape, Type: dtype.Float32, Chunks: []int{64, 64, 64}, Codec: "zstd:1"}
	raw, err := c.CreateDataset(ctx, "raw", spec)
	if err != nil {
		t.Fatal(err)
	}
	blurred, err := c.CreateDataset(ctx, "blurred", spec)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	piece := make([]float32, 64*shape[1]*64)
	for z := 0; z < shape[0]; z += 64 { // pieces of 64 × all × 64, a column of chunks
		for x := 0; x < shape[2]; x += 64 {
			for i := range piece {
				piece[i] = float32((i*2654435761)>>20&1023) / 64
			}
			box := nd.Box{Start: []int{z, 0, x}, Shape: []int{64, shape[1], 64}}
			if err := raw.WriteBox(ctx, box, nd.NewView(dtype.Bytes(piece), box.Shape, 4)); err != nil {
				t.Fatal(err)
			}
		}
	}
	wrote := time.Since(start)
	start = time.Now()
	if err := ops.Blur(ctx, blurred, raw, ops.GaussianOptions{Sigma: []float64{2}}); err != nil {
		t.Fatal(err)
	}
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	t.Logf("written in %v, blurred in %v (%.0f MB/s), %d collections", wrote.Round(time.Millisecond), time.Since(start).Round(time.Millisecond),
		float64(raw.Bytes())/1e6/time.Since(start).Seconds(), stats.NumGC)
}
