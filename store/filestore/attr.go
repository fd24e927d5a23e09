package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dosna/dosna/store"
)

type kind uint8

const (
	regular kind = iota
	folder
	other
)

// attr is what the file system knows of a file.
type attr struct {
	dev, ino uint64
	size     int64
	mtime    int64 // nanoseconds since 1970
	links    uint64
	kind     kind
}

func (a attr) version() store.Version {
	var buf [48]byte
	b := strconv.AppendUint(buf[:0], a.ino, 36)
	b = append(b, '-')
	b = strconv.AppendInt(b, a.size, 36)
	b = append(b, '-')
	b = strconv.AppendInt(b, a.mtime, 36)
	return store.Version(b)
}

func (a attr) info(key string) store.Info {
	return store.Info{Key: key, Size: a.size, Version: a.version(), ModTime: time.Unix(0, a.mtime)}
}

// stamp returns a modification time for a file that replaces one of time old:
// the time it is, made later than old and than every other stamp of this
// process, so that a key which is deleted and put again has another version
// even where the file system gives the new file the old inode.
func stamp(old int64) int64 {
	for {
		last := lastStamp.Load()
		t := max(time.Now().UnixNano(), last+1, old+1)
		if lastStamp.CompareAndSwap(last, t) {
			return t
		}
	}
}

var lastStamp atomic.Int64

// plain takes an operating system's error out of its wrapping, which names
// paths that the store's own error names better, and gives it the store's
// meaning.
func plain(err error) error {
	var (
		path *fs.PathError
		link *os.LinkError
		call *os.SyscallError
	)
	if f, ok := err.(failure); ok {
		err = f.error
	}
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	case errors.As(err, &call):
		err = call.Err
	}
	if err == syscall.EROFS {
		return fmt.Errorf("%w: %w", store.ErrPermission, err)
	}
	return err
}

// isAbsent reports whether err says, definitely, that there is no such file.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// isExist reports whether err says that something of that name exists.
func isExist(err error) bool { return errors.Is(err, fs.ErrExist) }
