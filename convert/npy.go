package convert

import (
	"fmt"
	"io"
)

// OpenNPY opens an array in NumPy's .npy format (numpy.lib.format, versions 1.0
// to 3.0) for reading. R is read from where it stands: at any place if it can
// seek, else from front to back. Bytes after the array are left alone. Name is
// for messages.
func OpenNPY(name string, r io.Reader) (*File, error) {
	l, mixed, err := readNPYHeader(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f, err := newFile(name, r, l)
	if err == nil {
		f.mixed = mixed
	}
	return f, err
}
