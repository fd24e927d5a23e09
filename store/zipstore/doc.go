// Package zipstore reads the objects in a ZIP archive, which is itself an object
// of another store: a file, or something on a web server.
//
// # URLs
//
// None of its own: package all opens an address whose path ends in .zip so, where
// there is such a file, and not a directory.
//
// # Keys
//
// The names in the archive, as they are; folders need no entry. Of several entries
// with one name the last counts, as for zarr-python, which cannot overwrite one.
// An archive with a name that is absolute, or has a ".." or a backslash in it, is
// refused. Other names that no key can have are passed over.
//
// # Guarantees
//
// The store is read-only: what would change it is ErrPermission. Listings are
// sorted. Entries may be stored or deflated, and ZIP64 is understood. A byte range
// of a stored entry is read as one, of a deflated one from its beginning. What is
// read whole is held against its CRC-32. An entry is never expanded beyond the
// size that the archive gives for it, and one that no DEFLATE stream of its length
// could have is an error before anything is read.
//
// The archive is the one that was opened: once it is replaced, changed or removed,
// reads are errors that say so, as far as the store that it is in tells versions
// apart, or else sizes and times. An entry's version names the archive's, too.
// Memory is needed for the list of names.
//
// # Errors
//
// Those of package store, and of the store that the archive is in. Only a name
// that the archive does not have is ErrNotExist. Encrypted entries, and other
// methods of compression, are errors when they are read.
package zipstore
