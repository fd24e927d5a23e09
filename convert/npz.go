package convert

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
)

// OpenNPZ opens a member of a .npz archive (a zip file of .npy files, as
// numpy.savez writes it) for reading; r has size bytes. Member "x" is the file
// x.npy in the archive; it may be empty if the archive has only one. Members
// are read from front to back, and their checksum is verified at the end.
func OpenNPZ(name string, r io.ReaderAt, size int64, member string) (*File, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: not an archive of arrays: %w", name, err)
	}
	entry, err := findMember(z, member)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	name += ":" + strings.TrimSuffix(entry.Name, ".npy")
	body, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f, err := newMember(name, entry, body)
	if err != nil {
		_ = body.Close() // the error that matters is known
		return nil, err
	}
	f.close = func() error {
		if f.left { // it may be at work
			return nil
		}
		return body.Close()
	}
	return f, nil
}

func newMember(name string, entry *zip.File, body io.Reader) (*File, error) {
	count := &counter{r: body}
	l, mixed, err := readNPYHeader(count)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f, err := newFile(name, body, l)
	if err != nil {
		return nil, err
	}
	f.last, f.mixed = true, mixed
	const maxRatio = 1032 // the most that DEFLATE can expand
	want := uint64(count.n) + uint64(f.size)
	if entry.UncompressedSize64 != want || want/maxRatio > entry.CompressedSize64 {
		return nil, fmt.Errorf("%s: its header promises %d bytes, and the archive %d (%d compressed): one of them is damaged",
			name, want, entry.UncompressedSize64, entry.CompressedSize64)
	}
	return f, nil
}

// findMember returns the file of that name, with or without ".npy", or the only
// one.
func findMember(z *zip.Reader, member string) (*zip.File, error) {
	var names []string
	var found *zip.File
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		name := strings.TrimSuffix(f.Name, ".npy")
		names = append(names, name)
		if f.Name == member || name == member || member == "" && found == nil {
			found = f
		}
	}
	switch {
	case found != nil && (member != "" || len(names) == 1):
		return found, nil
	case len(names) == 0:
		return nil, fmt.Errorf("the archive is empty")
	}
	list := strings.Join(names[:min(len(names), 20)], ", ")
	if len(names) > 20 {
		list += fmt.Sprintf(" and %d more", len(names)-20)
	}
	if member == "" {
		return nil, fmt.Errorf("the archive has several arrays, name one: %s", list)
	}
	return nil, fmt.Errorf("the archive has no array %q; it has %s", member, list)
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
