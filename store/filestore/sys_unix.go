//go:build linux || darwin

package filestore

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// dir is an open directory. Names are relative to it.
type dir struct{ fd int }

// file is an open file.
type file struct{ fd int }

// kernel are the system calls that change something, in a table so that tests
// see them, keep their order and let them fail.
type kernel struct {
	open     func(at int, path string, flags int, mode uint32) (int, error)
	write    func(fd int, p []byte) (int, error)
	writev   func(fd int, pieces [][]byte) (int, error)
	copy     func(dst, src int, n int) (int, error)
	setTime  func(at int, name string, ns int64) error
	mkdir    func(at int, path string, mode uint32) error
	unlink   func(at int, path string, flags int) error
	link     func(at int, old string, to int, name string, flags int) error
	rename   func(at int, old string, to int, name string) error
	exchange func(at int, old string, to int, name string) error
	fsync    func(fd int) error
	syncfs   func(fd int) error
}

var sys = kernel{
	open: unix.Openat, write: unix.Write, writev: unix.Writev, copy: copyRange, setTime: setTime,
	mkdir: unix.Mkdirat, unlink: unix.Unlinkat, link: unix.Linkat, rename: unix.Renameat, exchange: exchange,
	fsync: fsync, syncfs: syncfs,
}

func setTime(at int, name string, ns int64) error {
	t := unix.NsecToTimespec(ns)
	return unix.UtimesNanoAt(at, name, []unix.Timespec{t, t}, 0)
}

func checkName(string) error { return nil }

func openRoot(path string) (dir, error) {
	return openDirAt(unix.AT_FDCWD, path)
}

func openDirAt(at int, path string) (dir, error) {
	fd, err := openAt(at, path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return dir{fd}, err
}

func openAt(at int, path string, flags int, mode uint32) (int, error) {
	for {
		fd, err := sys.open(at, path, flags|unix.O_CLOEXEC|unix.O_NOCTTY, mode)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

func (d dir) openDir(path string) (dir, error) { return openDirAt(d.fd, path) }

// open opens for reading. It does not wait for the writer of a pipe.
func (d dir) open(path string) (file, attr, error) {
	fd, err := openAt(d.fd, path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return file{}, attr{}, err
	}
	f := file{fd}
	a, err := f.attr()
	if err != nil {
		f.close()
	}
	return f, a, err
}

// create makes a file that must not exist.
func (d dir) create(name string) (file, error) {
	fd, err := openAt(d.fd, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0o666)
	return file{fd}, err
}

func (d dir) stat(path string) (attr, error) {
	var st unix.Stat_t
	for {
		if err := unix.Fstatat(d.fd, path, &st, 0); err != unix.EINTR {
			return attrOf(&st), err
		}
	}
}

// lstat is stat of a symbolic link itself.
func (d dir) lstat(path string) (attr, error) {
	var st unix.Stat_t
	for {
		if err := unix.Fstatat(d.fd, path, &st, unix.AT_SYMLINK_NOFOLLOW); err != unix.EINTR {
			return attrOf(&st), err
		}
	}
}

// exists reports whether the directory still has a name.
func (d dir) exists() bool {
	a, err := file{d.fd}.attr()
	return err == nil && a.links > 0
}

func (d dir) mkdir(path string) error       { return sys.mkdir(d.fd, path, 0o777) }
func (d dir) rmdir(path string) error       { return sys.unlink(d.fd, path, unix.AT_REMOVEDIR) }
func (d dir) unlink(name string) error      { return sys.unlink(d.fd, name, 0) }
func (d dir) link(old, name string) error   { return sys.link(d.fd, old, d.fd, name, 0) }
func (d dir) rename(old, name string) error { return sys.rename(d.fd, old, d.fd, name) }

// replace gives the file old the name of another, which it replaces. ext4
// begins to write out what a rename puts over a file, which here would make a
// Put several times slower to no purpose: Sync is what makes it durable. An
// exchange of the names it leaves alone.
func (d dir) replace(old, name string) error {
	if err := sys.exchange(d.fd, old, d.fd, name); err != nil {
		return d.rename(old, name)
	}
	d.unlink(old) // if it fails, it is a leftover like others
	return nil
}

func (d dir) moveDir(from string, to string) error { return sys.rename(d.fd, from, d.fd, to) }

// setTime sets the modification time of a file in the directory.
func (d dir) setTime(name string, ns int64) error {
	return sys.setTime(d.fd, name, ns)
}

func (d dir) tryLock() (bool, error) { return tryLock(d.fd) }
func (d dir) unlock()                { _ = unix.Flock(d.fd, unix.LOCK_UN) } // which fails only for what is not locked
func (d dir) sync() error            { return file{d.fd}.sync() }

// syncAll makes everything on the directory's file system durable.
func (d dir) syncAll() error { return sys.syncfs(d.fd) }

func (d dir) close() error { return unix.Close(d.fd) }

// read returns the directory's entries, once. path is where it was opened, for
// file systems that do not tell the kinds of entries.
func (d dir) read(path string) ([]os.DirEntry, error) {
	fd, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	return f.ReadDir(-1)
}

// peek returns a function that yields the next entries of the directory, and one
// that ends it.
func (d dir) peek(path string) (next func(n int) ([]os.DirEntry, error), done func(), err error) {
	fd, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	return f.ReadDir, func() { _ = f.Close() }, nil // only read
}

// isFull reports whether a directory could not be removed because it holds
// something.
func isFull(err error) bool { return err == unix.ENOTEMPTY || err == unix.EEXIST }

// isFolder reports whether a file could not be renamed because a directory has
// the name.
func isFolder(err error) bool { return err == unix.EISDIR || isFull(err) }

// isNotDir reports whether a path leads through a file.
func isNotDir(err error) bool { return err == unix.ENOTDIR }

// isLoop reports whether a symbolic link leads to itself.
func isLoop(err error) bool { return err == unix.ELOOP }

// isCrossDevice reports whether two files are on different file systems.
func isCrossDevice(err error) bool { return err == unix.EXDEV }

func (f file) attr() (attr, error) {
	var st unix.Stat_t
	for {
		if err := unix.Fstat(f.fd, &st); err != unix.EINTR {
			return attrOf(&st), err
		}
	}
}

func attrOf(st *unix.Stat_t) attr {
	a := attr{
		dev: uint64(st.Dev), ino: st.Ino, size: st.Size, links: uint64(st.Nlink),
		mtime: st.Mtim.Nano(), kind: other,
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		a.kind = regular
	case unix.S_IFDIR:
		a.kind = folder
	}
	return a
}

// most is the most bytes moved, and iovMost the most pieces, in one call.
const (
	most    = 1 << 30
	iovMost = 1024
)

// readAt fills p.
func (f file) readAt(p []byte, off int64) error {
	for len(p) > 0 {
		n, err := unix.Pread(f.fd, p[:min(len(p), most)], off)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// readVector fills pieces, at most iovMost, which lie one behind the other in
// the file. It changes the slice of pieces.
func (f file) readVector(pieces [][]byte, off int64) error {
	if len(pieces) == 1 {
		return f.readAt(pieces[0], off)
	}
	for len(pieces) > 0 {
		n, err := unix.Preadv(f.fd, pieces, off)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		pieces, off = drop(pieces, n), off+int64(n)
	}
	return nil
}

// write appends all parts to the file. It does not change the slice.
func (f file) write(parts [][]byte) error {
	if len(parts) > 1 {
		return f.writeVector(parts)
	}
	for _, p := range parts {
		for len(p) > 0 {
			n, err := sys.write(f.fd, p[:min(len(p), most)])
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return err
			}
			p = p[n:]
		}
	}
	return nil
}

func (f file) writeVector(parts [][]byte) error {
	var pieces [][]byte
	for len(parts) > 0 {
		pieces = pieces[:0]
		for room := most; len(parts) > 0 && len(pieces) < iovMost && room > 0; {
			if len(parts[0]) > room {
				if len(pieces) > 0 {
					break
				}
				if err := f.write(parts[:1]); err != nil {
					return err
				}
			} else if len(parts[0]) > 0 {
				pieces = append(pieces, parts[0])
				room -= len(parts[0])
			}
			parts = parts[1:]
		}
		for len(pieces) > 0 {
			n, err := sys.writev(f.fd, pieces)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return err
			}
			pieces = drop(pieces, n)
		}
	}
	return nil
}

// drop returns pieces without their first n bytes.
func drop(pieces [][]byte, n int) [][]byte {
	for len(pieces) > 0 && n >= len(pieces[0]) {
		n -= len(pieces[0])
		pieces = pieces[1:]
	}
	if n > 0 {
		pieces[0] = pieces[0][n:]
	}
	return pieces
}

func (f file) tryLock() (bool, error) { return tryLock(f.fd) }

// sync waits until the file is on disk.
func (f file) sync() error {
	for {
		if err := sys.fsync(f.fd); err != unix.EINTR {
			return err
		}
	}
}

// copyFrom appends all of src to f, within the kernel.
func (f file) copyFrom(src file, size int64) error {
	for size > 0 {
		n, err := sys.copy(f.fd, src.fd, int(min(size, most)))
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EINVAL || err == unix.EXDEV || err == nil && n == 0:
			return errors.ErrUnsupported // how some file systems put it
		case err != nil:
			return err
		}
		size -= int64(n)
	}
	return nil
}

func (f file) close() error { return unix.Close(f.fd) }

// tryLock takes an exclusive flock, which lasts until fd is closed, and reports
// whether it was free. On a file system without flock it is
// errors.ErrUnsupported.
func tryLock(fd int) (bool, error) {
	for {
		err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case err == unix.EINTR:
			continue
		case err == unix.EWOULDBLOCK:
			return false, nil
		case errors.Is(err, errors.ErrUnsupported), err == unix.ENOLCK, err == unix.EBADF, err == unix.EINVAL:
			return false, errors.ErrUnsupported // the latter three: how network file systems put it
		}
		return false, err
	}
}
