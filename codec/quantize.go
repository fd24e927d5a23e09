package codec

import (
	"encoding/json"
	"math"

	"github.com/dosna/dosna/dtype"
)

// quantize is the filter "numcodecs.quantize" (numcodecs documentation,
// "Quantize"): floats are rounded to a power of two that keeps so many decimal
// digits behind the point,
//
//	y = round(scale · x) / scale, scale = 2^⌈digits · log₂ 10⌉
//
// in their own precision, halves to the even integer, and may be stored in
// another. It loses what it rounds: back comes y.
type quantize struct {
	shape    []int
	from, to number
	scale    float64
}

// maxDigits is beyond what any float has.
const maxDigits = 300

func bindQuantize(s Spec, in Chunk) (filter, error) {
	var digits int
	var from, to json.RawMessage
	if err := s.config(required("digits", &digits), optional("dtype", &from), optional("astype", &to)); err != nil {
		return nil, err
	}
	q := &quantize{shape: in.Shape}
	var err error
	if q.from, err = s.viewed("dtype", from, in); err != nil {
		return nil, err
	}
	if q.to, err = s.elements("astype", to, q.from.t); err != nil {
		return nil, err
	}
	if !q.from.float() || !q.to.float() {
		return nil, s.errorf("it works on floats: elements of %s, stored as %s, are not", q.from.t, q.to.t)
	}
	if digits >= -maxDigits && digits <= maxDigits {
		q.scale = math.Ldexp(1, int(math.Ceil(float64(digits)*math.Log2(10))))
		q.scale = q.from.inPrecision(q.scale)
	}
	if q.scale == 0 || math.IsInf(q.scale, 0) {
		return nil, s.errorf(`configuration: "digits": %d are more than elements of %s have`, digits, q.from.t)
	}
	return q, nil
}

func (q *quantize) out() ([]int, dtype.Type) { return q.shape, q.to.t }
func (q *quantize) elementwise() bool        { return true }
func (q *quantize) total() bool              { return true }

func (q *quantize) encode(dst, src []byte) error {
	return batches(dst, q.to, src, q.from, func(b *numbers, dst []byte) error {
		for i := range b.floats[:b.n] {
			b.floats[i] *= q.scale
		}
		q.from.rounded(b)
		for i, x := range b.floats[:b.n] {
			b.floats[i] = math.RoundToEven(x) / q.scale
		}
		q.from.rounded(b)
		return q.to.store(dst, b, q.from)
	})
}

func (q *quantize) decode(dst, src []byte) error { return convert(dst, q.from, src, q.to) }
