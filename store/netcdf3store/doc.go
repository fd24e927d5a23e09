// Package netcdf3store presents a netCDF classic file (package netcdf3) as a tree of Zarr v3, which is read where the file lies.
//
// The root group has the file's attributes, and each variable is an array in it, with the dimensions' names. Elements are as in the file,
// big-endian, so that chunks are parts of the file:
//
//	in the file                                    is read as
//	fixed variable                            array with chunks of some MiB
//	record variable                           array with a record, or parts of one, in a chunk
//	the only record variable, record < 64 KiB array with chunks of some MiB
//	over 10,000 records of up to 512 bytes    array with chunks of many records, which are made when they are read
//	characters                                array of null_terminated_bytes of one byte
//
// What netCDF has and Zarr has not is in the attributes of the root under dosna.netcdf: see docs/format.md, "netCDF classic files".
//
// The store is read-only. It pins the version of the file that it was opened with: when that changes, reads fail. What is wrong
// in the file is store.ErrCorrupt.
package netcdf3store
