// Package originalstore presents what the first DosNa, a Python package of 2016 to
// 2022, stored as a tree of Zarr, which is read where it lies.
//
// In a bucket each group and each dataset is an object whose body is a
// signature and whose user metadata describes it; each chunk is an object with the
// chunk's elements, all of them also at the array's edges, in C order. That is what
// Zarr v2 calls an array without compressor, so only the documents are made up:
//
//	object           body            is read as
//	/                DosNa Group     .zgroup, .zattrs
//	/scan            DosNa Group     scan/.zgroup, scan/.zattrs
//	/scan/raw        DosNa Dataset   scan/raw/.zarray
//	/scan/raw/0.1.0  elements        scan/raw/0.1.0
//	raw              DosNa Dataset   raw/.zarray
//	raw/0.1.0        elements        raw/0.1.0
//
// A group that another group links to, and that is no child of it, is read as a link
// (docs/format.md, "Links"). What the metadata of a group says in Python's notation is
// translated to JSON, see [Literal].
//
// In folders there are datasets only. Each has a folder with an HDF5 file that describes it, and one for each of its chunks. The tree is
// one of Zarr v3, and a chunk that is in its file as it is read is a part of that:
//
//	file                what it has                                          is read as
//	raw/dataset.h5      attributes shape, dtype, fillvalue, chunk_size       raw/zarr.json
//	raw/chunk_0_1_0.h5  a dataset data: the chunk, whole also at the edges   raw/c/0/1/0
package originalstore
