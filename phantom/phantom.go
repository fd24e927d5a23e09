// Package phantom makes volumes whose content is known: to try things out with,
// and to test with, where no real volume is at hand.
//
// A volume is computed, not held in memory: any box of it can be read, at any
// time, by any number of goroutines, and is always the same.
package phantom

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Options modify a phantom; the zero value is without noise.
type Options struct {
	// Noise is the standard deviation of Gaussian noise, independent in each
	// voxel.
	Noise float64
	// Seed chooses the noise.
	Seed uint64
	// Step, if not 0, is the distance of the values that voxels can have, as
	// those of a detector that counts.
	Step float64
}

// Volume is a phantom, with axes z, y, x: the first rows of a plane are those of
// the largest y. It is an array as dosna.Array describes it.
type Volume struct {
	shape []int
	o     Options
}

// SheppLogan returns the Shepp–Logan phantom of a head in three dimensions, with
// three lengths of axes. Air is 0, bone 1, and all else between.
func SheppLogan(shape []int, o Options) (*Volume, error) {
	n, ok := nd.Size(shape)
	switch {
	case len(shape) != 3 || !ok || n == 0:
		return nil, fmt.Errorf("a phantom of shape %v: want three lengths of at least 1", shape)
	case !(o.Noise >= 0) || !(o.Step >= 0) || math.IsInf(o.Noise+o.Step, 0):
		return nil, fmt.Errorf("a phantom with noise %v in steps of %v: want numbers that are not negative", o.Noise, o.Step)
	}
	return &Volume{slices.Clone(shape), o}, nil
}

// Shape returns the lengths of the axes.
func (v *Volume) Shape() []int { return slices.Clone(v.shape) }

// Type returns float32.
func (v *Volume) Type() dtype.Type { return dtype.Float32 }

// ReadBox computes the voxels of a box, into memory of its shape.
func (v *Volume) ReadBox(ctx context.Context, box nd.Box, dst nd.View) error {
	if len(box.Start) != 3 || !nd.Full(v.shape).Contains(box) || !slices.Equal(dst.Shape, box.Shape) || dst.Item != 4 {
		return fmt.Errorf("read %s of a phantom of shape %v into memory of shape %v", box, v.shape, dst.Shape)
	}
	if err := dst.Check(); err != nil {
		return err
	}
	row := make([]float64, box.Shape[2])
	for i := range box.Shape[0] {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for j := range box.Shape[1] {
			v.row(box.Start[0]+i, box.Start[1]+j, box.Start[2], row)
			off := dst.Off + i*dst.Strides[0] + j*dst.Strides[1]
			for k, x := range row {
				binary.NativeEndian.PutUint32(dst.Data[off+k*dst.Strides[2]:], math.Float32bits(float32(x)))
			}
		}
	}
	return nil
}

// row computes the voxels of a row from voxel first on.
func (v *Volume) row(i, j, first int, row []float64) {
	clear(row)
	z, y := centre(i, v.shape[0]), -centre(j, v.shape[1])
	width := v.shape[2]
	for _, e := range head {
		from, to, ok := e.along(y, z)
		if !ok {
			continue
		}
		lo := max(int(math.Ceil(voxel(from, width)))-first, 0)
		hi := min(int(math.Floor(voxel(to, width)))-first+1, len(row))
		for k := lo; k < hi; k++ {
			row[k] += e.value
		}
	}
	if v.o.Noise > 0 {
		addNoise(row, v.o.Noise, v.o.Seed, uint64((i*v.shape[1]+j)*width+first))
	}
	if v.o.Step > 0 {
		for k, x := range row {
			row[k] = math.RoundToEven(x/v.o.Step) * v.o.Step
		}
	}
}

// centre is the coordinate, from -1 to 1, of the middle of voxel i of n.
func centre(i, n int) float64 { return float64(2*i+1)/float64(n) - 1 }

// voxel is the inverse of centre.
func voxel(x float64, n int) float64 { return ((x+1)*float64(n) - 1) / 2 }
