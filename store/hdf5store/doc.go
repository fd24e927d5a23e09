// Package hdf5store presents an HDF5 file as a tree of Zarr v3, which is read where the file lies.
//
// Groups and datasets have a zarr.json that is made up of what the file says. The chunks of a dataset are
// objects: where the elements are as Zarr has them, and Zarr has codecs for the filters (deflate, shuffle, fletcher32, Zstandard, bzip2, blosc 1), an
// object is a part of the file; else it is made of what is there when it is read.
//
//	in the file                         is read as
//	group                               group
//	chunked dataset                     array with the same chunks
//	contiguous, compact, virtual        array with chunks of some MiB
//	soft and external link              link (docs/format.md, "Links")
//	hard link to a group above, and     link
//	further ones to other groups
//	committed datatype                  group, whose attributes have the type
//	dimension scales                    dimension names
//
// Elements are as [hdf5.Elements] has them. What HDF5 has and Zarr has not is in the attributes under dosna.hdf5:
// see docs/format.md, "HDF5 files".
//
// # Keys
//
// A name that is no segment of a key has its wrong bytes as %XX.
//
// # Guarantees
//
// The store is read-only. It pins the version of the file that it was opened with: when that changes, reads fail.
//
// # Errors
//
// What is wrong in the file is store.ErrCorrupt. A dataset whose type this project does not know is a group with the reason in its
// attributes; one with a filter that is not known is an array whose chunks cannot be read.
package hdf5store
