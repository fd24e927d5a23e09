// Package dosna stores N-dimensional arrays as chunks in object stores and
// slices them as NumPy does.
//
// A [Connection] is an opened store seen as a tree of groups and datasets. A
// [Dataset] is an array; selections of it are read and written with [Read],
// [Write] and the methods for views and raw bytes, whole arrays are filled with
// Load and worked through, chunk by chunk and on all cores, with Map and Apply.
// What is stored is Zarr v3 (core specification 3.1), so that zarr-python,
// xarray, Dask, TensorStore and other readers open it, and theirs open here.
//
//	c, err := dosna.Open(ctx, "/data/pool", &dosna.Options{Mode: dosna.Create})
//	d, err := c.CreateDataset(ctx, "scan/raw", dosna.DatasetSpec{
//		Shape: []int{512, 512, 512}, Type: dtype.Float32,
//	})
//	sel, err := nd.ParseSelection("100, 36:80, ::-2")
//	plane, err := dosna.ReadAll[float32](ctx, d, sel)
//
// # What may be relied on
//
// A read never writes. Only a definite "no such object" reads as the fill
// value; every other failure is an error that names the object. A stored object
// (a chunk, or a shard of chunks) changes as a whole: readers see it as it was
// or as it will be. Writes of parts of the same object, from any number of
// goroutines, processes and hosts, never lose each other's elements; a write
// over several objects is not atomic as a whole, and one that fails may have
// been done in part. One that succeeds was in the dataset when it ended: where
// that was deleted, replaced or cut meanwhile, it fails.
//
// All types are safe for concurrent use. Everything that may take long obeys
// its context, and leaves no goroutine behind.
//
// Paths are names joined by "/". One that begins with "/" is looked up from the
// root of the tree, any other from the group that is asked; "" is the group
// itself.
package dosna
