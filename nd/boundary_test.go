package nd

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

//go:embed testdata/pad.txt
var padGolden string // by testdata/pad.py

func TestExtendAsNumPyPads(t *testing.T) {
	lines := 0
	for line := range strings.Lines(padGolden) {
		var name, want string
		var n, before, after int
		if _, err := fmt.Sscan(line, &name, &n, &before, &after, &want); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		m, err := ParseBoundary(name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := -before; i < n+after; i++ {
			got = append(got, fmt.Sprint(m.Extend(i, n)))
		}
		if g := strings.Join(got, ","); g != want {
			t.Errorf("%s of %d: %s, want %s", name, n, g, want)
		}
		lines++
	}
	if lines != 83 {
		t.Errorf("%d lines, want 83", lines)
	}
}

func TestExtendFar(t *testing.T) {
	for _, c := range []struct {
		m          Boundary
		i, n, want int
	}{
		{Reflect, -1_000_000_001, 10, 0}, {Mirror, 18_000_000_003, 10, 3}, {Wrap, -1, 7, 6},
		{Nearest, math.MaxInt, 5, 4}, {Nearest, math.MinInt, 5, 0}, {Wrap, math.MinInt, 8, 0},
		{Reflect, -3, math.MaxInt, 2}, {Mirror, -3, math.MaxInt, 3}, {Constant, math.MinInt, 3, -1},
		{Reflect, 0, 0, -1}, {Wrap, -5, 0, -1}, {Constant, 5, 0, -1},
	} {
		if got := c.m.Extend(c.i, c.n); got != c.want {
			t.Errorf("%s: index %d of %d is %d, want %d", c.m, c.i, c.n, got, c.want)
		}
	}
}

func drawBoundary(t *rapid.T) Boundary {
	return rapid.SampledFrom([]Boundary{Reflect, Constant, Nearest, Mirror, Wrap}).Draw(t, "boundary")
}

func TestRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawBoundary(t)
		n := rapid.IntRange(0, 9).Draw(t, "n")
		lo := rapid.IntRange(-40, 40).Draw(t, "lo")
		hi := lo + rapid.IntRange(0, 60).Draw(t, "length")
		i, inside := lo, 0
		for r := range m.Runs(lo, hi, n) {
			if r.Count <= 0 {
				t.Fatalf("run %+v at %d", r, i)
			}
			if i >= 0 && i < n {
				inside++
			}
			for k := range r.Count {
				if got, want := r.Start+k*r.Step, m.Extend(i, n); got != want {
					t.Fatalf("%+v has %d at index %d, want %d", r, got, i, want)
				}
				i++
			}
		}
		if i != hi || inside > 1 {
			t.Fatalf("runs end at %d, want %d; %d inside", i, hi, inside)
		}
	})
}

func TestBoundaryRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawBoundary(t)
		ndim := rapid.IntRange(0, 3).Draw(t, "ndim")
		shape, box := make([]int, ndim), newBox(ndim)
		for i := range shape {
			shape[i] = rapid.IntRange(1, 6).Draw(t, "length")
			box.Start[i] = rapid.IntRange(-15, 15).Draw(t, "start")
			box.Shape[i] = rapid.IntRange(0, 20).Draw(t, "box length")
		}
		size, _ := Size(shape)
		array := NewView(make([]byte, 2*size), shape, 2)
		for i := range size {
			array.Data[2*i], array.Data[2*i+1] = byte(i), byte(i>>8)
		}
		value := []byte{0xaa, 0xff}
		dst := randomView(t, box.Shape, 2, "dst")
		err := m.Read(dst, box, shape, value, func(b Box, dst View) error {
			if !Full(shape).Contains(b) || b.Empty() || !slices.Equal(b.Shape, dst.Shape) {
				t.Fatalf("reads %v of %v into %v", b, shape, dst.Shape)
			}
			Copy(dst, array.Sub(b))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := extendNaively(m, array, box, value); !bytes.Equal(elements(dst), want) {
			t.Fatalf("%s, %v of %v: %v, want %v", m, box, shape, elements(dst), want)
		}
	})
}

func extendNaively(m Boundary, array View, box Box, value []byte) []byte {
	if len(box.Shape) == 0 {
		return array.Data[array.Off : array.Off+array.Item]
	}
	var out []byte
	rest := Box{box.Start[1:], box.Shape[1:]}
	for i := range box.Shape[0] {
		if at := m.Extend(box.Start[0]+i, array.Shape[0]); at >= 0 {
			out = append(out, extendNaively(m, array.Index(0, at), rest, value)...)
		} else {
			out = append(out, bytes.Repeat(value, rest.Size())...)
		}
	}
	return out
}

func TestBoundaryReadsOnce(t *testing.T) {
	for _, m := range []Boundary{Reflect, Constant, Nearest, Mirror} {
		var reads []Box
		err := m.Read(NewView(make([]byte, 20*20), []int{20, 20}, 1), Box{[]int{-5, 85}, []int{20, 20}}, []int{100, 100}, []byte{0},
			func(b Box, _ View) error {
				reads = append(reads, b)
				return nil
			})
		if want := (Box{[]int{0, 85}, []int{15, 15}}); err != nil || len(reads) != 1 || !reads[0].Equal(want) {
			t.Errorf("%s: reads %v (%v), want %v alone", m, reads, err, want)
		}
	}
}

func TestBoundaryReadFails(t *testing.T) {
	cause := errors.New("no such chunk")
	dst := NewView(make([]byte, 4), []int{4}, 1)
	err := Wrap.Read(dst, Box{[]int{-2}, []int{4}}, []int{9}, []byte{0}, func(Box, View) error { return cause })
	if err != cause {
		t.Errorf("error %v, want the reader's", err)
	}
	unread := func(Box, View) error { return errors.New("read an empty array") }
	if err := Constant.Read(dst, Box{[]int{-2}, []int{4}}, []int{0}, []byte{7}, unread); err != nil || !bytes.Equal(dst.Data, []byte{7, 7, 7, 7}) {
		t.Errorf("an empty array extended by a constant: %v, %v", dst.Data, err)
	}
	if err := Reflect.Read(dst, Box{[]int{-2}, []int{4}}, []int{0}, []byte{7}, unread); err == nil || !strings.Contains(err.Error(), "no elements") {
		t.Errorf("an empty array extended by reflection: %v", err)
	}
}

func TestParseBoundary(t *testing.T) {
	for _, name := range []string{"reflect", "constant", "nearest", "mirror", "wrap"} {
		if m, err := ParseBoundary(name); err != nil || m.String() != name {
			t.Errorf("ParseBoundary(%q) = %v, %v", name, m, err)
		}
	}
	for _, name := range []string{"", "Reflect", "edge"} {
		if _, err := ParseBoundary(name); err == nil || !strings.Contains(err.Error(), "known: reflect") {
			t.Errorf("ParseBoundary(%q): %v", name, err)
		}
	}
}
