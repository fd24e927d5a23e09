package codec

// Rebind returns what Prepare made of a source, reading from src instead: another
// source of the same version of the same object.
func Rebind(ready, src Source) Source {
	if p, ok := ready.(*prepared); ok {
		return &prepared{src, p.index}
	}
	return src
}

// IndexBytes returns how much memory a source takes that Prepare made, beside that
// of the source it was made of.
func (c *Chain) IndexBytes() int {
	if s := c.shards(); s != nil {
		return 16 * s.n
	}
	return 0
}
