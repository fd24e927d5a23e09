package codec

import (
	"encoding/json"

	"github.com/dosna/dosna/dtype"
)

// asType is the filter "numcodecs.astype" (numcodecs documentation, "AsType"):
// elements are stored as those of another type that are nearest, integers as the
// whole part. A number that the stored type cannot hold is an error, where
// numcodecs stores another one; and integers that floats round beyond their type
// come back as the nearest that it has.
type asType struct {
	shape    []int
	from, to number
}

func bindAsType(s Spec, in Chunk) (filter, error) {
	var from, to json.RawMessage
	if err := s.config(required("encode_dtype", &to), optional("decode_dtype", &from)); err != nil {
		return nil, err
	}
	a := &asType{shape: in.Shape}
	var err error
	if a.from, err = s.viewed("decode_dtype", from, in); err != nil {
		return nil, err
	}
	a.to, err = s.elements("encode_dtype", to, in.Type)
	return a, err
}

func (a *asType) out() ([]int, dtype.Type) { return a.shape, a.to.t }
func (a *asType) elementwise() bool        { return true }
func (a *asType) total() bool              { return a.from.float() || a.from.t == dtype.Bool }

func (a *asType) encode(dst, src []byte) error { return convert(dst, a.to, src, a.from) }

func (a *asType) decode(dst, src []byte) error {
	return batches(dst, a.from, src, a.to, func(b *numbers, dst []byte) error { return a.from.restore(dst, b, a.to) })
}
