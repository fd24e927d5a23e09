package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// File is an array in a file, a pipe or a member of an archive, being read.
//
// Boxes are read from a regular file in any order, by several goroutines at a
// time. What comes as a stream (see Sequential) is read once from front to
// back, which [Load] does.
type File struct {
	layout Layout
	mixed  *dtype.Descr // the byte orders, where fields of structs have different ones; else nil
	name   string       // for messages
	size   int          // bytes of all elements

	at  io.ReaderAt // nil: sequential
	off int64       // of the first element

	r    io.Reader // behind the header, if sequential
	done int       // bytes of elements read from r
	last bool      // nothing may follow the elements, and checksums come at the stream's end
	left bool      // a read of r was left alone, and may be under way

	planes *planes // nil: elements are not in pictures
	gaps   string  // in the numbers of a stack's files

	scale *scale // nil: elements are taken as they are
	close func() error
}

// Shape returns the lengths of the axes.
func (f *File) Shape() []int { return slices.Clone(f.layout.Shape) }

// Type returns the type of the elements that are read.
func (f *File) Type() dtype.Type {
	if f.scale != nil {
		return f.scale.to
	}
	return f.layout.Type
}

// Layout returns how the elements are stored.
func (f *File) Layout() Layout {
	l := f.layout
	l.Shape = f.Shape()
	return l
}

// Gaps tells, for people, where the numbers in the names of a stack's files leave
// some out: "s3.png is followed by s7.png". The slices lie side by side all the same.
// It is "" where there are none.
func (f *File) Gaps() string { return f.gaps }

// Sequential reports whether the array can only be read from front to back.
func (f *File) Sequential() bool { return f.at == nil && f.planes == nil }

// Close closes what [Open] opened.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// ReadBox reads a box into memory of its shape, in the machine's byte order. On
// a sequential file it must be the box that follows those read before.
func (f *File) ReadBox(ctx context.Context, box nd.Box, dst nd.View) error {
	if err := f.readBox(ctx, box, dst); err != nil {
		return fmt.Errorf("read %s of %s: %w", box, f.name, err)
	}
	return nil
}

func (f *File) readBox(ctx context.Context, box nd.Box, dst nd.View) error {
	if err := f.check(box, dst); err != nil {
		return err
	}
	if f.scale != nil {
		buf := bufpool.Get(box.Size() * f.layout.Type.Size())
		defer bufpool.Put(buf)
		raw := f.layout.fileView(nd.NewView(*buf, f.layout.fileOrder(box.Shape), f.layout.Type.Size()))
		if err := f.readStored(ctx, box, raw); err != nil {
			return err
		}
		f.scale.apply(dst, raw)
		return nil
	}
	return f.readStored(ctx, box, dst)
}

func (f *File) check(box nd.Box, dst nd.View) error {
	if len(box.Start) != len(f.layout.Shape) || !nd.Full(f.layout.Shape).Contains(box) {
		return fmt.Errorf("the array has the shape %v", f.layout.Shape)
	}
	if err := dst.Check(); err != nil {
		return err
	}
	if dst.Item != f.Type().Size() || !slices.Equal(dst.Shape, box.Shape) {
		return fmt.Errorf("the memory is for shape %v of %d bytes an element", dst.Shape, dst.Item)
	}
	return nil
}

// readStored reads a box of elements as they are stored, but in the machine's
// byte order.
func (f *File) readStored(ctx context.Context, box nd.Box, dst nd.View) error {
	if box.Empty() {
		return nil
	}
	if f.planes != nil {
		return f.planes.readBox(ctx, box, dst)
	}
	fileDst := f.layout.fileView(dst)
	data, direct := fileDst.Contiguous()
	if !direct {
		buf := bufpool.Get(box.Size() * dst.Item)
		defer bufpool.Put(buf)
		data = *buf
	}
	var err error
	if f.at == nil {
		err = f.next(ctx, f.layout.fileBox(box), data)
	} else {
		c := cutter{ctx: ctx, f: f, box: f.layout.fileBox(box), shape: f.layout.fileOrder(f.layout.Shape), item: dst.Item}
		err = c.read(0, f.off, data)
	}
	if err != nil {
		return err
	}
	f.native(data)
	if !direct {
		nd.Copy(fileDst, nd.NewView(data, fileDst.Shape, dst.Item))
	}
	return nil
}

// native turns stored bytes into elements of the machine.
func (f *File) native(data []byte) {
	switch {
	case f.mixed != nil:
		f.mixed.Swap(data)
	case f.layout.Order != dtype.Native:
		f.layout.Type.Swap(data)
	}
	f.layout.Type.Tidy(data)
}

// next reads the box, in file order, that the stream has come to.
func (f *File) next(ctx context.Context, box nd.Box, data []byte) error {
	v := nd.NewView(nil, f.layout.fileOrder(f.layout.Shape), f.layout.Type.Size()).Sub(box)
	if _, run := runAxis(box, f.layout.fileOrder(f.layout.Shape)); v.Off != f.done || !run {
		return fmt.Errorf("the array comes as a stream, which is at byte %d of its elements", f.done)
	}
	const step = 1 << 20 // between looks at ctx
	for len(data) > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := f.read(ctx, data[:min(step, len(data))])
		f.done += n
		if err != nil {
			return f.short(err, int64(f.done))
		}
		data = data[n:]
	}
	if f.done == f.size && f.last {
		return f.end(ctx)
	}
	return nil
}

// errLeft is a stream of which nobody knows where it is.
var errLeft = errors.New("a read of the stream was cancelled, and what it would have given is lost")

// read fills p from the stream. A read that keeps it waiting when ctx is cancelled
// is left alone, in memory and a goroutine of its own.
func (f *File) read(ctx context.Context, p []byte) (int, error) {
	if f.left {
		return 0, errLeft
	}
	if ctx.Done() == nil {
		return io.ReadFull(f.r, p)
	}
	type result struct {
		n   int
		err error
	}
	buf := bufpool.Get(len(p))
	read := make(chan result, 1)
	go func() {
		n, err := io.ReadFull(f.r, (*buf)[:len(p)])
		read <- result{n, err}
	}()
	select {
	case r := <-read:
		defer bufpool.Put(buf)
		return copy(p, (*buf)[:r.n]), r.err
	case <-ctx.Done():
		f.left = true
		return 0, context.Cause(ctx)
	}
}

// short explains a premature end of the elements after n bytes.
func (f *File) short(err error, n int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short: its header promises %d bytes of elements (shape %v of %s), and it has %d: %w",
			f.size, f.layout.Shape, f.layout.Type, n, io.ErrUnexpectedEOF)
	}
	return err
}

// end looks for the end of the stream, where decompressors check their sums.
func (f *File) end(ctx context.Context) error {
	var b [1]byte
	switch n, err := f.read(ctx, b[:]); {
	case n > 0:
		return fmt.Errorf("there are more bytes than the %d that shape %v of %s takes", f.size, f.layout.Shape, f.layout.Type)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// runAxis returns the first axis of which and after which box is a run of
// consecutive elements, and whether the whole box is.
func runAxis(box nd.Box, shape []int) (axis int, whole bool) {
	axis = len(shape)
	for axis > 0 && (axis == len(shape) || box.Shape[axis] == shape[axis]) {
		axis--
	}
	return axis, !slices.ContainsFunc(box.Shape[:axis], func(n int) bool { return n != 1 })
}

// newFile makes a File of elements that follow the header just read from r. It
// is sequential unless r is a regular file or the like.
func newFile(name string, r io.Reader, l Layout) (*File, error) {
	size, err := l.bytes()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &File{layout: l, name: name, size: size, r: r}
	at, off, end := random(r)
	if at == nil {
		return f, nil
	}
	f.at, f.off = at, off
	if end-off < int64(size) {
		return nil, fmt.Errorf("%s: %w", name, f.short(io.EOF, max(end-off, 0)))
	}
	return f, nil
}

// random returns r as something to be read anywhere, with its current position
// and its end; nil if it is a stream.
func random(r io.Reader) (at io.ReaderAt, off, end int64) {
	if s, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := s.Stat(); err != nil || !info.Mode().IsRegular() {
			return nil, 0, 0
		}
	}
	at, ok := r.(io.ReaderAt)
	seeker, canSeek := r.(io.Seeker)
	if !ok || !canSeek {
		return nil, 0, 0
	}
	off, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, 0, 0
	}
	end, err = seeker.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = seeker.Seek(off, io.SeekStart)
	}
	if err != nil {
		return nil, 0, 0
	}
	return at, off, end
}
