//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// sample is an element of the data that is measured with.
type sample interface{ float32 | uint16 }

// selections are what every peer reads: the file sel.json beside the data.
type selections struct {
	N         int       `json:"n"`
	ZPlanes   []int     `json:"zplanes"`
	XPlanes   []int     `json:"xplanes"`
	Boxes     [][3]int  `json:"boxes"`
	Box       int       `json:"box"`
	Points    [][3]int  `json:"points"`
	Overwrite [3][2]int `json:"overwrite"`
	Block     int       `json:"block"`
}

func loadSelections(dir string) (selections, error) {
	var s selections
	raw, err := os.ReadFile(filepath.Join(dir, "sel.json"))
	if err != nil {
		return s, err
	}
	err = json.Unmarshal(raw, &s)
	return s, err
}

// blocks are all blocks of an array, in order.
func (s selections) blocks() (boxes []nd.Box) {
	b, m := s.Block, s.N/s.Block
	for i := range m * m * m {
		boxes = append(boxes, cube([3]int{i / (m * m) * b, i / m % m * b, i % m * b}, b))
	}
	return boxes
}

// parts are the planes or boxes that an operation reads.
func (s selections) parts(op string) (boxes []nd.Box) {
	n := s.N
	switch op {
	case "zplanes":
		for _, z := range s.ZPlanes {
			boxes = append(boxes, nd.Box{Start: []int{z, 0, 0}, Shape: []int{1, n, n}})
		}
	case "xplanes":
		for _, x := range s.XPlanes {
			boxes = append(boxes, nd.Box{Start: []int{0, 0, x}, Shape: []int{n, n, 1}})
		}
	case "boxes":
		for _, at := range s.Boxes {
			boxes = append(boxes, cube(at, s.Box))
		}
	}
	return boxes
}

// source reads the first n elements of the data.
func source[T sample](dir string, n int) ([]T, error) {
	v := make([]T, n)
	f, err := os.Open(filepath.Join(dir, typeName[T]()+".bin"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := io.ReadFull(f, dtype.Bytes(v)); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return v, nil
}

func typeName[T sample]() string {
	if dtype.Of[T]() == dtype.Uint16 {
		return "u2"
	}
	return "f4"
}

// everyNth adds up each 97th element, which is how planes and boxes are checked.
func everyNth[T sample](v []T) (sum float64) {
	for i := 0; i < len(v); i += 97 {
		sum += float64(v[i])
	}
	return sum
}

// lattice adds up a[::37, ::41, ::43] of an array with edges of length n, which is
// how a whole array is checked.
func lattice[T sample](v []T, n int) (sum float64) {
	for z := 0; z < n; z += 37 {
		for y := 0; y < n; y += 41 {
			for x := 0; x < n; x += 43 {
				sum += float64(v[(z*n+y)*n+x])
			}
		}
	}
	return sum
}

func cube(at [3]int, n int) nd.Box {
	return nd.Box{Start: at[:], Shape: []int{n, n, n}}
}
