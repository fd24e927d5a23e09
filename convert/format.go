package convert

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Format is a way to write an array as a stream of bytes.
type Format string

// The formats that are written.
const (
	NPY  Format = "npy"  // NumPy's format, version 1.0
	NPZ  Format = "npz"  // a zip archive with one array in NumPy's format, compressed
	Raw  Format = "raw"  // the elements alone, in the machine's byte order
	JSON Format = "json" // nested lists, a line for each row
	TIFF Format = "tiff" // pages of rows and columns, also ".tif"
	PNG  Format = "png"  // grey levels of a plane, from its smallest to its largest number
)

// Formats lists those that are written.
var Formats = []Format{NPY, NPZ, Raw, JSON, TIFF, PNG}

// FormatOf returns the format that a file's name asks for by its ending.
func FormatOf(path string) (Format, error) {
	ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if ext == "tif" {
		ext = string(TIFF)
	}
	for _, f := range Formats {
		if string(f) == ext {
			return f, nil
		}
	}
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = "." + string(f)
	}
	return "", fmt.Errorf("%s: the ending %q does not name a format that can be written (%s)", path, filepath.Ext(path), strings.Join(names, ", "))
}
