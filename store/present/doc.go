// Package present serves trees of Zarr v3 whose documents are made up, and whose chunks are parts of files: what stores have
// in common that present data in other formats, where they lie.
//
// Such a store says what its nodes are, see [Tree]. The rest is done here: keys, conditions, listings, and where the bytes
// of objects are ([store.Locator]).
//
// # Keys
//
// A node has its document under zarr.json, an array its chunks under c/0/1. A name that is no segment of a key has its wrong bytes as %XX: see
// [Segment].
//
// # Guarantees
//
// The store is read-only. An object has the version of the [File] that it is made of. When a file changes that was read
// before, reads fail.
package present
