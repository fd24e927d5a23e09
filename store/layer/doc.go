// Package layer makes stores from stores: each function returns a store that
// uses the one given, and passes on every optional operation of package store,
// so that nothing is lost by wrapping. Closing a layer closes the store below.
// None starts goroutines or keeps anything in memory but as it says.
//
// Layers are put on top of each other in the order in which they are to act. A
// store far away might be
//
//	m := layer.Metrics(s) // counts what is sent in the end
//	s = layer.Limit(m, layer.LimitOptions{Ops: 64, BytesPerSecond: 1e8})
//	s = layer.Retry(s, layer.RetryOptions{}) // each try waits for its turn
//	s = layer.Cache(s, layer.CacheOptions{Bytes: 1 << 30})
package layer
