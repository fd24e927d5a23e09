package hdf5

// Fill is what elements are that were never written (sections IV.A.2.e and f).
type Fill struct {
	// Value is an element, as it is in the file; nil means zeros.
	Value []byte
	// Undefined is set if whoever made the dataset asked for no value.
	Undefined bool
}

func (c *cursor) oldFill() Fill {
	n := c.u32()
	if n == 0 {
		return Fill{}
	}
	return Fill{Value: c.bytes(n)}
}

func (c *cursor) fill() Fill {
	version := c.version("fill value", 1, 2, 3)
	var defined bool
	if version < 3 {
		c.skip(2)
		defined = c.u8() != 0
	} else {
		flags := c.u8()
		if flags&(1<<4) != 0 {
			return Fill{Undefined: true}
		}
		defined = flags&(1<<5) != 0
	}
	if !defined && version > 1 {
		// In version 2 it means that the value is undefined, in version 3 that it is zero.
		return Fill{Undefined: version == 2}
	}
	n := c.number(4)
	if n == 0 || n > 1<<31 { // of old, a size of -1 is an undefined value
		return Fill{Undefined: n > 0}
	}
	return Fill{Value: c.bytes(int(n))}
}
