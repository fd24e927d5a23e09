package codec

import "github.com/dosna/dosna/nd"

// Layout returns where the elements lie in a stored chunk, as a view of it without
// its data. It is false unless they lie there as they do in memory and may be read
// by ranges.
func (c *Chain) Layout() (nd.View, bool) {
	if c.raw == nil || !c.bare() || c.raw.untidy() {
		return nd.View{}, false
	}
	if c.perm == nil {
		return c.raw.view, true
	}
	v := nd.View{Shape: c.in.Shape, Strides: make([]int, len(c.perm)), Item: c.item}
	for i, p := range c.perm {
		v.Strides[p] = c.raw.view.Strides[i]
	}
	return v, true
}
