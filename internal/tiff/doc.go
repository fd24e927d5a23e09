// Package tiff reads and writes pictures of numbers in TIFF files.
//
// It follows "TIFF Revision 6.0" (Adobe, 1992), the technical notes 1 to 3 to
// it (1995 to 2005: DEFLATE, floating point predictor) and the design of BigTIFF
// (2007). Where those leave a choice, numbers come as they are stored: neither
// are white-is-zero pictures inverted nor palettes looked up.
//
// Read are both byte orders, classic files and BigTIFF, any number of pages,
// strips and tiles, samples side by side or in planes, of 1, 8, 16, 32 and 64
// bits, integers and floats; uncompressed, LZW, DEFLATE, PackBits and Zstandard,
// with the horizontal and the floating point predictor. The pages that ImageJ
// lays behind a single directory ("images=N" in its description) are found.
// JPEG, fax and colours with subsampling are errors that say so.
//
// A [File] holds some hundred bytes for a page, and a read one strip or tile at
// a time. Sizes in a file are believed only as far as the file can bear them.
// Errors name the page, counted from 0, and the offset in the file.
package tiff
