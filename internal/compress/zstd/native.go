package zstd

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/dl"
)

// Numbers of libzstd's stable interface (zstd.h, zstd_errors.h).
const (
	paramLevel       = 100
	paramChecksum    = 201
	paramWindowLog   = 100 // of a decoder: the largest it accepts
	resetSession     = 1
	errorDstTooSmall = 70
	errorMax         = 120
)

// native is the implementation by libzstd. A context serves one goroutine at a
// time; idle ones wait in pools and are freed some time after they were
// dropped from there.
type native struct {
	title  string
	cctxs  sync.Pool
	dctxs  sync.Pool
	create struct{ cctx, dctx dl.Func }
	free   struct{ cctx, dctx dl.Func }

	setEncoder, setDecoder, resetDecoder    dl.Func
	compress2, decompress, decompressStream dl.Func
	errorName                               dl.Func
}

func openNative() (*native, error) {
	lib, err := dl.Open(dl.Spec{
		Name:    "libzstd",
		Env:     "DOSNA_LIBZSTD",
		Sonames: sonames[runtime.GOOS],
		Debian:  "libzstd1",
		Conda:   "zstd",
	})
	if err != nil {
		return nil, err
	}
	n := new(native)
	var version dl.Func
	err = lib.Funcs(map[string]*dl.Func{
		"ZSTD_versionString":     &version,
		"ZSTD_createCCtx":        &n.create.cctx,
		"ZSTD_createDCtx":        &n.create.dctx,
		"ZSTD_freeCCtx":          &n.free.cctx,
		"ZSTD_freeDCtx":          &n.free.dctx,
		"ZSTD_CCtx_setParameter": &n.setEncoder,
		"ZSTD_DCtx_setParameter": &n.setDecoder,
		"ZSTD_DCtx_reset":        &n.resetDecoder,
		"ZSTD_compress2":         &n.compress2,
		"ZSTD_decompressDCtx":    &n.decompress,
		"ZSTD_decompressStream":  &n.decompressStream,
		"ZSTD_getErrorName":      &n.errorName,
	})
	if err != nil {
		return nil, fmt.Errorf("%w; libzstd 1.4 or later is needed", err)
	}
	n.title = fmt.Sprintf("libzstd %s (%s)", dl.GoString(version.Call()), lib.Path())
	return n, nil
}

var sonames = map[string][]string{
	"linux":   {"libzstd.so.1"},
	"darwin":  {"libzstd.1.dylib", "/opt/homebrew/lib/libzstd.1.dylib", "/usr/local/lib/libzstd.1.dylib"},
	"windows": {"libzstd.dll", "zstd.dll"},
}

func (n *native) name() string { return n.title }

// cctx is an encoder with the parameters last given to it.
type cctx struct {
	addr     uintptr
	level    int
	checksum bool
}

func (n *native) cctx() (*cctx, error) {
	if c, ok := n.cctxs.Get().(*cctx); ok {
		return c, nil
	}
	c := &cctx{addr: n.create.cctx.Call()}
	if c.addr == 0 {
		return nil, fmt.Errorf("encode zstd: no memory for an encoder of libzstd")
	}
	runtime.AddCleanup(c, func(addr uintptr) { n.free.cctx.Call(addr) }, c.addr)
	return c, nil
}

func (n *native) encode(dst, src []byte, level int, checksum bool) ([]byte, error) {
	c, err := n.cctx()
	if err != nil {
		return dst, err
	}
	if err := n.configure(c, level, checksum); err != nil {
		return dst, err
	}
	room := dst[len(dst):cap(dst)]
	r := n.compress2.Call6(c.addr,
		uintptr(unsafe.Pointer(unsafe.SliceData(room))), uintptr(len(room)),
		uintptr(unsafe.Pointer(unsafe.SliceData(src))), uintptr(len(src)), 0)
	n.cctxs.Put(c)
	if code := errorCode(r); code != 0 {
		return dst, fmt.Errorf("encode zstd: %s", dl.GoString(n.errorName.Call(r)))
	}
	return dst[:len(dst)+int(r)], nil
}

func (n *native) configure(c *cctx, level int, checksum bool) error {
	if c.level != level {
		if r := n.setEncoder.Call(c.addr, paramLevel, uintptr(level)); errorCode(r) != 0 {
			return fmt.Errorf("encode zstd: set level %d: %s", level, dl.GoString(n.errorName.Call(r)))
		}
		c.level = level
	}
	if c.checksum != checksum {
		flag := uintptr(0)
		if checksum {
			flag = 1
		}
		if r := n.setEncoder.Call(c.addr, paramChecksum, flag); errorCode(r) != 0 {
			return fmt.Errorf("encode zstd: set checksum: %s", dl.GoString(n.errorName.Call(r)))
		}
		c.checksum = checksum
	}
	return nil
}

// dctx is a decoder. Its buffers are here, not on a stack, because libzstd
// gets their address.
type dctx struct {
	addr    uintptr
	in, out buffer
	spare   [1]byte // destination of decoders that produce nothing
}

// buffer is ZSTD_inBuffer and ZSTD_outBuffer.
type buffer struct {
	data      unsafe.Pointer
	size, pos uintptr
}

func (n *native) dctx() (*dctx, error) {
	if d, ok := n.dctxs.Get().(*dctx); ok {
		return d, nil
	}
	d := &dctx{addr: n.create.dctx.Call()}
	if d.addr == 0 {
		return nil, fmt.Errorf("decode zstd: no memory for a decoder of libzstd")
	}
	runtime.AddCleanup(d, func(addr uintptr) { n.free.dctx.Call(addr) }, d.addr)
	return d, nil
}

func (n *native) decode(dst, src []byte) (int, error) {
	d, err := n.dctx()
	if err != nil {
		return 0, err
	}
	size := len(dst)
	if size == 0 {
		dst = d.spare[:]
	}
	r := n.decompress.Call6(d.addr,
		uintptr(unsafe.Pointer(unsafe.SliceData(dst))), uintptr(size),
		uintptr(unsafe.Pointer(unsafe.SliceData(src))), uintptr(len(src)), 0)
	n.dctxs.Put(d)
	if errorCode(r) != 0 {
		return 0, n.decodeError(r)
	}
	return int(r), nil
}

func (n *native) prefix(dst, src []byte, windowMax int) error {
	d, err := n.dctx()
	if err != nil {
		return err
	}
	defer func() {
		d.in, d.out = buffer{}, buffer{}
		n.resetDecoder.Call6(d.addr, resetSession, 0, 0, 0, 0)
		n.dctxs.Put(d)
	}()
	windowLog := 27
	for 1<<windowLog < windowMax && windowLog < 31 {
		windowLog++
	}
	if r := n.setDecoder.Call6(d.addr, paramWindowLog, uintptr(windowLog), 0, 0, 0); errorCode(r) != 0 {
		return n.decodeError(r)
	}
	d.in = buffer{data: unsafe.Pointer(unsafe.SliceData(src)), size: uintptr(len(src))}
	d.out = buffer{data: unsafe.Pointer(unsafe.SliceData(dst)), size: uintptr(len(dst))}
	for d.out.pos < d.out.size {
		before := d.in.pos + d.out.pos
		r := n.decompressStream.Call6(d.addr, uintptr(unsafe.Pointer(&d.out)), uintptr(unsafe.Pointer(&d.in)), 0, 0, 0)
		if errorCode(r) != 0 {
			return n.decodeError(r)
		}
		if d.in.pos+d.out.pos == before {
			return compress.Corrupt("zstd", "decodes to %d bytes, expected %d or more", d.out.pos, len(dst))
		}
	}
	return nil
}

// errorCode returns the error in a result of libzstd, or 0.
func errorCode(r uintptr) int {
	if code := -int(r); code > 0 && code < errorMax {
		return code
	}
	return 0
}

func (n *native) decodeError(r uintptr) error {
	err := compress.Corrupt("zstd", "%s", dl.GoString(n.errorName.Call(r)))
	if errorCode(r) == errorDstTooSmall {
		return shortError{err}
	}
	return err
}
