package convert

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// maxEmptyLists bounds what is written of an array without elements.
const maxEmptyLists = 1 << 20

// jsonWriter writes elements as nested lists.
type jsonWriter struct {
	w     *bufio.Writer
	shape []int
	t     dtype.Type
	at    []int // coordinates of the next element
	buf   []byte
}

// newJSONWriter returns also what ends the text.
func newJSONWriter(w io.Writer, shape []int, t dtype.Type) (*jsonWriter, func() error, error) {
	b := bufio.NewWriterSize(w, 1<<16)
	j := &jsonWriter{w: b, shape: shape, t: t, at: make([]int, len(shape))}
	end := func() error {
		_ = b.WriteByte('\n') // a bufio.Writer keeps its error until Flush
		return b.Flush()
	}
	return j, end, j.begin()
}

// begin writes all of an array without elements.
func (j *jsonWriter) begin() error {
	axis := slices.Index(j.shape, 0)
	if axis < 0 {
		return nil
	}
	if n, ok := nd.Size(j.shape[:axis]); !ok || n > maxEmptyLists {
		return fmt.Errorf("an array of shape %v would be more than %d empty lists", j.shape, maxEmptyLists)
	}
	j.empty(j.shape[:axis])
	return nil
}

// empty writes empty lists nested in lists of the given shape.
func (j *jsonWriter) empty(shape []int) {
	_ = j.w.WriteByte('[') // a bufio.Writer keeps its error until Flush
	if len(shape) > 0 {
		for i := range shape[0] {
			if i > 0 {
				_, _ = j.w.WriteString(", ")
			}
			j.empty(shape[1:])
		}
	}
	_ = j.w.WriteByte(']')
}

func (j *jsonWriter) write(elements []byte) error {
	size := j.t.Size()
	for ; len(elements) > 0; elements = elements[size:] {
		if err := j.element(elements[:size]); err != nil {
			return err
		}
	}
	return nil
}

// element writes one element with the brackets before and after it.
func (j *jsonWriter) element(elem []byte) error {
	b := j.buf[:0]
	ndim := len(j.shape)
	open := 0 // lists that begin here
	for open < ndim && j.at[ndim-1-open] == 0 {
		open++
	}
	switch {
	case open == 0 && ndim > 0:
		b = append(b, ", "...)
	case open < ndim:
		b = append(b, ",\n"...)
		for range ndim - open {
			b = append(b, ' ')
		}
	}
	for range open {
		b = append(b, '[')
	}
	b = appendJSON(b, j.t, elem)
	for i := ndim - 1; i >= 0; i-- {
		if j.at[i]++; j.at[i] < j.shape[i] {
			break
		}
		j.at[i] = 0
		b = append(b, ']')
	}
	j.buf = b
	_, err := j.w.Write(b)
	return err
}

// appendJSON writes an element: numbers as such, times and texts as texts, bytes in
// base64, and structs as objects.
func appendJSON(b []byte, t dtype.Type, elem []byte) []byte {
	switch t.Kind() {
	case dtype.Datetime, dtype.Timedelta:
		return append(append(append(b, '"'), t.Format(elem)...), '"')
	case dtype.FixedText, dtype.Text, dtype.FixedBytes, dtype.Raw, dtype.ByteString:
		if raw := t.FormatFill(elem); string(raw) != "null" {
			return append(b, raw...)
		}
		return strconv.AppendQuote(b, t.Format(elem)) // the code points in hexadecimal digits
	case dtype.Struct:
		return appendStruct(b, t, elem)
	}
	switch x := t.Value(elem).(type) {
	case dtype.Half:
		return appendFloat(b, float64(x.Float32()), 32)
	case dtype.Brain:
		return appendFloat(b, float64(x.Float32()), 32)
	case float32:
		return appendFloat(b, float64(x), 32)
	case float64:
		return appendFloat(b, x, 64)
	case complex64:
		b = appendFloat(append(b, '['), float64(real(x)), 32)
		return append(appendFloat(append(b, ", "...), float64(imag(x)), 32), ']')
	case complex128:
		b = appendFloat(append(b, '['), real(x), 64)
		return append(appendFloat(append(b, ", "...), imag(x), 64), ']')
	}
	return append(b, t.Format(elem)...)
}

// appendStruct writes the fields as members of an object.
func appendStruct(b []byte, t dtype.Type, elem []byte) []byte {
	b = append(b, '{')
	for i, f := range t.Fields() {
		if i > 0 {
			b = append(b, ", "...)
		}
		name, err := json.Marshal(f.Name)
		if err != nil { // a text can be written
			name = nil
		}
		b = append(append(b, name...), ": "...)
		b = appendJSON(b, f.Type, elem[f.Offset:f.Offset+f.Type.Size()])
	}
	return append(b, '}')
}

// appendFloat writes the fewest digits that give the number back, always with a
// point or an exponent.
func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, bits)
	}
	b = strconv.AppendFloat(b, f, 'f', -1, bits)
	if f == math.Trunc(f) {
		b = append(b, ".0"...)
	}
	return b
}
