// Package render shows arrays to people: as text, exactly as NumPy prints them,
// and as pictures.
//
// It works on views in memory, in the machine's byte order. Arrays larger than
// memory are shown by their corners ([TextOptions.Summary] says which parts are
// needed) or by slices.
package render
