package codectest

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// random is seeded anew in every check, so that what one finds can be found again.
func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func size(in codec.Chunk) int { return nd.Full(in.Shape).Size() * in.Type.Size() }

// sample is the elements of a whole chunk, in C order.
type sample struct {
	name string
	data []byte
}

// samples are of every bit pattern, of little variety, nearly all fill, and all
// fill.
func samples(in codec.Chunk) []sample {
	r := random()
	item := in.Type.Size()
	noise, ramp := make([]byte, size(in)), make([]byte, size(in))
	for i := range noise {
		noise[i] = byte(r.Uint32())
		if i%item == item-1 {
			ramp[i] = byte(i / item / 3)
		}
	}
	in.Type.Tidy(noise)
	in.Type.Tidy(ramp)
	sparse := blank(in)
	sparse[len(sparse)-item] ^= 1
	return []sample{{"noise", noise}, {"ramp", ramp}, {"sparse", sparse}, {"fill", blank(in)}}
}

func sampleOf(in codec.Chunk, name string) []byte {
	for _, s := range samples(in) {
		if s.name == name {
			return s.data
		}
	}
	return nil
}

// blank returns the elements of a chunk that is all fill.
func blank(in codec.Chunk) []byte { return bytes.Repeat(in.Fill, size(in)/in.Type.Size()) }

// contiguous is a view of elements in C order.
func contiguous(in codec.Chunk, data []byte) nd.View {
	return nd.NewView(data, in.Shape, in.Type.Size())
}

// layout is a way for elements to lie in memory.
type layout struct {
	name string
	view nd.View
}

const poison = 0xa5

// layouts returns views of some shape over poisoned memory of their own: in C
// order, in Fortran order, backwards, and amid a larger array.
func layouts(shape []int, item int) []layout {
	n := len(shape)
	wide, reversed, perm := make([]int, n), make([]int, n), make([]int, n)
	inside := nd.Box{Start: make([]int, n), Shape: shape}
	for i := range shape {
		wide[i], inside.Start[i] = shape[i]+3, 1
		reversed[i], perm[i] = shape[n-1-i], n-1-i
	}
	c, f := poisoned(shape, item), poisoned(reversed, item).Transpose(perm)
	back := poisoned(shape, item)
	for i := range shape {
		back = back.Flip(i)
	}
	return []layout{{"C order", c}, {"Fortran order", f}, {"reversed", back}, {"inside", poisoned(wide, item).Sub(inside)}}
}

func poisoned(shape []int, item int) nd.View {
	n := nd.Full(shape).Size() * item
	return nd.NewView(bytes.Repeat([]byte{poison}, n), shape, item)
}

// set lays elements in C order out in the view.
func set(v nd.View, data []byte) { nd.Copy(v, nd.NewView(data, v.Shape, v.Item)) }

// get returns the view's elements in C order.
func get(v nd.View) []byte {
	out := make([]byte, v.Size()*v.Item)
	nd.Copy(nd.NewView(out, v.Shape, v.Item), v)
	return out
}

// differ compares a view with elements in C order, and sees whether anything
// was written beside the view.
func differ(v nd.View, want []byte) error {
	got := get(v)
	for i := 0; i < len(want); i += v.Item {
		if !bytes.Equal(got[i:i+v.Item], want[i:i+v.Item]) {
			return fmt.Errorf("element %d of %d is % x, not % x", i/v.Item, len(want)/v.Item, got[i:i+v.Item], want[i:i+v.Item])
		}
	}
	beside := v
	beside.Data = bytes.Clone(v.Data)
	nd.Fill(beside, bytes.Repeat([]byte{poison}, v.Item))
	for i, b := range beside.Data {
		if b != poison {
			return fmt.Errorf("byte %d of %d was written, and is none of the view", i, len(beside.Data))
		}
	}
	return nil
}

// randomBox returns a box, not empty, inside shape.
func randomBox(r *rand.Rand, shape []int) nd.Box {
	b := nd.Box{Start: make([]int, len(shape)), Shape: make([]int, len(shape))}
	for i, n := range shape {
		b.Start[i] = r.IntN(n)
		b.Shape[i] = 1 + r.IntN(n-b.Start[i])
	}
	return b
}

// part returns the elements of a box of a chunk, in C order.
func part(in codec.Chunk, data []byte, box nd.Box) []byte {
	return get(contiguous(in, data).Sub(box))
}
