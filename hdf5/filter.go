package hdf5

import "github.com/dosna/dosna/hdf5/filter"

// mostFilters bounds a pipeline, as the library does.
const mostFilters = 32

// Filter is a step from elements to stored bytes.
type Filter = filter.Spec

func (c *cursor) filters() []Filter {
	version := c.version("filter pipeline", 1, 2)
	n := c.u8()
	if version == 1 {
		c.skip(6)
	}
	if n > mostFilters {
		c.fail("a pipeline of %d filters, more than %d", n, mostFilters)
	}
	var list []Filter
	for range n {
		f := Filter{ID: c.u16()}
		length := 0
		if version == 1 || f.ID >= 256 {
			length = c.u16()
		}
		f.Optional = c.u16()&1 != 0
		values := c.u16()
		name := c.bytes(length)
		if version == 1 && length%8 > 0 {
			c.skip(8 - length%8)
		}
		for i, b := range name {
			if b == 0 {
				name = name[:i]
				break
			}
		}
		f.Name = string(name)
		for range values {
			f.Values = append(f.Values, uint32(c.u32()))
			if c.err != nil {
				return nil
			}
		}
		if version == 1 && values%2 > 0 {
			c.skip(4)
		}
		list = append(list, f)
	}
	return list
}
