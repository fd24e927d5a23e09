package store

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxKey bounds the bytes of a key.
	MaxKey = 1024
	// MaxSegment bounds the bytes of each segment of a key.
	MaxSegment = 255

	// TempPrefix begins the names of unfinished objects. No segment of a
	// key begins with it, and no listing shows one that does.
	TempPrefix = ".dosna-tmp-"
)

// CheckKey returns nil for a valid key, else an [ErrInvalid] saying what is
// wrong. The package documentation has the rules.
func CheckKey(key string) error {
	if key == "" {
		return fmt.Errorf("%w: the key is empty", ErrInvalid)
	}
	if len(key) > MaxKey {
		return fmt.Errorf("%w: the key has %d bytes, more than %d", ErrInvalid, len(key), MaxKey)
	}
	begin, plain := 0, true
	for i := 0; i <= len(key); i++ {
		if i == len(key) || key[i] == '/' {
			if fault := segmentFault(key[begin:i]); fault != "" {
				return fmt.Errorf("%w: the key %q has %s", ErrInvalid, key, fault)
			}
			begin = i + 1
		} else if c := key[i]; c < ' ' || c >= 0x7f {
			plain = false
		}
	}
	if plain {
		return nil
	}
	if !utf8.ValidString(key) {
		return fmt.Errorf("%w: the key %q is not UTF-8", ErrInvalid, key)
	}
	if i := strings.IndexFunc(key, unicode.IsControl); i >= 0 {
		return fmt.Errorf("%w: the key %q has a control character at byte %d", ErrInvalid, key, i)
	}
	return nil
}

func segmentFault(s string) string {
	switch {
	case s == "":
		return "an empty segment (a slash at an end, or two in a row)"
	case len(s) > MaxSegment:
		return fmt.Sprintf("a segment of %d bytes, more than %d", len(s), MaxSegment)
	case s[0] != '.':
		return ""
	case s == "." || s == "..":
		return fmt.Sprintf("the segment %q", s)
	case strings.HasPrefix(s, TempPrefix):
		return fmt.Sprintf("a segment beginning with %q, which marks unfinished objects", TempPrefix)
	}
	return ""
}

// CheckPrefix returns nil for "" and for a valid key followed by a slash, else
// an [ErrInvalid].
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	folder, ok := strings.CutSuffix(prefix, "/")
	if !ok {
		return fmt.Errorf("%w: the prefix %q does not end in a slash", ErrInvalid, prefix)
	}
	return CheckKey(folder)
}
