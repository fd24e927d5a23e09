package serve

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/dosna/dosna/store"
)

// prefixSize is the size of what each frame begins with: the length of its header in
// 4 bytes and that of its body in 8, little-endian.
const prefixSize = 12

// Bounds of what a client may send.
const (
	maxHeader = 16 << 20
	maxBody   = 16 << 30
	// grain is how much memory is taken at once for a body that only its sender says is
	// so large.
	grain = 4 << 20
)

// readFrame reads a frame. Memory is taken as bytes arrive.
func readFrame(r io.Reader) (header, body []byte, err error) {
	var prefix [prefixSize]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, nil, err
	}
	nh := uint64(binary.LittleEndian.Uint32(prefix[:]))
	nb := binary.LittleEndian.Uint64(prefix[4:])
	if nh > maxHeader || nb > maxBody {
		return nil, nil, fmt.Errorf("%w: a frame with a header of %d bytes and a body of %d; the most are %d and %d", store.ErrInvalid, nh, nb, maxHeader, uint64(maxBody))
	}
	if header, err = readBytes(r, int(nh)); err != nil {
		return nil, nil, err
	}
	if body, err = readBytes(r, int(nb)); err != nil {
		return nil, nil, err
	}
	return header, body, nil
}

func readBytes(r io.Reader, n int) ([]byte, error) {
	b := make([]byte, min(n, grain))
	for at := 0; at < n; {
		got, err := io.ReadFull(r, b[at:])
		at += got
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		if more := min(n-at, len(b)); more > 0 {
			b = slices.Grow(b, more)[:len(b)+more]
		}
	}
	return b, nil
}

// startFrame returns the beginning of a frame, up to its body of so many bytes.
func startFrame(header any, body int) ([]byte, error) {
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	b := make([]byte, prefixSize, prefixSize+len(text))
	binary.LittleEndian.PutUint32(b, uint32(len(text)))
	binary.LittleEndian.PutUint64(b[4:], uint64(body))
	return append(b, text...), nil
}
