//go:build !static && (linux || darwin || windows) && (amd64 || arm64)

package dl

import (
	"fmt"
	"sync"

	"github.com/ebitengine/purego"
)

// Call calls a C function of integer and pointer arguments, at most 15, and
// returns what it left in the integer result register; a result narrower than
// 64 bits must be cut by the caller (int32(f.Call(…))).
//
// Go memory is passed as uintptr(unsafe.Pointer(p)) written inside the call's
// own argument list: it then stays alive and in place until Call returns. C
// must not keep such a pointer afterwards.
//
//go:uintptrescapes
func (f Func) Call(args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(uintptr(f), args...)
	return r
}

// Call6 is Call for hot paths: it does not allocate. A function of fewer
// arguments is given zeros for the rest, which it does not see.
//
//go:uintptrescapes
func (f Func) Call6(a0, a1, a2, a3, a4, a5 uintptr) uintptr {
	args := argPool.Get().(*[6]uintptr)
	*args = [6]uintptr{a0, a1, a2, a3, a4, a5}
	r, _, _ := purego.SyscallN(uintptr(f), args[:]...)
	argPool.Put(args)
	return r
}

// Call9 is Call6 for functions of up to nine arguments.
//
//go:uintptrescapes
func (f Func) Call9(a0, a1, a2, a3, a4, a5, a6, a7, a8 uintptr) uintptr {
	args := argPool9.Get().(*[9]uintptr)
	*args = [9]uintptr{a0, a1, a2, a3, a4, a5, a6, a7, a8}
	r, _, _ := purego.SyscallN(uintptr(f), args[:]...)
	argPool9.Put(args)
	return r
}

// argPool exists because a variadic call of a go:uintptrescapes function
// always puts its arguments on the heap.
var argPool = sync.Pool{New: func() any { return new([6]uintptr) }}

var argPool9 = sync.Pool{New: func() any { return new([9]uintptr) }}

// Bind sets *fptr, a pointer to a variable of function type, to a Go function
// that calls the named C function, with conversion of strings, floats and
// structs as package purego describes. It is more convenient than [Func.Call]
// and several times slower.
func (l *Library) Bind(fptr any, name string) (err error) {
	f, err := l.Func(name)
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bind %s of %s: %v", name, l.name, r)
		}
	}()
	purego.RegisterFunc(fptr, uintptr(f))
	return nil
}

// Callback returns an address at which C can call fn, whose arguments and
// single result are integers or pointers. Its memory is never released and a
// process can have about 2000, so make them once, at package level.
func Callback(fn any) uintptr { return purego.NewCallback(fn) }
