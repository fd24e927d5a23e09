// Package interop proves that others read what this module stores, and that it
// reads what they store: zarr-python, the zarrs pipeline, TensorStore, xarray
// and Dask. It has only tests, and they need Python (make testdeps).
//
// A matrix of arrays, every element type and byte order under every kind of
// codec chain in shapes of 0 to 5 axes, is written by each and read by every
// other, and compared bit for bit. What a peer is known to refuse is listed with
// the reason in refusals_test.go; a refusal that is not listed fails the test,
// and so does a listed one that does not happen.
package interop
