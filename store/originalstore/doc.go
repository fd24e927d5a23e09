// Package originalstore presents what the first DosNa, a Python package of 2016 to
// 2022, stored in a bucket as a tree of Zarr v2, which is read where it lies.
//
// In such a bucket each group and each dataset is an object whose body is a
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
package originalstore
