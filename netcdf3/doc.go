// Package netcdf3 reads the headers of netCDF classic files, in pure Go and from anything that has byte ranges: where the
// elements of variables lie, which is all that a reader in parallel needs.
//
// It is after "File Format Specifications" of the NetCDF User's Guide
// (https://docs.unidata.ucar.edu/nug/current/file_format_specifications.html): the classic format CDF-1, the 64-bit offset format CDF-2 and the
// 64-bit data format CDF-5. NetCDF-4 files are HDF5 files.
//
// Elements are big-endian, in C order. Those of a fixed variable lie in one piece. Those of a record variable, whose first
// dimension is the unlimited one, lie record by record: a record has a part of each such variable, one behind the other, each filled up
// to a multiple of four bytes, unless there is one such variable only.
//
// Files may be hostile: everything read is bounded by the size of the file, and what is wrong is an [ErrCorrupt].
package netcdf3

import "errors"

// Sentinels, to be tested with errors.Is.
var (
	ErrCorrupt    = errors.New("the netCDF file is damaged")
	ErrNotNetCDF3 = errors.New("not a netCDF classic file")
)
