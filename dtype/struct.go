package dtype

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
	"unique"
)

// Field is a part of the elements of a type of the kind Struct.
type Field struct {
	Name   string
	Type   Type
	Offset int // in bytes from the beginning of an element
}

// field is a field in the form that makes types comparable: a list whose equal
// ends are one in memory.
type field struct {
	name   string
	typ    Type
	offset int
	next   unique.Handle[field]
}

var lastField unique.Handle[field]

// What types may ask for.
const (
	maxFields = 1024 // in a struct and those in it
	maxDepth  = 16   // structs in structs
	maxName   = 255  // bytes of a field's name
)

var errFields = fmt.Errorf("there are too many fields: at most %d are supported, those in fields included", maxFields)

// NewStruct returns the type of elements that have these fields, one behind the
// other without padding; offsets are ignored. Names are not empty and differ
// from each other, and fields have a fixed size.
func NewStruct(fields ...Field) (Type, error) {
	if len(fields) == 0 {
		return Type{}, errors.New("struct: it has no fields")
	}
	t := Type{name: "struct", kind: Struct}
	offsets := make([]int, len(fields))
	seen := make(map[string]bool, len(fields))
	leaves, depth := 0, 0
	for i, f := range fields {
		switch {
		case f.Name == "":
			return Type{}, fmt.Errorf("struct: field %d has no name", i)
		case len(f.Name) > maxName || !utf8.ValidString(f.Name):
			return Type{}, fmt.Errorf("struct: the name of field %d is not UTF-8 of at most %d bytes", i, maxName)
		case seen[f.Name]:
			return Type{}, fmt.Errorf("struct: there are two fields %q", f.Name)
		case f.Type.size == 0:
			return Type{}, fmt.Errorf("struct: field %q is of the type %q, whose elements have no fixed size", f.Name, f.Type.name)
		}
		seen[f.Name] = true
		offsets[i] = t.size
		t.size += f.Type.size
		depth = max(depth, f.Type.depth())
		leaves += f.Type.leafCount()
		switch {
		case leaves > maxFields:
			return Type{}, errFields
		case depth >= maxDepth:
			return Type{}, fmt.Errorf("struct: more than %d structs inside each other", maxDepth)
		case t.size > maxSize:
			return Type{}, fmt.Errorf("struct: it has more than %d bytes", maxSize)
		}
		switch {
		case i == 0:
			t.unit = f.Type.unit
		case f.Type.unit != t.unit:
			t.unit = 0
		}
	}
	for i := len(fields) - 1; i >= 0; i-- {
		t.fields = unique.Make(field{fields[i].Name, fields[i].Type, offsets[i], t.fields})
	}
	return t, nil
}

// each yields the fields of a struct.
func (t Type) each() iter.Seq[field] {
	return func(yield func(field) bool) {
		for h := t.fields; h != lastField; {
			f := h.Value()
			if !yield(f) {
				return
			}
			h = f.next
		}
	}
}

// Fields returns the fields of a type of the kind Struct, in order.
func (t Type) Fields() []Field {
	var list []Field
	for f := range t.each() {
		list = append(list, Field{f.name, f.typ, f.offset})
	}
	return list
}

// Field returns the field of that name.
func (t Type) Field(name string) (Field, error) {
	if t.kind != Struct {
		return Field{}, fmt.Errorf("elements of %s have no fields", t)
	}
	for f := range t.each() {
		if f.name == name {
			return Field{f.name, f.typ, f.offset}, nil
		}
	}
	return Field{}, fmt.Errorf("there is no field %q in %s", clip([]byte(name)), t)
}

// leaves yields the parts of an element that have no parts, and where they are.
func (t Type) leaves() iter.Seq2[int, Type] {
	return func(yield func(int, Type) bool) { t.yieldLeaves(0, yield) }
}

func (t Type) yieldLeaves(at int, yield func(int, Type) bool) bool {
	if t.kind != Struct {
		return yield(at, t)
	}
	for f := range t.each() {
		if !f.typ.yieldLeaves(at+f.offset, yield) {
			return false
		}
	}
	return true
}

func (t Type) leafCount() int {
	n := 0
	for range t.leaves() {
		n++
	}
	return n
}

// depth returns how many structs there are inside each other.
func (t Type) depth() int {
	if t.kind != Struct {
		return 0
	}
	most := 0
	for f := range t.each() {
		most = max(most, f.typ.depth())
	}
	return most + 1
}

// maxDescribed bounds what String writes of a struct.
const maxDescribed = 200

// describe writes a struct for people, in about so many bytes.
func (t Type) describe(most int) string {
	var b strings.Builder
	b.WriteString("struct{")
	for f := range t.each() {
		if b.Len() > most {
			b.WriteString(", …")
			break
		}
		if f.offset > 0 {
			b.WriteString(", ")
		}
		name := f.name
		if needsQuotes(name) || strings.ContainsAny(name, ": ") {
			name = fmt.Sprintf("%q", name)
		}
		b.WriteString(name + ": ")
		if f.typ.kind == Struct {
			b.WriteString(f.typ.describe(most - b.Len()))
		} else {
			b.WriteString(f.typ.String())
		}
	}
	return b.String() + "}"
}
