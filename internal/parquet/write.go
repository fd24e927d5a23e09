package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/dosna/dosna/internal/compress/zstd"
)

// Write returns a file of columns with that many rows each, compressed with zstd:
// one row group, one page to a column, byte strings by a dictionary. Columns of
// byte strings may lack some.
func Write(rows int, columns []Column) ([]byte, error) {
	if rows < 0 || rows > math.MaxInt32 || len(columns) == 0 || len(columns) > 13 {
		return nil, fmt.Errorf("%w: a file of %d columns of %d rows", ErrUnsupported, len(columns), rows)
	}
	w := &writer{rows: rows, file: []byte(magic)}
	for _, c := range columns {
		if err := w.column(c); err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	meta := w.footer(columns)
	w.file = append(w.file, meta...)
	w.file = binary.LittleEndian.AppendUint32(w.file, uint32(len(meta)))
	return append(w.file, magic...), nil
}

type writer struct {
	rows   int
	file   []byte
	chunks []written
}

// written is what the footer tells of a column.
type written struct {
	dictionary, data     int64 // where its pages begin; dictionary 0: none
	expanded, compressed int64
	absent               int64 // rows without a value
}

func (w *writer) column(c Column) error {
	at := int64(len(w.file))
	done := written{data: at}
	if c.Ints != nil {
		if len(c.Ints) != w.rows {
			return fmt.Errorf("%w: %d numbers in %d rows", ErrUnsupported, len(c.Ints), w.rows)
		}
		plain := make([]byte, 0, 8*w.rows)
		for _, x := range c.Ints {
			plain = binary.LittleEndian.AppendUint64(plain, uint64(x))
		}
		n, err := w.page(pageData, w.rows, encodingPlain, plain)
		if err != nil {
			return err
		}
		done.expanded = n
	} else {
		if len(c.Index) != w.rows {
			return fmt.Errorf("%w: %d byte strings in %d rows", ErrUnsupported, len(c.Index), w.rows)
		}
		var dictionary []byte
		for _, v := range c.Values {
			dictionary = append(binary.LittleEndian.AppendUint32(dictionary, uint32(len(v))), v...)
		}
		n, err := w.page(pageDict, len(c.Values), encodingPlain, dictionary)
		if err != nil {
			return err
		}
		done.dictionary, done.data, done.expanded = at, int64(len(w.file)), n
		defined := make([]int32, w.rows)
		var indices []int32
		for row, i := range c.Index {
			if int(i) >= len(c.Values) || i < -1 {
				return fmt.Errorf("%w: value %d of %d", ErrUnsupported, i, len(c.Values))
			}
			if i >= 0 {
				defined[row] = 1
				indices = append(indices, i)
			}
		}
		levels := packed(nil, 1, defined)
		data := append(binary.LittleEndian.AppendUint32(nil, uint32(len(levels))), levels...)
		width := bits.Len(uint(max(len(c.Values)-1, 1)))
		data = append(data, byte(width))
		if len(indices) > 0 {
			data = packed(data, width, indices)
		}
		done.absent = int64(w.rows - len(indices))
		if n, err = w.page(pageData, w.rows, encodingRLEDict, data); err != nil {
			return err
		}
		done.expanded += n
	}
	done.compressed = int64(len(w.file)) - at
	w.chunks = append(w.chunks, done)
	return nil
}

// page adds a page and returns its size before compression, with its header.
func (w *writer) page(kind, values int, encoding int64, data []byte) (int64, error) {
	if len(data) > math.MaxInt32 {
		return 0, fmt.Errorf("%w: a column of more than %d bytes", ErrTooLarge, math.MaxInt32)
	}
	body, err := zstd.Encode(nil, data, 3, false)
	if err != nil {
		return 0, err
	}
	e := &encoder{}
	e.begin()
	e.i32(1, int64(kind))
	e.i32(2, int64(len(data)))
	e.i32(3, int64(len(body)))
	if kind == pageDict {
		e.field(7, kindStruct)
		e.begin()
		e.i32(1, int64(values))
		e.i32(2, encoding)
		e.end()
	} else {
		e.field(5, kindStruct)
		e.begin()
		e.i32(1, int64(values))
		e.i32(2, encoding)
		e.i32(3, encodingRLE)
		e.i32(4, encodingRLE)
		e.end()
	}
	e.end()
	w.file = append(append(w.file, e.data...), body...)
	return int64(len(e.data) + len(data)), nil
}

func (w *writer) footer(columns []Column) []byte {
	e := &encoder{}
	e.begin()
	e.i32(1, 1)
	e.list(2, kindStruct, len(columns)+1)
	e.begin()
	e.text(4, "schema")
	e.i32(5, int64(len(columns)))
	e.end()
	for _, c := range columns {
		e.begin()
		e.i32(1, typeOf(c))
		repetition := int64(optional)
		if c.Ints != nil {
			repetition = required
		}
		e.i32(3, repetition)
		e.text(4, c.Name)
		if c.Text {
			e.i32(6, 0) // UTF8
		}
		e.end()
	}
	e.i64(3, int64(w.rows))
	e.list(4, kindStruct, 1)
	e.begin()
	e.list(1, kindStruct, len(columns))
	var total int64
	for i, c := range columns {
		done := w.chunks[i]
		total += done.expanded
		e.begin()
		e.i64(2, done.data)
		e.field(3, kindStruct)
		e.begin()
		e.i32(1, typeOf(c))
		encodings := []int64{encodingPlain}
		if c.Ints == nil {
			encodings = append(encodings, encodingRLE, encodingRLEDict)
		}
		e.list(2, kindI32, len(encodings))
		for _, x := range encodings {
			e.data = binary.AppendVarint(e.data, x)
		}
		e.list(3, kindBytes, 1)
		e.str(c.Name)
		e.i32(4, codecZstd)
		e.i64(5, int64(w.rows))
		e.i64(6, done.expanded)
		e.i64(7, done.compressed)
		e.i64(9, done.data)
		if done.dictionary > 0 {
			e.i64(11, done.dictionary)
		}
		e.field(12, kindStruct) // without which some readers take numbers that may be absent for fractions
		e.begin()
		e.i64(3, done.absent)
		e.end()
		e.end()
		e.end()
	}
	e.i64(2, total)
	e.i64(3, int64(w.rows))
	e.end()
	e.text(6, "dosna")
	e.end()
	return bytes.Clone(e.data)
}

func typeOf(c Column) int64 {
	if c.Ints != nil {
		return typeInt64
	}
	return typeByteArray
}
