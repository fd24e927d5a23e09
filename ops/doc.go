// Package ops computes with arrays: Gaussian filters, conversions between element
// types, statistics, and smaller copies.
//
// Each operation comes twice. As a kernel it works on blocks in memory (nd.View)
// and knows nothing of datasets: [Gaussian], [Cast], [Rescale], [Accumulator],
// [Reducer].
// Kernels may be used by any number of goroutines, unless said otherwise. And as
// a function of datasets it runs over all chunks on the dataset's engine, in
// memory that does not grow with the dataset: [Blur], [Convert], [Stats],
// [Downsample], [BuildPyramid].
//
// Results do not depend on how a dataset is cut into chunks or on the engine.
package ops
