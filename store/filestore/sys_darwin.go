package filestore

import (
	"errors"

	"golang.org/x/sys/unix"
)

// fsync reaches the disk itself, which fsync(2) does not on macOS.
func fsync(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
	if err == unix.ENOTSUP || err == unix.EINVAL {
		err = unix.Fsync(fd)
	}
	return err
}

func (d dir) local() bool {
	var st unix.Statfs_t
	return unix.Fstatfs(d.fd, &st) == nil && st.Flags&unix.MNT_LOCAL != 0
}

func (d dir) identity() identity {
	var st unix.Stat_t
	if unix.Fstat(d.fd, &st) != nil {
		return identity{}
	}
	return identity{uint64(st.Dev), st.Ino, st.Btim.Nano()}
}

func exchange(int, string, int, string) error { return errors.ErrUnsupported }

func syncfs(int) error { return errors.ErrUnsupported }

func copyRange(int, int, int) (int, error) { return 0, errors.ErrUnsupported }
