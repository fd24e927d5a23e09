package codec

// InnerSpecs returns the codecs of the chunks inside a shard, and all codecs
// where there are no shards: what chunks of any other shape can be encoded with.
func (c *Chain) InnerSpecs() []Spec {
	if s, ok := c.array.(*sharding); ok {
		return s.inner.Specs()
	}
	return c.Specs()
}
