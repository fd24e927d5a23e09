package convert

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// OpenOptions say what the name of a file does not.
type OpenOptions struct {
	// Raw is the layout of a file of elements alone; nil: the file has a
	// header, and its format is known by its name's ending.
	Raw    *Layout
	Offset int64 // of the first element, with Raw
	// Member is the array that is meant in an archive (.npz).
	Member string
	// Stored leaves the numbers of a NIfTI file as they are stored, although
	// its header scales them.
	Stored bool
}

// Open opens an array in a file for reading. The format is that of the name's
// ending: .npy, .npz, .nii or .nii.gz, or a picture's (see [OpenPictures]); in "file.npz:member" a member of the
// archive is named. The name "-" is standard input, which holds the .npy format
// unless o.Raw is set.
func Open(path string, o *OpenOptions) (*File, error) {
	if o == nil {
		o = &OpenOptions{}
	}
	if o.Raw == nil && o.Member == "" && isPictures(path) {
		return OpenPictures(path)
	}
	format, name, member, err := kindOf(path, o)
	if err != nil {
		return nil, err
	}
	if name == "-" {
		return openReader(os.Stdin, "standard input", format, member, o)
	}
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := in.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory, not a file with an array", name)
	}
	var f *File
	if err == nil {
		f, err = openReader(in, name, format, member, o)
	}
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	inner := f.close
	f.close = func() error {
		if inner != nil {
			return errors.Join(inner(), in.Close())
		}
		return in.Close()
	}
	return f, nil
}

func openReader(in *os.File, name, format, member string, o *OpenOptions) (*File, error) {
	switch format {
	case "raw":
		return OpenRaw(name, in, *o.Raw, o.Offset)
	case "nii":
		return OpenNIfTI(name, in, o.Stored)
	case "npz":
		size, err := in.Seek(0, io.SeekEnd)
		if err != nil {
			return nil, fmt.Errorf("%s: an archive can only be read from a regular file: %w", name, err)
		}
		return OpenNPZ(name, in, size, member)
	}
	return OpenNPY(name, in)
}

// kindOf takes a name apart and tells the format.
func kindOf(path string, o *OpenOptions) (format, name, member string, err error) {
	if o.Raw != nil {
		return "raw", path, "", nil
	}
	if o.Offset != 0 {
		return "", "", "", fmt.Errorf("%s: an offset is for files of elements alone, whose shape and type are given", path)
	}
	name, member = path, o.Member
	if i := strings.LastIndex(strings.ToLower(path), ".npz:"); i >= 0 {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			name, member = path[:i+4], path[i+5:]
		}
	}
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, ".npz"):
		return "npz", name, member, nil
	case member != "":
		return "", "", "", fmt.Errorf("%s: only an archive (.npz) has members", path)
	case name == "-", strings.HasSuffix(lower, ".npy"):
		return "npy", name, "", nil
	case strings.HasSuffix(lower, ".nii"), strings.HasSuffix(lower, ".nii.gz"):
		return "nii", name, "", nil
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return "", "", "", err
	}
	return "", "", "", fmt.Errorf("%s: the ending does not name a format that can be read (.npy, .npz, .nii, .nii.gz, .tif, .png, .jpg); for elements alone give their shape and type", path)
}
