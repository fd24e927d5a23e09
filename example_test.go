package dosna_test

import (
	"context"
	"fmt"
	"log"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

func Example() {
	ctx := context.Background()
	c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	d, err := c.CreateDataset(ctx, "scan/raw", dosna.DatasetSpec{
		Shape: []int{4, 6}, Type: dtype.Int32, Chunks: []int{2, 3}, Fill: -1,
	})
	if err != nil {
		log.Fatal(err)
	}
	// a[1:3, ::2] = [10, 20, 30]
	sel, err := nd.ParseSelection("1:3, ::2")
	if err != nil {
		log.Fatal(err)
	}
	row := nd.NewView(dtype.Bytes([]int32{10, 20, 30}), []int{3}, 4)
	if err := d.WriteView(ctx, sel, row); err != nil {
		log.Fatal(err)
	}
	all, err := dosna.ReadAll[int32](ctx, d, nd.Selection{})
	if err != nil {
		log.Fatal(err)
	}
	for i := range 4 {
		fmt.Println(all[i*6 : i*6+6])
	}
	// Output:
	// [-1 -1 -1 -1 -1 -1]
	// [10 -1 20 -1 30 -1]
	// [10 -1 20 -1 30 -1]
	// [-1 -1 -1 -1 -1 -1]
}

func ExampleDataset_Map() {
	ctx := context.Background()
	c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create, Engine: engine.Threads(2)})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	spec := dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Float32, Chunks: []int{3}}
	in, err := c.CreateDataset(ctx, "in", spec)
	if err != nil {
		log.Fatal(err)
	}
	if err := dosna.Write(ctx, in, nd.Selection{}, []float32{0, 1, 4, 9, 16, 25, 36, 49}); err != nil {
		log.Fatal(err)
	}
	out, err := c.CreateDataset(ctx, "slope", spec)
	if err != nil {
		log.Fatal(err)
	}
	// Each element becomes half the difference of its neighbours, which may
	// lie in other chunks, or beyond the edge.
	halo := dosna.MapOptions{Halo: []int{1}, Boundary: nd.Nearest}
	err = in.Map(ctx, out, halo, func(_ context.Context, b dosna.Block) error {
		x := dtype.Slice[float32](b.In.Data)
		y := dtype.Slice[float32](b.Out.Data)
		for i := range y {
			y[i] = (x[i+2] - x[i]) / 2
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	slope, err := dosna.ReadAll[float32](ctx, out, nd.Selection{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(slope)
	// Output: [0.5 2 4 6 8 10 12 6.5]
}

func ExampleDataset_Append() {
	ctx := context.Background()
	c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	d, err := c.CreateDataset(ctx, "log", dosna.DatasetSpec{Shape: []int{0, 2}, Type: dtype.Float64, Chunks: []int{100, 2}})
	if err != nil {
		log.Fatal(err)
	}
	for i := range 3 {
		row := []float64{float64(i), float64(i * i)}
		at, err := d.Append(ctx, 0, nd.NewView(dtype.Bytes(row), []int{1, 2}, 8))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("appended at", at, "now", d.Shape())
	}
	// Output:
	// appended at 0 now [1 2]
	// appended at 1 now [2 2]
	// appended at 2 now [3 2]
}
