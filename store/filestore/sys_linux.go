package filestore

import (
	"errors"

	"golang.org/x/sys/unix"
)

func fsync(fd int) error { return unix.Fsync(fd) }

// local reports whether the directory is on a file system known to keep flock
// and renames among all who can reach it.
func (d dir) local() bool {
	var st unix.Statfs_t
	if err := unix.Fstatfs(d.fd, &st); err != nil {
		return false
	}
	const zfs = 0x2fc12fc1
	switch int64(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.RAMFS_MAGIC,
		unix.F2FS_SUPER_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.BCACHEFS_SUPER_MAGIC, unix.REISERFS_SUPER_MAGIC, zfs:
		return true
	}
	return false
}

// replace gives the file old the name of another, which it replaces. ext4
// begins to write out what a rename puts over a file, which here would make a
// Put several times slower to no purpose: Sync is what makes it durable. An
// exchange of the names it leaves alone.
func (d dir) replace(old, name string) error {
	err := unix.Renameat2(d.fd, old, d.fd, name, unix.RENAME_EXCHANGE)
	if err != nil {
		return d.rename(old, name)
	}
	d.unlink(old) // if it fails, it is a leftover like others
	return nil
}

// syncAll makes everything on the directory's file system durable.
func (d dir) syncAll() error { return unix.Syncfs(d.fd) }

// copyFrom appends all of src to f, within the kernel.
func (f file) copyFrom(src file, size int64) error {
	for size > 0 {
		n, err := unix.CopyFileRange(src.fd, nil, f.fd, nil, int(min(size, most)), 0)
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
