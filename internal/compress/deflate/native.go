package deflate

import (
	"runtime"
	"sync"
	"unsafe"

	"github.com/dosna/dosna/internal/dl"
)

// Implementation tells what decodes: libdeflate or, with the reason, the package that is compiled in.
func Implementation() (string, error) {
	n, err := load()
	if err != nil {
		return "klauspost/compress", err
	}
	return "libdeflate (" + n.path + ")", nil
}

// native decodes by libdeflate (libdeflate.h), which takes half the time and works on whole
// buffers. It says nothing of what is wrong with its input: the other decoder does.
type native struct {
	path        string
	alloc, free dl.Func
	zlib, gzip  dl.Func
	idle        sync.Pool
}

// loaded returns libdeflate; nil where there is none.
func loaded() *native {
	n, _ := load()
	return n
}

var load = sync.OnceValues(func() (*native, error) {
	lib, err := dl.Open(dl.Spec{
		Name:    "libdeflate",
		Env:     "DOSNA_LIBDEFLATE",
		Sonames: sonames[runtime.GOOS],
		Debian:  "libdeflate0",
		Conda:   "libdeflate",
	})
	if err != nil {
		return nil, err
	}
	n := &native{path: lib.Path()}
	err = lib.Funcs(map[string]*dl.Func{
		"libdeflate_alloc_decompressor": &n.alloc,
		"libdeflate_free_decompressor":  &n.free,
		"libdeflate_zlib_decompress_ex": &n.zlib,
		"libdeflate_gzip_decompress_ex": &n.gzip,
	})
	if err != nil {
		return nil, err
	}
	return n, nil
})

var sonames = map[string][]string{
	"linux":   {"libdeflate.so.0"},
	"darwin":  {"libdeflate.0.dylib", "/opt/homebrew/lib/libdeflate.0.dylib", "/usr/local/lib/libdeflate.0.dylib"},
	"windows": {"libdeflate.dll", "deflate.dll"},
}

// inflater is a decoder for one goroutine at a time. The results are here, not on a stack,
// because libdeflate gets their address.
type inflater struct {
	addr        uintptr
	read, wrote uintptr
}

// decode decodes all of src, as one stream, to the beginning of dst, and returns how many
// bytes that are. It is false where the other decoder has to see to it.
func (n *native) decode(f *Format, dst, src []byte) (int, bool) {
	if n == nil || len(src) == 0 || len(dst) == 0 {
		return 0, false
	}
	d, ok := n.idle.Get().(*inflater)
	if !ok {
		if d = (&inflater{addr: n.alloc.Call()}); d.addr == 0 {
			return 0, false
		}
		runtime.AddCleanup(d, func(addr uintptr) { n.free.Call(addr) }, d.addr)
	}
	defer n.idle.Put(d)
	function := n.zlib
	if f == Gzip {
		function = n.gzip
	}
	r := function.Call9(d.addr,
		uintptr(unsafe.Pointer(unsafe.SliceData(src))), uintptr(len(src)),
		uintptr(unsafe.Pointer(unsafe.SliceData(dst))), uintptr(len(dst)),
		uintptr(unsafe.Pointer(&d.read)), uintptr(unsafe.Pointer(&d.wrote)), 0, 0)
	return int(d.wrote), int32(r) == 0 && d.read == uintptr(len(src))
}
