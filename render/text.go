package render

import (
	"bytes"
	"slices"
	"strings"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// TextOptions are those of numpy.set_printoptions. The zero value (and nil) has
// NumPy's defaults; a negative number means 0 where 0 is the default's sign.
type TextOptions struct {
	Threshold int  // more elements than this are summarised; 0: 1000
	Edge      int  // elements shown at each end of a summarised axis; 0: 3
	Precision int  // digits after the decimal point, at most; 0: 8
	Width     int  // characters of a line, at most; 0: 75
	Suppress  bool // small numbers do not make all of them exponential
}

func (o *TextOptions) filled() TextOptions {
	f := TextOptions{}
	if o != nil {
		f = *o
	}
	fill := func(x *int, def int) {
		if *x == 0 {
			*x = def
		}
		*x = max(*x, 0)
	}
	fill(&f.Threshold, 1000)
	fill(&f.Edge, 3)
	fill(&f.Precision, 8)
	fill(&f.Width, 75)
	return f
}

// Text returns v's elements of type t as NumPy's str prints them. V holds the
// whole of an array of the given shape, or if that has more elements than are
// shown, only those of its [Summary].
func (o *TextOptions) Text(shape []int, v nd.View, t dtype.Type) string {
	if len(shape) == 0 {
		return scalarText(v, t)
	}
	f := o.filled()
	return o.text(shape, v, func(v nd.View) func(elem []byte) string { return f.formatter(v, t) })
}

// text is Text with elements that what formatter returns for all of them formats.
func (o *TextOptions) text(shape []int, v nd.View, formatter func(v nd.View) func(elem []byte) string) string {
	s := o.Summary(shape)
	switch {
	case len(shape) == 0:
		return formatter(v)(v.Data[v.Off : v.Off+v.Item])
	case slices.Contains(shape, 0):
		return "[]"
	case !slices.Equal(v.Shape, s.Shape):
		v = s.gather(v)
	}
	l := layout{o: o.filled(), shape: shape, view: v}
	l.word = formatter(v)
	l.axis(0, v.Off)
	return l.out.String()
}

// layout writes words, one for each element, in brackets and lines.
type layout struct {
	o     TextOptions
	shape []int   // of the whole array
	view  nd.View // what is shown of it
	word  func(elem []byte) string
	out   bytes.Buffer
}

// axis writes the elements along axis that begin at offset off of the view.
func (l *layout) axis(axis, off int) {
	l.out.WriteByte('[')
	last := len(l.shape) - 1
	if axis == last {
		l.row(off)
	} else {
		separator := strings.Repeat("\n", last-axis) + strings.Repeat(" ", 1+axis)
		l.items(axis, off, func(i, off int) {
			if i > 0 {
				l.out.WriteString(separator)
			}
			if off < 0 {
				l.out.WriteString("...")
				return
			}
			l.axis(axis+1, off)
		})
	}
	l.out.WriteByte(']')
}

// items calls do for each item along axis with its number and offset, which is
// negative for the dots in the middle of a summary.
func (l *layout) items(axis, off int, do func(i, off int)) {
	dots, n := -1, l.view.Shape[axis]
	if n < l.shape[axis] {
		dots = n / 2
	}
	shown := 0
	for i := range n {
		if i == dots {
			do(shown, -1)
			shown++
		}
		do(shown, off+i*l.view.Strides[axis])
		shown++
	}
	if n == 0 && dots == 0 {
		do(0, -1)
	}
}

// row writes the last axis, broken into lines.
func (l *layout) row(off int) {
	indent := strings.Repeat(" ", len(l.shape))
	width := l.o.Width - len(l.shape) // less the brackets that may follow
	line := []byte(indent)
	flush := func() { // the brackets before a row's first line stand for its indent
		if l.out.Bytes()[l.out.Len()-1] == '[' {
			line = line[len(indent):]
		}
		l.out.Write(line)
	}
	l.items(len(l.shape)-1, off, func(i, off int) {
		word := "..."
		if off >= 0 {
			word = l.word(l.view.Data[off : off+l.view.Item])
		}
		if i > 0 {
			line = append(line, ' ')
		}
		if len(line) > len(indent) && len(line)+len(word) > width {
			line = bytes.TrimRight(line, " ")
			flush()
			l.out.WriteByte('\n')
			line = append(line[:0], indent...)
		}
		line = append(line, word...)
	})
	flush()
}
