// Package refstore is a store whose objects lie elsewhere: each key stands for
// bytes that its table of references holds itself, or for a range of bytes of
// another object, which may be a file of another format.
//
// # URLs
//
// None of its own: package all opens an address whose path ends in .json so, where
// there is such a file, and one that ends in .parq or .parquet, where there is such a
// folder. Which objects references may lead to is for the [Sources]
// to say, which the opener of the store gives: a table may come from a stranger,
// who would have files and servers of the reader's read.
//
// # Tables
//
// [ParseJSON] reads kerchunk's JSON, versions 0 and 1
// (https://fsspec.github.io/kerchunk/spec.html), and [WriteJSON] writes it;
// [OpenParquet] and [WriteParquet] do so with its Parquet files. A
// [Builder] makes tables of other references.
//
// # Keys
//
// Any valid key; a table with another is refused.
//
// # Guarantees
//
// The store is read-only: what would change it is ErrPermission. Listings are
// sorted, except of Parquet files. Where the table says what a source was (size, version, time), the source
// must be that when it is first used, and must stay as it was then, as far as its
// store tells versions apart, or else sizes and times: later reads of it are errors
// otherwise. Tables of kerchunk do not say what sources were.
//
// # Errors
//
// Those of package store. Only a key that the table does not have is ErrNotExist;
// a source that is gone, changed or too short is another error, which names it.
package refstore
