package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/dosna/dosna/nd"
)

// HandleSize is how many bytes of a view stand for an element of any length: where
// it lies in an arena.
//
// A handle is, in the machine's byte order, the number of a segment (uint32), the
// element's length (uint32), and where in the segment it begins (uint64). All that
// moves elements of a fixed size thus moves texts too, by their handles.
const HandleSize = 16

// Arena holds elements of any length, to which handles in views refer: those that
// a chain decodes which is bound to it (see [Chain.In]), and those that it encodes.
// It is safe for concurrent use.
//
// Arenas made of one another by Sub share their handles: elements of one can be
// encoded by a chain in another.
type Arena struct {
	segments *segments

	mu   sync.Mutex
	room []byte   // of the last segment that was made here
	used int      // of room
	last uint32   // its number
	mine []uint32 // numbers of the segments made here
}

// segments are the memory of an arena and of all made of it, by number. What is in a
// segment is not altered once there are handles to it.
type segments struct {
	mu   sync.Mutex
	list [][]byte
	free []uint32
}

// NewArena returns an empty arena.
func NewArena() *Arena { return &Arena{segments: &segments{list: [][]byte{{}}}} }

// Sub returns an arena for what is needed for a part of the work only. It ends with
// Free.
func (a *Arena) Sub() *Arena { return &Arena{segments: a.segments} }

// Free gives up what is in the arena, but not what is in others. Handles to it have
// no meaning afterwards.
func (a *Arena) Free() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.segments.remove(a.mine)
	a.mine, a.room, a.used = nil, nil, 0
}

func (s *segments) add(b []byte) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		number := s.free[n-1]
		s.free = s.free[:n-1]
		s.list[number] = b
		return number
	}
	s.list = append(s.list, b)
	return uint32(len(s.list) - 1)
}

func (s *segments) remove(numbers []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, number := range numbers {
		s.list[number] = nil
	}
	s.free = append(s.free, numbers...)
}

// table is the memory of segments by number. It is good for all handles that were
// there when it was taken.
type table [][]byte

func (a *Arena) table() table {
	a.segments.mu.Lock()
	defer a.segments.mu.Unlock()
	return a.segments.list
}

// at returns the element of a handle.
func (t table) at(handle []byte) []byte {
	off := binary.NativeEndian.Uint64(handle[8:])
	end := off + uint64(binary.NativeEndian.Uint32(handle[4:]))
	return t[binary.NativeEndian.Uint32(handle)][off:end:end]
}

func handleLen(handle []byte) int { return int(binary.NativeEndian.Uint32(handle[4:])) }

func setHandle(handle []byte, segment uint32, off, n int) {
	binary.NativeEndian.PutUint32(handle, segment)
	binary.NativeEndian.PutUint32(handle[4:], uint32(n))
	binary.NativeEndian.PutUint64(handle[8:], uint64(off))
}

const (
	leastSegment = 4 << 10
	mostSegment  = 1 << 20
)

// take returns n new bytes, the number of the segment they are in, and where.
func (a *Arena) take(n int) (mem []byte, segment uint32, off int) {
	if n == 0 {
		return nil, 0, 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.room)-a.used < n {
		size := max(n, min(mostSegment, max(leastSegment, 2*len(a.room))))
		a.room, a.used = make([]byte, size), 0
		a.last = a.segments.add(a.room)
		a.mine = append(a.mine, a.last)
	}
	off = a.used
	a.used += n
	return a.room[off:a.used:a.used], a.last, off
}

// handle returns a handle to an element, which is copied.
func (a *Arena) handle(element []byte) []byte {
	mem, segment, off := a.take(len(element))
	h := make([]byte, HandleSize)
	setHandle(h, segment, off, copy(mem, element))
	return h
}

// Handles returns handles to the elements of a block, one behind the other. The
// block is not copied, and is not to be altered before Free.
func (a *Arena) Handles(b Block) ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	segment := a.segments.add(b.Data)
	a.mu.Lock()
	a.mine = append(a.mine, segment)
	a.mu.Unlock()
	handles := make([]byte, len(b.Ends)*HandleSize)
	from := 0
	for i, end := range b.Ends {
		setHandle(handles[i*HandleSize:], segment, from, int(end)-from)
		from = int(end)
	}
	return handles, nil
}

// maxBlock is more than what any machine has memory for.
const maxBlock = 1 << 46

// Block returns the elements of a view of handles, in C order.
func (a *Arena) Block(v nd.View) (Block, error) {
	n, total := v.Size(), 0
	eachHandle(v, func(h []byte) {
		if total <= maxBlock {
			total += handleLen(h)
		}
	})
	if total > maxBlock {
		return Block{}, fmt.Errorf("%d elements of more than %d bytes in all are too many for memory", n, maxBlock)
	}
	b := Block{Data: make([]byte, 0, total), Ends: make([]int64, 0, n)}
	t := a.table()
	eachHandle(v, func(h []byte) {
		b.Data = append(b.Data, t.at(h)...)
		b.Ends = append(b.Ends, int64(len(b.Data)))
	})
	return b, nil
}

// Keep copies elements that lie in another arena, made of this one, into this one,
// and makes the handles of v refer to the copies. It leaves out those for which
// marks, in C order, has 0; nil keeps all.
func (a *Arena) Keep(v nd.View, marks []byte) {
	a.adopt(v, marks, a.table().at)
}

// adopt is Keep of elements that element finds.
func (a *Arena) adopt(v nd.View, marks []byte, element func(handle []byte) []byte) {
	i, total := 0, 0
	kept := func() bool {
		i++
		return marks == nil || marks[i-1] != 0
	}
	eachHandle(v, func(h []byte) {
		if kept() {
			total += handleLen(h)
		}
	})
	mem, segment, off := a.take(total)
	i = 0
	at := 0
	eachHandle(v, func(h []byte) {
		if kept() {
			n := copy(mem[at:], element(h))
			setHandle(h, segment, off+at, n)
			at += n
		}
	})
}

// Equal reports whether two views of handles of one shape refer to equal elements.
func (a *Arena) Equal(v, w nd.View) bool {
	t, same := a.table(), true
	next := 0
	other := make([]byte, w.Size()*HandleSize)
	nd.Copy(nd.NewView(other, w.Shape, HandleSize), w)
	eachHandle(v, func(h []byte) {
		same = same && bytes.Equal(t.at(h), t.at(other[next:next+HandleSize]))
		next += HandleSize
	})
	return same
}

// eachHandle calls f with the handles of a view in C order.
func eachHandle(v nd.View, f func(handle []byte)) { eachAlong(v, v.Off, 0, f) }

func eachAlong(v nd.View, off, axis int, f func(handle []byte)) {
	if axis == len(v.Shape) {
		f(v.Data[off : off+HandleSize : off+HandleSize])
		return
	}
	if axis == len(v.Shape)-1 {
		for range v.Shape[axis] {
			f(v.Data[off : off+HandleSize : off+HandleSize])
			off += v.Strides[axis]
		}
		return
	}
	for range v.Shape[axis] {
		eachAlong(v, off, axis+1, f)
		off += v.Strides[axis]
	}
}
