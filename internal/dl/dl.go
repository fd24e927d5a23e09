// Package dl loads native libraries while the program runs, so that one binary
// built without cgo uses libzstd, librados and their like where a machine has
// them and does without where it has not.
//
// A library is looked for first where its environment variable says (a path or
// a soname; "off" hides the library from the program), then under its sonames
// on the system's search path. Nothing is ever unloaded: the addresses that
// [Library.Func] returns stay good for the life of the process.
//
// Platforms: Linux, macOS and Windows on amd64 and arm64. Elsewhere, and in a
// binary built with the tag "static", Open always returns an error saying so,
// which callers treat as "library absent".
package dl

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"
)

// ErrUnavailable is wrapped by every error of [Open]: callers that have a
// substitute for the library use it then.
var ErrUnavailable = errors.New("native library is not available")

// Spec says how a library is found, and what to tell the user when it is not.
type Spec struct {
	Name    string   // as users know it: "libzstd"
	Env     string   // variable naming a path instead, "off" disables: "DOSNA_LIBZSTD"
	Sonames []string // tried in order: "libzstd.so.1", "libzstd.1.dylib"
	Debian  string   // Debian or Ubuntu package holding the first soname
	Conda   string   // conda-forge package, "" for none
}

// Library is a loaded native library.
type Library struct {
	name   string
	path   string
	handle uintptr
}

// Func is the address of a C function. The zero Func must not be called.
type Func uintptr

// Open loads the library. When the variable is set nothing else is tried: a
// wrong path is an error, not a silent fallback to another copy.
func Open(s Spec) (*Library, error) {
	candidates := s.Sonames
	if v := os.Getenv(s.Env); s.Env != "" && v != "" {
		if strings.EqualFold(v, "off") {
			return nil, fmt.Errorf("load %s: %w: switched off by %s=%s", s.Name, ErrUnavailable, s.Env, v)
		}
		candidates = []string{v}
	}
	var failures []string
	for _, path := range candidates {
		handle, err := open(path)
		if err == nil {
			return &Library{name: s.Name, path: path, handle: handle}, nil
		}
		failures = append(failures, err.Error())
	}
	return nil, fmt.Errorf("load %s: %w: %s; %s", s.Name, ErrUnavailable, strings.Join(failures, "; "), s.advice())
}

func (s Spec) advice() string {
	var ways []string
	if s.Debian != "" {
		ways = append(ways, "install the Debian package "+s.Debian)
	}
	if s.Conda != "" {
		ways = append(ways, "install the conda-forge package "+s.Conda)
	}
	if s.Env != "" {
		ways = append(ways, "set "+s.Env+" to the library's path")
	}
	return strings.Join(ways, ", or ")
}

// Name returns the name given in the [Spec].
func (l *Library) Name() string { return l.name }

// Path returns the path or soname under which the library was loaded.
func (l *Library) Path() string { return l.path }

// Func looks up a function.
func (l *Library) Func(name string) (Func, error) {
	addr, err := symbol(l.handle, name)
	if err != nil || addr == 0 {
		return 0, fmt.Errorf("look up %s in %s (%s): no such function; the library is too old or another one", name, l.name, l.path)
	}
	return Func(addr), nil
}

// Funcs looks up several functions, each named by a map key, and stores their
// addresses. It stops at the first that is missing.
func (l *Library) Funcs(into map[string]*Func) error {
	for name, f := range into {
		addr, err := l.Func(name)
		if err != nil {
			return err
		}
		*f = addr
	}
	return nil
}

// GoString copies the NUL-terminated C string at addr; "" for a null pointer.
// C must have returned addr: it is not checked.
func GoString(addr uintptr) string {
	if addr == 0 {
		return ""
	}
	p := *(*unsafe.Pointer)(unsafe.Pointer(&addr)) // C memory: the collector never moves it
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return strings.Clone(unsafe.String((*byte)(p), n))
}
