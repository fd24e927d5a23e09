package netcdf3

import (
	"context"
	"fmt"
	"math"
)

// Source is what a file's bytes come from.
type Source interface {
	// Size is the number of bytes, which does not change.
	Size() int64
	// ReadAt fills p with the bytes at off. It is asked only for what lies within Size.
	ReadAt(ctx context.Context, p []byte, off int64) error
}

// Ahead is implemented by sources that are far away: to ask them for as many bytes takes little longer than for few.
type Ahead interface{ Ahead() int }

// File is what the header of a file says. It is not changed.
type File struct {
	Version    int // 1, 2 or 5, as in CDF-5
	Dimensions []Dimension
	Attributes []Attribute
	Variables  []Variable

	Records    int   // the length of the unlimited dimension
	RecordSize int64 // the bytes from one record to the next
}

// Dimension has a name and a length.
type Dimension struct {
	Name      string
	Len       int
	Unlimited bool
}

// Variable is an array.
type Variable struct {
	Name       string
	Dimensions []int // their numbers
	Shape      []int
	Type       Type
	Attributes []Attribute

	Record bool  // the first dimension is the unlimited one
	Begin  int64 // where the first element lies
	Bytes  int64 // of all elements, or of those in a record
}

// most dimensions of a variable.
const mostDims = 64

// Open reads the header. That all elements are there is checked: a file that was cut short is ErrCorrupt.
func Open(ctx context.Context, src Source) (*File, error) {
	r := &reader{ctx: ctx, src: src, first: 8 << 10}
	if a, ok := src.(Ahead); ok {
		r.first = max(r.first, int64(a.Ahead()))
	}
	f := &File{}
	if err := f.header(r); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) header(r *reader) error {
	if r.src.Size() < 4 {
		return ErrNotNetCDF3
	}
	magic := r.bytes(4)
	if r.err != nil {
		return r.err
	}
	if f.Version = int(magic[3]); string(magic[:3]) != "CDF" || f.Version != 1 && f.Version != 2 && f.Version != 5 {
		return ErrNotNetCDF3
	}
	r.wide = f.Version == 5
	r.offsets = f.Version > 1
	records, streaming := r.records()
	for range r.list(listOfDimensions, 8) {
		d := Dimension{Name: r.name(), Len: r.count()}
		if r.err != nil {
			return r.err
		}
		d.Unlimited = d.Len == 0
		f.Dimensions = append(f.Dimensions, d)
	}
	f.Attributes = r.attributes()
	for range r.list(listOfVariables, 28) {
		v := f.variable(r)
		if r.err != nil {
			return r.err
		}
		f.Variables = append(f.Variables, v)
	}
	if r.err != nil {
		return r.err
	}
	return f.place(r, records, streaming)
}

func (f *File) variable(r *reader) Variable {
	v := Variable{Name: r.name()}
	rank := r.count()
	if rank > mostDims {
		r.fail("the variable %.100q has %d dimensions, and at most %d are known", v.Name, rank, mostDims)
	}
	v.Bytes = 1
	for i := range rank {
		n := r.count()
		if r.err == nil && n >= len(f.Dimensions) {
			r.fail("the variable %.100q has dimension %d of %d", v.Name, n, len(f.Dimensions))
		}
		if r.err != nil {
			return v
		}
		d := f.Dimensions[n]
		switch {
		case d.Unlimited && i > 0:
			r.fail("the unlimited dimension is not the first of the variable %.100q", v.Name)
		case d.Unlimited:
			v.Record = true
		case v.Bytes > math.MaxInt64/64/int64(d.Len):
			r.fail("the variable %.100q has too many elements", v.Name)
		default:
			v.Bytes *= int64(d.Len)
		}
		if r.err != nil {
			return v
		}
		v.Dimensions = append(v.Dimensions, n)
		v.Shape = append(v.Shape, d.Len)
	}
	v.Attributes = r.attributes()
	v.Type = r.kind()
	r.number(r.wide)             // its size, which it has anyway, and which is wrong if it is large
	begin := r.number(r.offsets) // unsigned: what is too large is beyond the end
	if r.err != nil {
		return v
	}
	v.Bytes *= int64(v.Type.Size())
	if begin > math.MaxInt64/2 {
		r.fail("the variable %.100q begins at %d", v.Name, begin)
	}
	v.Begin = int64(begin)
	return v
}

// place finds out how records lie, and whether all elements are there.
func (f *File) place(r *reader, records uint64, streaming bool) error {
	unlimited := -1
	for i, d := range f.Dimensions {
		if d.Unlimited && unlimited >= 0 {
			r.fail("two dimensions are unlimited")
		} else if d.Unlimited {
			unlimited = i
		}
	}
	if unlimited < 0 {
		records, streaming = 0, false
	}
	var of []*Variable // the record variables
	for i := range f.Variables {
		if v := &f.Variables[i]; v.Record {
			of = append(of, v)
		}
	}
	for _, v := range of {
		n := v.Bytes
		if len(of) > 1 { // "exactly one record variable": no filling
			n = (n + 3) &^ 3
		}
		if f.RecordSize > math.MaxInt64/2-n {
			r.fail("records are too large")
			break
		}
		f.RecordSize += n
	}
	if r.err != nil {
		return r.err
	}
	size := r.src.Size()
	if streaming {
		records = f.streamed(of, size)
	}
	if records > math.MaxInt64/8 {
		return fmt.Errorf("%w: it has %d records", ErrCorrupt, records)
	}
	f.Records = int(records)
	if unlimited >= 0 {
		f.Dimensions[unlimited].Len = f.Records
	}
	for i := range f.Variables {
		v := &f.Variables[i]
		end, rest := v.Begin, size-v.Begin-v.Bytes
		switch {
		case !v.Record:
			end += v.Bytes
		case f.Records == 0:
			end = 0
		case rest < 0 || f.RecordSize > 0 && int64(f.Records-1) > rest/f.RecordSize:
			end = math.MaxInt64
		}
		if v.Record {
			v.Shape[0] = f.Records
		}
		if end > size {
			return fmt.Errorf("%w: it has %d bytes, and the variable %.100q ends behind them: it was cut short", ErrCorrupt, size, v.Name)
		}
	}
	return nil
}

// streamed counts the records of a file whose header leaves that open: those that are there whole.
func (f *File) streamed(of []*Variable, size int64) uint64 {
	records := uint64(math.MaxUint64)
	for _, v := range of {
		n := uint64(0)
		if rest := size - v.Begin - v.Bytes; rest >= 0 && f.RecordSize > 0 {
			n = uint64(rest/f.RecordSize) + 1
		}
		records = min(records, n)
	}
	if len(of) == 0 {
		return 0
	}
	return records
}
