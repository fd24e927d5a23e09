package filestore

import "golang.org/x/sys/unix"

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

// identity is known where the file system keeps the times at which files are made.
func (d dir) identity() identity {
	var st unix.Statx_t
	const need = unix.STATX_INO | unix.STATX_BTIME
	if unix.Statx(d.fd, "", unix.AT_EMPTY_PATH, need, &st) != nil || st.Mask&need != need {
		return identity{}
	}
	return identity{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino, st.Btime.Sec*1e9 + int64(st.Btime.Nsec)}
}

func exchange(at int, old string, to int, name string) error {
	return unix.Renameat2(at, old, to, name, unix.RENAME_EXCHANGE)
}

func syncfs(fd int) error { return unix.Syncfs(fd) }

func copyRange(dst, src, n int) (int, error) { return unix.CopyFileRange(src, nil, dst, nil, n, 0) }
