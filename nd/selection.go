package nd

import (
	"fmt"
	"strings"
)

// Selection says which elements of an array are meant, as the text between the
// brackets of NumPy's a[…] does. It knows no array: Resolve applies it to one.
// The zero value selects everything.
type Selection struct {
	items      []Index
	orthogonal bool
}

// Sel returns the selection made of items, the first of them for the first axis.
// Several lists and masks are broadcast together and select points, as in
// NumPy; see Orthogonal for the other way.
func Sel(items ...Index) Selection { return Selection{items: items} }

// BoxSelection selects the elements of b, clipped as slices are.
func BoxSelection(b Box) Selection {
	items := make([]Index, len(b.Start))
	for i := range items {
		items[i] = Range(max(b.Start[i], 0), max(b.Stop(i), 0))
	}
	return Sel(items...)
}

// Orthogonal returns the selection in which each list and each mask, which must
// have one dimension, applies to its own axis independently of the others, as
// in zarr's a.oindex[…]: two lists select rows and columns rather than points.
func (s Selection) Orthogonal() Selection { return Selection{s.items, true} }

// String prints the selection so that ParseSelection reads it back:
// "0:5, ..., [1, 2]", "()" if there are no items, and within "oindex[…]" if it
// is orthogonal.
func (s Selection) String() string { return s.text(Index.write) }

// brief prints the selection for a message.
func (s Selection) brief() string {
	return abridge(s.text(func(x Index, b *strings.Builder) {
		const most = 12 // values in full
		switch n := len(x.ints) + len(x.bools); {
		case n > most && x.kind == indexInts:
			fmt.Fprintf(b, "<list of shape %s>", tuple(x.shape))
		case n > most:
			fmt.Fprintf(b, "<mask of shape %s>", tuple(x.shape))
		default:
			x.write(b)
		}
	}))
}

func (s Selection) text(write func(Index, *strings.Builder)) string {
	var b strings.Builder
	if s.orthogonal {
		b.WriteString("oindex[")
	}
	for i, x := range s.items {
		if i > 0 {
			b.WriteString(", ")
		}
		write(x, &b)
	}
	if len(s.items) == 0 {
		b.WriteString("()")
	}
	if s.orthogonal {
		b.WriteByte(']')
	}
	return b.String()
}

// tuple prints a shape as Python does.
func tuple(shape []int) string {
	s := strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", ", ")
	if len(shape) == 1 {
		s += ","
	}
	return "(" + s + ")"
}

// abridge shortens a long text for a message.
func abridge(s string) string {
	if len(s) <= 80 {
		return s
	}
	return s[:60] + " … " + s[len(s)-15:]
}
