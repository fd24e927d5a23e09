//go:build !linux && !darwin

package filestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/dosna/dosna/store"
)

// dir is an open directory. Names are relative to it.
type dir struct{ root *os.Root }

// file is an open file.
type file struct{ f *os.File }

// checkName refuses what Windows would understand as something else.
func checkName(key string) error {
	if runtime.GOOS != "windows" {
		return nil
	}
	if strings.ContainsAny(key, `\:*?"<>|`) || !filepath.IsLocal(filepath.FromSlash(key)) {
		return fmt.Errorf("%w: Windows has no file of the name %q", store.ErrInvalid, key)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if strings.HasSuffix(segment, ".") || strings.HasSuffix(segment, " ") {
			return fmt.Errorf("%w: Windows drops what ends the name %q", store.ErrInvalid, segment)
		}
	}
	return nil
}

func openRoot(path string) (dir, error) {
	r, err := os.OpenRoot(path)
	return dir{r}, err
}

func (d dir) openDir(path string) (dir, error) {
	r, err := d.root.OpenRoot(path)
	return dir{r}, err
}

func (d dir) open(path string) (file, attr, error) {
	f, err := d.root.Open(path)
	if err != nil {
		return file{}, attr{}, err
	}
	a, err := file{f}.attr()
	if err != nil {
		f.Close()
	}
	return file{f}, a, err
}

func (d dir) create(name string) (file, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	return file{f}, err
}

func (d dir) stat(path string) (attr, error) {
	info, err := d.root.Stat(path)
	if err != nil {
		return attr{}, err
	}
	return attrOf(info), nil
}

// lstat is stat of a symbolic link itself.
func (d dir) lstat(path string) (attr, error) {
	info, err := d.root.Lstat(path)
	if err != nil {
		return attr{}, err
	}
	return attrOf(info), nil
}

func (d dir) exists() bool {
	_, err := d.root.Stat(".")
	return err == nil
}

func (d dir) mkdir(path string) error        { return d.root.Mkdir(path, 0o777) }
func (d dir) rmdir(path string) error        { return d.remove(path, true) }
func (d dir) unlink(name string) error       { return d.remove(name, false) }
func (d dir) link(old, name string) error    { return d.root.Link(old, name) }
func (d dir) rename(old, name string) error  { return d.root.Rename(old, name) }
func (d dir) replace(old, name string) error { return d.rename(old, name) }
func (d dir) moveDir(from, to string) error  { return d.root.Rename(from, to) }
func (d dir) tryLock() (bool, error)         { return false, errors.ErrUnsupported }
func (d dir) identity() identity             { return identity{} }
func (d dir) unlock()                        {}
func (d dir) sync() error                    { return nil }
func (d dir) syncAll() error                 { return errors.ErrUnsupported }
func (d dir) local() bool                    { return false }
func (d dir) close() error                   { return d.root.Close() }
func (f file) tryLock() (bool, error)        { return false, errors.ErrUnsupported }
func (f file) sync() error                   { return ignoreReadOnly(f.f.Sync()) }
func (f file) close() error                  { return f.f.Close() }
func (f file) copyFrom(file, int64) error    { return errors.ErrUnsupported }

// ignoreReadOnly drops the error of flushing a file that is open for reading
// only, which Windows refuses.
func ignoreReadOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func (d dir) remove(path string, folder bool) error {
	info, err := d.root.Lstat(path)
	if err != nil {
		return err
	}
	if info.IsDir() != folder {
		return syscall.ENOTDIR
	}
	return d.root.Remove(path)
}

func (d dir) setTime(name string, ns int64) error {
	t := time.Unix(0, ns)
	return d.root.Chtimes(name, t, t)
}

func (d dir) read(string) ([]os.DirEntry, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

func (d dir) peek(string) (next func(n int) ([]os.DirEntry, error), done func(), err error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, nil, err
	}
	return f.ReadDir, func() { _ = f.Close() }, nil // only read
}

func isFull(err error) bool        { return errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrPermission) }
func isFolder(err error) bool      { return isFull(err) }
func isNotDir(err error) bool      { return errors.Is(err, syscall.ENOTDIR) }
func isLoop(err error) bool        { return errors.Is(err, syscall.ELOOP) }
func isCrossDevice(err error) bool { return errors.Is(err, syscall.EXDEV) }

func (f file) attr() (attr, error) {
	info, err := f.f.Stat()
	if err != nil {
		return attr{}, err
	}
	return attrOf(info), nil
}

func attrOf(info os.FileInfo) attr {
	a := attr{size: info.Size(), mtime: info.ModTime().UnixNano(), links: 1, kind: other}
	switch {
	case info.Mode().IsRegular():
		a.kind = regular
	case info.IsDir():
		a.kind = folder
	}
	return a
}

const (
	most    = 1 << 30
	iovMost = 1024
)

func (f file) readAt(p []byte, off int64) error {
	n, err := f.f.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (f file) readVector(pieces [][]byte, off int64) error {
	for _, p := range pieces {
		if err := f.readAt(p, off); err != nil {
			return err
		}
		off += int64(len(p))
	}
	return nil
}

func (f file) write(parts [][]byte) error {
	for _, p := range parts {
		if _, err := f.f.Write(p); err != nil {
			return err
		}
	}
	return nil
}
