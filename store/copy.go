package store

import (
	"context"
	"errors"
	"io"
	"strconv"
)

// Copy makes the object under to the same bytes as the one under from, in the
// same store, as one Put with the condition c would. Stores without [Copier]
// read and write it, as a stream.
func Copy(ctx context.Context, s Store, from, to string, c Cond) (Version, error) {
	if cp, ok := s.(Copier); ok {
		v, err := cp.Copy(ctx, from, to, c)
		if !errors.Is(err, errors.ErrUnsupported) {
			return v, err
		}
	}
	for _, err := range []error{CheckKey(from), CheckKey(to), c.CheckPut()} {
		if err != nil {
			return "", &Error{Op: "copy to " + strconv.Quote(to), Store: Name(s), Key: from, Err: err}
		}
	}
	r, info, err := OpenReader(ctx, s, from, GetOptions{})
	if err != nil {
		return "", err
	}
	defer r.Close()
	w, err := OpenWriter(ctx, s, to, c)
	if err != nil {
		return "", err
	}
	defer w.Close()
	if _, err := io.CopyBuffer(w, r, make([]byte, min(max(info.Size, 1), writerPiece))); err != nil {
		return "", err
	}
	return w.Commit()
}
