// Package memstore keeps objects in RAM.
//
// # URLs
//
// mem://NAME is a store that all of the process shares under that name; it
// lives until the process ends, whatever is closed meanwhile. mem:// without a
// name is a new, private store each time. There are no options, and nothing
// needs to be made first.
//
// # Keys
//
// Any valid key, as it is. The store keeps folders: "x" and "x/y" cannot both
// exist, the second Put is ErrExist.
//
// # Guarantees
//
// All conditions hold, listings are sorted, objects may have any size that
// memory holds. Not Shared: other processes have their own. Reads are never
// held up by writes: an object that was put is not changed, only replaced.
//
// # Errors
//
// Those of package store, and the context's.
package memstore
