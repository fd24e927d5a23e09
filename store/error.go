package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// Sentinels, to be tested with errors.Is.
var (
	ErrNotExist   = fs.ErrNotExist   // there is no such object: a definite answer
	ErrExist      = fs.ErrExist      // IfAbsent, but there is an object; or an object stands where a folder is needed
	ErrPermission = fs.ErrPermission // not allowed, or the store is read-only
	ErrInvalid    = fs.ErrInvalid    // the call makes no sense in any store: a bad key, prefix, range or condition
	ErrClosed     = fs.ErrClosed     // the store was closed

	ErrConflict       = errors.New("the object is not in the expected version")
	ErrNotModified    = errors.New("the object is still in the given version")
	ErrTooLarge       = errors.New("the object is larger than allowed")
	ErrCorrupt        = errors.New("the stored bytes are damaged")
	ErrUnknownOutcome = errors.New("whether the operation took effect is not known")
	ErrTemporary      = errors.New("temporary failure") // the only one worth retrying
)

// Error is an operation that failed on a store.
type Error struct {
	Op    string // "get", "put", "list", …
	Store string // the store's name, as [Name] gives it
	Key   string // or prefix; "" where the operation has none
	Err   error
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s %s: %v", e.Op, e.Store, e.Err)
	}
	return fmt.Sprintf("%s %q in %s: %v", e.Op, e.Key, e.Store, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Name is what a store is called in messages: its URL, as a rule, which it
// tells by a method String.
func Name(s Store) string {
	if n, ok := s.(fmt.Stringer); ok {
		return n.String()
	}
	return fmt.Sprintf("%T", s)
}
