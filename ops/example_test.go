package ops_test

import (
	"context"
	"fmt"
	"log"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

// A point spreads when it is blurred, and what is there stays the same in all.
func ExampleBlur() {
	ctx := context.Background()
	c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	spec := dosna.DatasetSpec{Shape: []int{101, 101}, Type: dtype.Float32, Chunks: []int{32, 32}}
	point, err := c.CreateDataset(ctx, "point", spec)
	if err != nil {
		log.Fatal(err)
	}
	blurred, err := c.CreateDataset(ctx, "blurred", spec)
	if err != nil {
		log.Fatal(err)
	}
	if err := dosna.Write(ctx, point, nd.Sel(nd.At(50), nd.At(50)), []float32{1}); err != nil {
		log.Fatal(err)
	}
	if err := ops.Blur(ctx, blurred, point, ops.GaussianOptions{Sigma: []float64{2}}); err != nil {
		log.Fatal(err)
	}
	s, err := ops.Stats(ctx, blurred, nd.Selection{}, ops.StatsOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("at most %.4f, in all %.4f\n", s.Max, s.Mean*float64(s.Count))
	// Output: at most 0.0398, in all 1.0000
}
