package parquet

import (
	"encoding/binary"
	"fmt"
)

// Types of thrift's compact protocol.
const (
	kindTrue   = 1
	kindFalse  = 2
	kindByte   = 3
	kindI16    = 4
	kindI32    = 5
	kindI64    = 6
	kindDouble = 7
	kindBytes  = 8
	kindList   = 9
	kindSet    = 10
	kindMap    = 11
	kindStruct = 12
)

// thrift reads the compact protocol
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
// After an error nothing more is read.
type thrift struct {
	data []byte
	at   int
	err  error
}

const deepest = 16 // structs and lists in each other

func (t *thrift) fail(format string, args ...any) {
	if t.err == nil {
		t.err = corrupt("metadata: "+format, args...)
	}
	t.at = len(t.data)
}

func (t *thrift) byte() byte {
	if t.at >= len(t.data) {
		t.fail("it ends too early")
		return 0
	}
	t.at++
	return t.data[t.at-1]
}

func (t *thrift) uvarint() uint64 {
	x, n := binary.Uvarint(t.data[t.at:])
	if n <= 0 {
		t.fail("it ends too early, or a number is too long")
		return 0
	}
	t.at += n
	return x
}

func (t *thrift) varint() int64 {
	x := t.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

func (t *thrift) bytes() []byte {
	n := t.uvarint()
	if n > uint64(len(t.data)-t.at) {
		t.fail("a text of %d bytes, where %d are left", n, len(t.data)-t.at)
		return nil
	}
	t.at += int(n)
	return t.data[t.at-int(n) : t.at]
}

// fields calls f for each field of a struct. f reads the field and returns true,
// or returns false, and the field is passed over.
func (t *thrift) fields(f func(id int64, kind byte) bool) {
	var id int64
	for t.err == nil {
		head := t.byte()
		kind := head & 15
		if kind == 0 {
			return
		}
		if delta := head >> 4; delta > 0 {
			id += int64(delta)
		} else {
			id = t.varint()
		}
		if !f(id, kind) {
			t.skip(kind, 0)
		}
	}
}

// list returns the kind and number of a list's elements, none of which is shorter
// than a byte.
func (t *thrift) list() (kind byte, n int) {
	head := t.byte()
	count := uint64(head >> 4)
	if count == 15 {
		count = t.uvarint()
	}
	if count > uint64(len(t.data)-t.at) {
		t.fail("a list of %d elements, where %d bytes are left", count, len(t.data)-t.at)
		return 0, 0
	}
	return head & 15, int(count)
}

func (t *thrift) skip(kind byte, depth int) {
	if depth > deepest {
		t.fail("it is nested too deep")
	}
	if t.err != nil {
		return
	}
	switch kind {
	case kindTrue, kindFalse:
	case kindByte:
		t.byte()
	case kindI16, kindI32, kindI64:
		t.uvarint()
	case kindDouble:
		for range 8 {
			t.byte()
		}
	case kindBytes:
		t.bytes()
	case kindList, kindSet:
		kind, n := t.list()
		t.elements(kind, n, depth)
	case kindMap:
		n := t.uvarint()
		if n == 0 {
			return
		}
		kinds := t.byte()
		if n > uint64(len(t.data)-t.at) {
			t.fail("a map of %d elements, where %d bytes are left", n, len(t.data)-t.at)
		}
		for range n {
			if t.err != nil {
				return
			}
			t.elements(kinds>>4, 1, depth)
			t.elements(kinds&15, 1, depth)
		}
	case kindStruct:
		t.fields(func(_ int64, kind byte) bool {
			t.skip(kind, depth+1)
			return true
		})
	default:
		t.fail("an unknown kind of field, %d", kind)
	}
}

// elements passes over elements of a list, in which a truth value has a byte.
func (t *thrift) elements(kind byte, n, depth int) {
	for range n {
		if t.err != nil {
			return
		}
		if kind == kindTrue || kind == kindFalse {
			t.byte()
			continue
		}
		t.skip(kind, depth+1)
	}
}

// number reads a field that is a number, or fails.
func (t *thrift) number(kind byte) int64 {
	if kind != kindI16 && kind != kindI32 && kind != kindI64 {
		t.fail("a field of kind %d where a number should be", kind)
		return 0
	}
	return t.varint()
}

// text reads a field that is a text, or fails.
func (t *thrift) text(kind byte) string {
	if kind != kindBytes {
		t.fail("a field of kind %d where a text should be", kind)
		return ""
	}
	return string(t.bytes())
}

// structs reads a field that is a list of structs, by f.
func (t *thrift) structs(kind byte, f func()) {
	if kind != kindList {
		t.fail("a field of kind %d where a list should be", kind)
		return
	}
	kind, n := t.list()
	if n > 0 && kind != kindStruct {
		t.fail("a list of kind %d where structs should be", kind)
	}
	for range n {
		if t.err != nil {
			return
		}
		f()
	}
}

// encoder writes the compact protocol.
type encoder struct {
	data []byte
	last []int64 // the ids of the fields before, in the structs that are open
}

func (e *encoder) field(id int64, kind byte) {
	last := &e.last[len(e.last)-1]
	if delta := id - *last; delta > 0 && delta < 16 {
		e.data = append(e.data, byte(delta)<<4|kind)
	} else {
		e.data = binary.AppendVarint(append(e.data, kind), id)
	}
	*last = id
}

func (e *encoder) begin() { e.last = append(e.last, 0) }

func (e *encoder) end() {
	e.data = append(e.data, 0)
	e.last = e.last[:len(e.last)-1]
}

func (e *encoder) i32(id, value int64) {
	e.field(id, kindI32)
	e.data = binary.AppendVarint(e.data, value)
}

func (e *encoder) i64(id, value int64) {
	e.field(id, kindI64)
	e.data = binary.AppendVarint(e.data, value)
}

func (e *encoder) str(s string) {
	e.data = append(binary.AppendUvarint(e.data, uint64(len(s))), s...)
}

func (e *encoder) text(id int64, s string) {
	e.field(id, kindBytes)
	e.str(s)
}

// list begins a list of fewer than 15 elements.
func (e *encoder) list(id int64, kind byte, n int) {
	e.field(id, kindList)
	e.data = append(e.data, byte(n)<<4|kind)
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}
