package hdf5

import "math"

// Class is a kind of datatype (section IV.A.2.d).
type Class uint8

// The classes.
const (
	ClassInteger   Class = 0
	ClassFloat     Class = 1
	ClassTime      Class = 2
	ClassString    Class = 3
	ClassBits      Class = 4
	ClassOpaque    Class = 5
	ClassCompound  Class = 6
	ClassReference Class = 7
	ClassEnum      Class = 8
	ClassVlen      Class = 9
	ClassArray     Class = 10
	ClassComplex   Class = 11
)

func (c Class) String() string {
	names := [...]string{"integer", "float", "time", "string", "bitfield", "opaque", "compound", "reference", "enum", "vlen", "array", "complex"}
	if int(c) < len(names) {
		return names[c]
	}
	return "unknown"
}

// Order is that of a number's bytes.
type Order uint8

// The orders.
const (
	Little Order = iota
	Big
	VAX
)

// Pad says how a string that is shorter than its room ends.
type Pad uint8

// The paddings.
const (
	PadTerm  Pad = iota // a NUL ends it
	PadNull             // NULs fill the room
	PadSpace            // spaces fill the room
)

// Datatype is the type of an element.
type Datatype struct {
	Class Class
	Size  int // bytes of an element in the file

	Order     Order // of numbers, bit fields and times
	Signed    bool  // of integers
	Offset    int   // the lowest bit that counts, of integers, floats and bit fields
	Precision int   // the bits that count
	Float     Float // of floats

	Pad  Pad  // of strings
	UTF8 bool // of strings: they are UTF-8, not ASCII

	Tag string // of opaque types

	Members []Member  // of compounds
	Names   []string  // of enums
	Values  [][]byte  // of enums, each of Base.Size bytes
	Base    *Datatype // of enums, vlens, arrays and complex numbers
	Shape   []int     // of arrays

	Text      bool      // of vlens: they are strings
	Reference Reference // of references
}

// Float says where the parts of a floating-point number lie, in bits. Its value is that of IEEE 754: the mantissa has
// a leading one that is not stored, unless Norm is not Implied.
type Float struct {
	Sign              int
	ExpPos, ExpSize   int
	MantPos, MantSize int
	Bias              int
	Norm              int
}

// Implied is the usual Norm.
const Implied = 2

// Reference is what a reference refers to.
type Reference uint8

// The references. Those from Object2 on came with HDF5 1.12.
const (
	ReferenceObject Reference = iota
	ReferenceRegion
	ReferenceObject2
	ReferenceRegion2
	ReferenceAttribute
)

// Member is one of a compound.
type Member struct {
	Name   string
	Offset int // in the compound's bytes
	Type   *Datatype
}

// Types are nested no deeper, and have no larger elements, than this.
const (
	mostNested  = 64
	mostElement = 1 << 26 // bytes
)

func (c *cursor) datatype(depth int) *Datatype {
	t := &Datatype{}
	if depth > mostNested {
		c.fail("a datatype nested more than %d deep", mostNested)
		return t
	}
	head := c.u8()
	version := head >> 4
	t.Class = Class(head & 0xf)
	flags := int(c.number(3))
	t.Size = c.u32()
	if c.err == nil && (version < 1 || version > 5) {
		c.unknown("version %d of a datatype", version)
	}
	if c.err == nil && t.Size == 0 && t.Class != ClassOpaque && t.Class != ClassString && t.Class != ClassCompound {
		c.fail("a datatype of class %v and no bytes", t.Class)
	}
	if t.Size > mostElement {
		c.unknown("elements of %d bytes, more than %d", t.Size, mostElement)
	}
	if c.err != nil {
		return t
	}
	switch t.Class {
	case ClassInteger, ClassBits:
		t.Order, t.Signed = Order(flags&1), flags&(1<<3) != 0 && t.Class == ClassInteger
		t.Offset, t.Precision = c.u16(), c.u16()
		t.checkBits(c)
	case ClassFloat:
		c.float(t, flags)
	case ClassTime:
		t.Order, t.Precision = Order(flags&1), c.u16()
	case ClassString:
		c.stringType(t, flags, flags>>4)
	case ClassOpaque:
		tag := c.bytes(flags & 0xff)
		for i, b := range tag {
			if b == 0 {
				tag = tag[:i]
				break
			}
		}
		t.Tag = string(tag)
		// The tag's length is rounded up to a multiple of 8 by whoever wrote it.
	case ClassCompound:
		c.compound(t, version, flags&0xffff, depth)
	case ClassReference:
		if t.Reference = Reference(flags & 0xf); t.Reference > ReferenceAttribute {
			c.unknown("a reference of type %d", t.Reference)
		}
	case ClassEnum:
		c.enum(t, version, flags&0xffff, depth)
	case ClassVlen:
		switch flags & 0xf {
		case 0:
		case 1:
			t.Text = true
			c.stringType(t, flags>>4, flags>>8)
		default:
			c.unknown("a variable-length type of kind %d", flags&0xf)
		}
		t.Base = c.datatype(depth + 1)
		if c.err == nil && t.Size != 8+c.sizes.offset {
			c.fail("a variable-length type of %d bytes", t.Size)
		}
	case ClassArray:
		c.array(t, version, depth)
	case ClassComplex:
		t.Base = c.datatype(depth + 1)
		if c.err == nil && (t.Base.Class != ClassFloat || t.Size != 2*t.Base.Size) {
			c.unknown("complex numbers of %d bytes out of %vs of %d", t.Size, t.Base.Class, t.Base.Size)
		}
	default:
		c.unknown("a datatype of class %d", t.Class)
	}
	return t
}

func (t *Datatype) checkBits(c *cursor) {
	if c.err == nil && (t.Precision == 0 || t.Offset+t.Precision > 8*t.Size) {
		c.fail("%d bits from bit %d in %d bytes", t.Precision, t.Offset, t.Size)
	}
}

func (c *cursor) float(t *Datatype, flags int) {
	switch flags & 0x41 {
	case 0:
	case 1:
		t.Order = Big
	case 0x41:
		t.Order = VAX
	default:
		c.unknown("a float with byte order %#x", flags)
	}
	t.Offset, t.Precision = c.u16(), c.u16()
	t.Float = Float{Sign: flags >> 8 & 0xff, Norm: flags >> 4 & 3}
	t.Float.ExpPos, t.Float.ExpSize = c.u8(), c.u8()
	t.Float.MantPos, t.Float.MantSize = c.u8(), c.u8()
	t.Float.Bias = c.u32()
	t.checkBits(c)
	f := t.Float
	if n := 8 * t.Size; c.err == nil && (f.Sign >= n || f.ExpPos+f.ExpSize > n || f.MantPos+f.MantSize > n || f.ExpSize == 0 || f.ExpSize > 32 || f.Norm > Implied) {
		c.fail("a float of %d bytes has its parts outside", t.Size)
	}
}

func (c *cursor) stringType(t *Datatype, pad, set int) {
	if t.Pad = Pad(pad & 0xf); t.Pad > PadSpace {
		c.unknown("a string with padding %d", t.Pad)
	}
	switch set & 0xf {
	case 0:
	case 1:
		t.UTF8 = true
	default:
		c.unknown("a string in character set %d", set&0xf)
	}
}

// name returns a name that is padded to a multiple of eight bytes before version 3.
func (c *cursor) name(version int) string {
	begin := c.at
	s := c.text()
	if version < 3 {
		c.align(8, begin)
	}
	return s
}

func (c *cursor) compound(t *Datatype, version, n, depth int) {
	names := map[string]bool{}
	for range n {
		m := Member{Name: c.name(version)}
		if version < 3 {
			m.Offset = c.u32()
		} else {
			m.Offset = int(c.number(widthOf(uint64(t.Size))))
		}
		var shape []int
		if version == 1 {
			rank := c.u8()
			c.skip(3 + 4 + 4)
			for i := range 4 {
				if d := c.u32(); i < rank {
					shape = append(shape, d)
				}
			}
		}
		m.Type = c.datatype(depth + 1)
		if len(shape) > 0 && c.err == nil {
			m.Type = c.arrayOf(m.Type, shape)
		}
		if c.err != nil {
			return
		}
		if m.Type.Size > t.Size || m.Offset > t.Size-m.Type.Size {
			c.fail("the member %.100q has %d bytes at %d of %d", m.Name, m.Type.Size, m.Offset, t.Size)
		}
		if names[m.Name] {
			c.fail("two members are called %.100q", m.Name)
		}
		names[m.Name] = true
		t.Members = append(t.Members, m)
	}
}

func (c *cursor) enum(t *Datatype, version, n, depth int) {
	t.Base = c.datatype(depth + 1)
	if c.err == nil && (t.Base.Class != ClassInteger || t.Base.Size != t.Size) {
		c.unknown("an enum of %d bytes out of %vs of %d", t.Size, t.Base.Class, t.Base.Size)
	}
	for range n {
		if c.err != nil {
			return
		}
		t.Names = append(t.Names, c.name(version))
	}
	for range n {
		t.Values = append(t.Values, c.bytes(t.Base.Size))
	}
}

func (c *cursor) array(t *Datatype, version, depth int) {
	rank := c.u8()
	if rank > mostDims {
		c.fail("an array type of %d dimensions, more than %d", rank, mostDims)
		return
	}
	if version < 3 {
		c.skip(3)
	}
	var shape []int
	for range rank {
		shape = append(shape, c.u32())
	}
	if version < 3 {
		c.skip(4 * rank)
	}
	base := c.datatype(depth + 1)
	if c.err != nil {
		return
	}
	size := t.Size
	if *t = *c.arrayOf(base, shape); t.Size != size {
		c.fail("an array type of %d bytes is said to have %d", t.Size, size)
	}
}

func (c *cursor) arrayOf(base *Datatype, shape []int) *Datatype {
	size := base.Size
	for _, d := range shape {
		if d == 0 || size > math.MaxInt32/d {
			c.fail("an array type of shape %v", shape)
			return &Datatype{Class: ClassArray, Base: base}
		}
		size *= d
	}
	return &Datatype{Class: ClassArray, Size: size, Base: base, Shape: shape}
}
