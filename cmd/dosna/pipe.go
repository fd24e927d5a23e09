package main

import (
	"context"
	"io"
	"os"
)

// interruptible returns r as a reader that fails when ctx is done, even while r
// keeps it waiting, as a pipe may. Regular files are returned as they are.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return f
		}
	}
	p := &pipe{ctx: ctx, full: make(chan piece), empty: make(chan []byte, 2)}
	for range cap(p.empty) {
		p.empty <- make([]byte, pieceSize)
	}
	go p.pump(r)
	return p
}

// pieceSize is how much of a pipe is read at once.
const pieceSize = 1 << 20

// pipe passes on pieces of a reader that another goroutine reads. That goroutine
// stays in a Read that never returns; it ends with the process.
type pipe struct {
	ctx   context.Context
	full  chan piece
	empty chan []byte
	now   piece
}

type piece struct {
	data, whole []byte
	err         error
}

func (p *pipe) pump(r io.Reader) {
	for {
		var buf []byte
		select {
		case buf = <-p.empty:
		case <-p.ctx.Done():
			return
		}
		n, err := r.Read(buf)
		select {
		case p.full <- piece{buf[:n], buf, err}:
		case <-p.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *pipe) Read(dst []byte) (int, error) {
	for len(p.now.data) == 0 {
		if p.now.err != nil {
			return 0, p.now.err
		}
		if p.now.whole != nil {
			p.empty <- p.now.whole
			p.now.whole = nil
		}
		select {
		case p.now = <-p.full:
		case <-p.ctx.Done():
			return 0, context.Cause(p.ctx)
		}
	}
	n := copy(dst, p.now.data)
	p.now.data = p.now.data[n:]
	return n, nil
}
