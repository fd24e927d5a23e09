// Package codectest is the conformance suite of codecs: what every chain that
// [codec.Bind] returns is to do, whatever its codecs are.
//
// [Run] tries a list of codecs on chunks of every element type and of zero to
// five dimensions, in both byte orders; [RunChain] tries it on one kind of
// chunk. Each check is a function that returns what it finds wrong, so that
// [Checks] can be run outside of tests, too, and on whatever is a [Chain]:
//
//	for _, check := range codectest.Checks() {
//		if err := check.Run(ctx, chain); err != nil {
//			return fmt.Errorf("%s: %w", check.Name, err)
//		}
//	}
//
// They are of three kinds. Elements come back as they were, from all kinds of
// memory and of sources, whole and in part, and from several goroutines. Sources
// that fail, hang, are cancelled or change, at every single request, give errors
// that say so, and leave the chain as it was; [Faulty] is such a source. Stored
// bytes that were cut off, torn, flipped anywhere or never written by a codec are
// reported as codec.ErrCorrupt as far as checksums allow, and take no more memory
// than a chunk does, however much they decode to.
package codectest

import (
	"context"
	"fmt"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Chain is what is tested. *codec.Chain is one.
type Chain interface {
	Specs() []codec.Spec
	Chunk() codec.Chunk
	Checked() bool
	MaxStored() int
	IsFill(v nd.View) bool
	Lazy() *codec.Chain
	Prepare(ctx context.Context, src codec.Source) (codec.Source, error)
	Encode(dst []byte, v nd.View) ([]byte, error)
	Read(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error
	Check(ctx context.Context, src codec.Source) error
	Patch(ctx context.Context, old codec.Source, box nd.Box, v nd.View) (*codec.Patched, error)
}

var _ Chain = (*codec.Chain)(nil)

// A Check looks for one kind of fault. Those that are slow try every alteration
// of a stored chunk, and are for small chunks.
type Check struct {
	Name string
	Slow bool
	Run  func(ctx context.Context, c Chain) error
}

// Checks returns all of them.
func Checks() []Check {
	return []Check{
		{"round trip", false, roundTrip},
		{"encode", false, encode},
		{"clipped", false, clipped},
		{"boxes", false, boxes},
		{"arguments", false, arguments},
		{"patch", false, patch},
		{"patch to fill", false, patchToFill},
		{"failing source", false, failingSource},
		{"concurrent", false, concurrent},
		{"changing source", false, changing},
		{"faults", true, faults},
		{"truncated", true, truncated},
		{"torn", true, torn},
		{"flipped", true, flipped},
		{"garbage", true, garbage},
		{"bomb", true, bomb},
	}
}

// shapes are those of Run: long and short axes, primes, and axes of length 1.
var shapes = [][]int{{}, {1}, {12}, {5, 3}, {4, 6}, {3, 4, 5}, {2, 4, 1, 6}, {2, 2, 3, 2, 2}}

// Run checks the chains that specs gives for chunks of every type in both byte
// orders, each with one of the shapes in turn. Types of one byte are
// tried with dtype.Little only.
func Run(t *testing.T, specs func(in codec.Chunk, o dtype.Order) []codec.Spec) {
	n := 0
	for _, typ := range dtype.All() {
		for _, o := range []dtype.Order{dtype.Little, dtype.Big} {
			if o == dtype.Big && typ.Unit() == 1 {
				continue
			}
			in := codec.Chunk{Shape: shapes[n%len(shapes)], Type: typ, Fill: fill(typ, n)}
			slow := n%5 == 3 && n < 15 // three shapes do: damage knows no types
			n++
			t.Run(fmt.Sprintf("%s %s %v", typ, o, in.Shape), func(t *testing.T) {
				runChain(t, specs(in, o), in, slow)
			})
		}
	}
}

// fill returns zero or another value of the type.
func fill(typ dtype.Type, i int) []byte {
	elem := typ.Zero()
	if i%2 == 1 {
		elem[0] = 1
	}
	return elem
}

// RunChain checks the chain of specs for one kind of chunk, which is to be of
// a few hundred bytes.
func RunChain(t *testing.T, specs []codec.Spec, in codec.Chunk) {
	runChain(t, specs, in, true)
}

func runChain(t *testing.T, specs []codec.Spec, in codec.Chunk, slow bool) {
	c, err := codec.Bind(specs, in)
	if err != nil {
		t.Fatalf("bind %s: %v", describe(specs), err)
	}
	for _, check := range Checks() {
		if check.Slow && !slow {
			continue
		}
		if err := check.Run(t.Context(), c); err != nil {
			t.Errorf("%s: %s: %v", describe(specs), check.Name, err)
		}
	}
}

func describe(specs []codec.Spec) string {
	text := ""
	for i, s := range specs {
		if i > 0 {
			text += ", "
		}
		text += s.Name
		if len(s.Config) > 0 {
			text += " " + string(s.Config)
		}
	}
	return text
}
