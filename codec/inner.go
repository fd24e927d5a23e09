package codec

// InnerSpecs returns the codecs of the chunks inside a shard, and all codecs
// where there are no shards: what chunks of any other shape can be encoded with.
func (c *Chain) InnerSpecs() []Spec {
	switch a := c.array.(type) {
	case *sharding:
		return a.inner.Specs()
	case *filtered:
		if _, ok := a.inner.Inner(); ok && a.each {
			behind := len(a.inner.specs)
			return append(c.Specs()[:len(c.specs)-behind], a.inner.InnerSpecs()...)
		}
	}
	return c.Specs()
}
