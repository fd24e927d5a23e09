// Package hdf5 reads HDF5 files, in pure Go and from anything that has byte ranges.
//
// It is after the HDF5 File Format Specification, version 4.0
// (https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html), which the comments
// cite by section; what that leaves open is done as the HDF5 library does it. It opens
// files of every version of the format, netCDF-4 and MATLAB 7.3 files among them.
//
// [Open] reads the superblock. An [Object], reached from [File.Root] along the links of groups, has what its
// header says of it: a group has [Object.Links], a dataset has a [Datatype], a [Dataspace], a [Layout] and
// [Filter]s, and [Dataset.Chunks] says where its chunks lie, which is all that a reader in parallel needs.
//
// [Dataset.Read] reads boxes of elements of all layouts, through the filters of package filter; elements are as they are in
// the file, and [Datatype.Elements] and [File.Value] say what they mean. Files that a file names, for external links, raw data or virtual
// datasets, are found by [OpenBeside].
//
// Files may be hostile: everything read is bounded by the size of the file, checksums are checked
// where the format has them, and what is wrong is an [ErrCorrupt]. What is right but not understood is
// an [ErrUnsupported].
package hdf5

import "errors"

// Sentinels, to be tested with errors.Is.
var (
	ErrCorrupt     = errors.New("the HDF5 file is damaged")
	ErrUnsupported = errors.New("the HDF5 file has a feature that is not known")
	ErrNotHDF5     = errors.New("not an HDF5 file")
)
