package serve

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// canShare reports whether memory can be shared with clients here.
const canShare = true

// newSegment makes memory of size bytes that can be given to another process.
func newSegment(id uint64, size int) (*segment, error) {
	fail := func(what string, err error) (*segment, error) {
		return nil, fmt.Errorf("%s %d bytes to share: %w", what, size, err)
	}
	fd, err := unix.MemfdCreate("dosna", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return fail("get", err)
	}
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		return fail("get", errors.Join(err, unix.Close(fd)))
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		return fail("seal", errors.Join(err, unix.Close(fd)))
	}
	data, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fail("map", errors.Join(err, unix.Close(fd)))
	}
	return &segment{id: id, data: data, fd: fd}, nil
}

// close gives the memory back, when the client has too.
func (g *segment) close() error {
	return errors.Join(unix.Munmap(g.data), unix.Close(g.fd))
}

// rights is the control message that passes the memory on.
func (g *segment) rights() []byte { return unix.UnixRights(g.fd) }

// empty gives the pages back. What is read there from then on is zero.
func (g *segment) empty() error {
	return unix.Fallocate(g.fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, int64(len(g.data)))
}
