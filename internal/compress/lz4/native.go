package lz4

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/dosna/dosna/internal/dl"
)

// native is the fast encoder of liblz4. A state serves one goroutine at a
// time; it is memory of Go, to which liblz4 keeps no pointer.
type native struct {
	title    string
	compress dl.Func
	states   sync.Pool
}

// load opens liblz4 once; the error says why it is not in use.
var load = sync.OnceValues(openNative)

func openNative() (*native, error) {
	lib, err := dl.Open(dl.Spec{
		Name:    "liblz4",
		Env:     "DOSNA_LIBLZ4",
		Sonames: sonames[runtime.GOOS],
		Debian:  "liblz4-1",
		Conda:   "lz4-c",
	})
	if err != nil {
		return nil, err
	}
	n := new(native)
	var version, stateSize dl.Func
	err = lib.Funcs(map[string]*dl.Func{
		"LZ4_versionString":          &version,
		"LZ4_sizeofState":            &stateSize,
		"LZ4_compress_fast_extState": &n.compress,
	})
	if err != nil {
		return nil, fmt.Errorf("%w; liblz4 1.7.3 or later is needed", err)
	}
	words := (int(int32(stateSize.Call())) + 7) / 8
	n.states.New = func() any {
		state := make([]uint64, words) // aligned as liblz4 wants it
		return &state
	}
	n.title = fmt.Sprintf("liblz4 %s (%s)", dl.GoString(version.Call()), lib.Path())
	return n, nil
}

var sonames = map[string][]string{
	"linux":   {"liblz4.so.1"},
	"darwin":  {"liblz4.1.dylib", "/opt/homebrew/lib/liblz4.1.dylib", "/usr/local/lib/liblz4.1.dylib"},
	"windows": {"liblz4.dll", "lz4.dll"},
}

// encode fills a beginning of dst with src as one block and returns its
// length, 0 if it does not fit.
func (n *native) encode(dst, src []byte, acceleration int) int {
	state := n.states.Get().(*[]uint64)
	r := n.compress.Call6(uintptr(unsafe.Pointer(unsafe.SliceData(*state))),
		uintptr(unsafe.Pointer(unsafe.SliceData(src))), uintptr(unsafe.Pointer(unsafe.SliceData(dst))),
		uintptr(len(src)), uintptr(len(dst)), uintptr(acceleration))
	n.states.Put(state)
	return max(int(int32(r)), 0)
}
