package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dosna/dosna/dtype"
)

var le = binary.LittleEndian

// Elements says what the elements of a datatype are in memory.
//
// Numbers are the same type, or the next larger that there is; an enum is its numbers, that of FALSE and TRUE a boolean;
// complex numbers are those of HDF5 2.0, and compounds of floats r and i; a compound is a struct, in which arrays are structs of fields 0,
// 1, … and strings have a fixed size; opaque bytes are raw bytes, and times if they are NumPy's (tag NUMPY:M8[…]); arrays
// are further dimensions. Texts of all kinds are strings, and so is what has no place elsewhere: vlens of elements, references, compounds with either
// are texts of JSON, see [File.Value].
type Elements struct {
	Type  dtype.Type
	Shape []int // of an array: the dimensions that it adds

	// Direct says that the bytes of an element in the file are those of Type, in Order.
	Direct bool
	Order  dtype.Order

	// Texts says that elements become texts one by one, by File.Value.
	Texts bool

	t      *Datatype // of an element, without arrays around it
	leaves []leaf    // of what is not direct
}

// leaf is a part of an element that has no parts.
type leaf struct {
	from, to int // in bytes from the element's beginning, in the file and in memory
	number   number
	size     int // of what is no number: its bytes are copied
	pad      Pad // of a text
	text     bool
}

// Elements returns how a type is in memory.
func (t *Datatype) Elements() (*Elements, error) {
	e := &Elements{t: t}
	for e.t.Class == ClassArray {
		e.Shape = append(e.Shape, e.t.Shape...)
		e.t = e.t.Base
	}
	if len(e.Shape) > mostDims {
		return nil, fmt.Errorf("%w: arrays of %d dimensions", ErrUnsupported, len(e.Shape))
	}
	if e.t.Class == ClassString && e.t.Size != 1 || e.t.Class == ClassVlen || e.t.Class == ClassReference {
		e.Type, e.Texts = dtype.String, true
		return e, nil
	}
	var ok bool
	if e.Type, ok = e.add(e.t, 0, 0); !ok {
		if e.t.Class != ClassCompound && e.t.Class != ClassOpaque && e.t.Class != ClassInteger && e.t.Class != ClassBits {
			return nil, fmt.Errorf("%w: elements of %v", ErrUnsupported, e.t)
		}
		e.Type, e.Texts, e.leaves = dtype.String, true, nil
		return e, nil
	}
	e.direct()
	return e, nil
}

// direct finds out whether there is nothing to do.
func (e *Elements) direct() {
	known := false
	e.Direct = e.Type.Size() == e.t.Size
	for _, l := range e.leaves {
		order := dtype.Little
		if l.number.t != nil && l.number.t.Order != Little {
			order = dtype.Big
		}
		ordered := l.number.t != nil && l.number.t.Size > 1
		if l.from != l.to || l.number.t != nil && !l.number.direct || l.text && l.pad != PadNull || ordered && known && order != e.Order {
			e.Direct = false
			return
		}
		if ordered {
			known, e.Order = true, order
		}
	}
}

// mostLeaves bounds the parts of an element.
const mostLeaves = 1024

// add takes in a type at places in the file and in memory; false if it has none there.
func (e *Elements) add(t *Datatype, from, to int) (dtype.Type, bool) {
	if len(e.leaves) >= mostLeaves {
		return dtype.Type{}, false
	}
	if n, ok := numberOf(t); ok {
		e.leaves = append(e.leaves, leaf{from: from, to: to, number: n})
		return n.out, true
	}
	switch t.Class {
	case ClassEnum:
		out, ok := e.add(t.Base, from, to)
		if t.Boolean() {
			out = dtype.Bool
		}
		return out, ok
	case ClassComplex:
		return e.complex(t.Base, t.Base, from, to, t.Base.Size)
	case ClassCompound:
		if m := t.Members; len(m) == 2 && m[0].Name == "r" && m[1].Name == "i" && m[0].Type.Class == ClassFloat && m[1].Type.Class == ClassFloat {
			mark := len(e.leaves)
			if out, ok := e.complex(m[0].Type, m[1].Type, from+m[0].Offset, to, m[1].Offset-m[0].Offset); ok {
				return out, true
			}
			e.leaves = e.leaves[:mark]
		}
		return e.compound(t, from, to)
	case ClassArray:
		return e.array(t, t.Shape, from, to)
	case ClassString:
		out, err := dtype.NewFixedBytes(t.Size)
		pad := t.Pad
		if t.Size == 1 && pad == PadTerm { // of one byte both mean the same
			pad = PadNull
		}
		e.leaves = append(e.leaves, leaf{from: from, to: to, size: t.Size, text: true, pad: pad})
		return out, err == nil
	case ClassOpaque:
		if out, ok := e.time(t, from, to); ok {
			return out, true
		}
		out, err := dtype.NewRaw(t.Size)
		e.leaves = append(e.leaves, leaf{from: from, to: to, size: t.Size})
		return out, err == nil
	}
	return dtype.Type{}, false
}

// complex takes in two floats.
func (e *Elements) complex(re, im *Datatype, from, to, apart int) (dtype.Type, bool) {
	a, ok := numberOf(re)
	b, both := numberOf(im)
	if !ok || !both || a.out != b.out {
		return dtype.Type{}, false
	}
	out, known := map[string]dtype.Type{"float32": dtype.Complex64, "float64": dtype.Complex128}[a.out.Name()]
	if !known {
		var err error
		if out, _, err = dtype.ParseType("complex_" + a.out.Name()); err != nil {
			return dtype.Type{}, false
		}
	}
	e.leaves = append(e.leaves, leaf{from: from, to: to, number: a}, leaf{from: from + apart, to: to + a.out.Size(), number: b})
	return out, true
}

func (e *Elements) compound(t *Datatype, from, to int) (dtype.Type, bool) {
	var fields []dtype.Field
	at := 0
	for _, m := range t.Members {
		out, ok := e.add(m.Type, from+m.Offset, to+at)
		if !ok {
			return dtype.Type{}, false
		}
		fields = append(fields, dtype.Field{Name: m.Name, Type: out})
		at += out.Size()
	}
	out, err := dtype.NewStruct(fields...)
	return out, err == nil
}

func (e *Elements) array(t *Datatype, shape []int, from, to int) (dtype.Type, bool) {
	if len(shape) == 0 {
		return e.add(t.Base, from, to)
	}
	apart := t.Base.Size
	for _, n := range shape[1:] {
		apart *= n
	}
	var fields []dtype.Field
	for i := range shape[0] {
		out, ok := e.array(t, shape[1:], from+i*apart, to)
		if !ok {
			return dtype.Type{}, false
		}
		fields = append(fields, dtype.Field{Name: strconv.Itoa(i), Type: out})
		to += out.Size()
	}
	out, err := dtype.NewStruct(fields...)
	return out, err == nil
}

// time takes in NumPy's times, which h5py stores as opaque bytes with a tag.
func (e *Elements) time(t *Datatype, from, to int) (dtype.Type, bool) {
	name, ok := strings.CutPrefix(t.Tag, "NUMPY:")
	if !ok || t.Size != 8 {
		return dtype.Type{}, false
	}
	out, order, err := dtype.ParseType(name)
	if err != nil || out.Kind() != dtype.Datetime && out.Kind() != dtype.Timedelta {
		return dtype.Type{}, false
	}
	stored := &Datatype{Class: ClassInteger, Size: 8, Precision: 64, Signed: true}
	if order == dtype.Big {
		stored.Order = Big
	}
	n, _ := numberOf(stored)
	e.leaves = append(e.leaves, leaf{from: from, to: to, number: n})
	return out, true
}

// Boolean tells whether an enum is what h5py and others store truth values as.
func (t *Datatype) Boolean() bool {
	return t.Class == ClassEnum && t.Size == 1 && len(t.Names) == 2 && t.Names[0] == "FALSE" && t.Names[1] == "TRUE" &&
		t.Values[0][0] == 0 && t.Values[1][0] == 1
}

// Convert makes elements in memory, packed and little-endian, of elements in the file. It is not for texts.
func (e *Elements) Convert(dst, src []byte) {
	in, out := e.t.Size, e.Type.Size()
	if e.Direct {
		if dst = dst[:copy(dst, src)]; e.Order == dtype.Big {
			e.Type.Swap(dst)
		}
		return
	}
	for len(src) >= in && len(dst) >= out && in > 0 {
		for i := range e.leaves {
			e.leaves[i].convert(dst, src)
		}
		src, dst = src[in:], dst[out:]
	}
}

func (l *leaf) convert(dst, src []byte) {
	dst, src = dst[l.to:], src[l.from:]
	switch {
	case l.number.t != nil:
		l.number.into(dst, src)
	case l.text:
		text := trim(src[:l.size], l.pad)
		clear(dst[copy(dst, text):l.size])
	default:
		copy(dst, src[:l.size])
	}
}

// trim cuts off what fills up a text.
func trim(text []byte, pad Pad) []byte {
	switch pad {
	case PadTerm:
		if i := bytes.IndexByte(text, 0); i >= 0 {
			text = text[:i]
		}
	case PadNull:
		text = bytes.TrimRight(text, "\x00")
	case PadSpace:
		text = bytes.TrimRight(text, " ")
	}
	return text
}

// unicode returns a text as UTF-8. One that is not is taken for Latin-1, so that nothing is lost.
func unicode(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	runes := make([]rune, len(text))
	for i, b := range text {
		runes[i] = rune(b)
	}
	return string(runes)
}

// String is a type in the words of the format, for people.
func (t *Datatype) String() string {
	switch t.Class {
	case ClassCompound:
		var parts []string
		for _, m := range t.Members {
			parts = append(parts, m.Name+": "+m.Type.String())
		}
		return "compound{" + strings.Join(parts, ", ") + "}"
	case ClassArray, ClassVlen:
		if t.Text {
			return "vlen string"
		}
		return fmt.Sprintf("%v%v of %v", t.Class, t.Shape, t.Base)
	}
	return fmt.Sprintf("%v of %d bytes", t.Class, t.Size)
}
