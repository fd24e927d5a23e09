// Package compress holds what its subpackages, one per compressed format,
// have in common: the two ways in which decoding fails, and how output grows.
//
// All of them keep to one pattern. Encode and Decode append to a caller's
// slice and return it, so that a warm buffer is never allocated anew;
// DecodeInto fills a slice whose length is the exact decoded size. Every decoder
// is bounded by its caller: input that would decode to more is refused before
// memory for it is taken. Functions are safe for concurrent use and
// keep neither input nor output; working memory is pooled.
package compress

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt means that the input is not what the encoder wrote: it is
	// truncated, altered, of another format, or its size is not the expected one.
	ErrCorrupt = errors.New("compressed data is corrupt")

	// ErrTooLarge means that the decoded data would exceed the caller's bound.
	ErrTooLarge = errors.New("decoded data is larger than allowed")
)

// Corrupt returns an error wrapping [ErrCorrupt] that names the format.
func Corrupt(format, reason string, args ...any) error {
	return fmt.Errorf("decode %s: %w: %s", format, ErrCorrupt, fmt.Sprintf(reason, args...))
}

// TooLarge returns an error wrapping [ErrTooLarge] that names the format.
func TooLarge(format string, max int) error {
	return fmt.Errorf("decode %s: %w: the bound is %d bytes", format, ErrTooLarge, max)
}

// LevelError says that an encoder has no such level.
func LevelError(format string, level, lowest, highest int) error {
	return fmt.Errorf("encode %s: no level %d: choose one of %d to %d", format, level, lowest, highest)
}
