// Package nd is the arithmetic of N-dimensional arrays: boxes, strided views,
// chunk grids and NumPy selections. It moves bytes between views in memory and
// knows nothing of storage, element types or codecs.
//
// Shapes, coordinates and strides are int; DosNa runs on 64-bit platforms only.
// All orders are C order (last axis fastest) unless said otherwise.
package nd
