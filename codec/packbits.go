package codec

import (
	"math/bits"

	"github.com/dosna/dosna/dtype"
)

// packBools is the filter "numcodecs.packbits" (numcodecs documentation,
// "PackBits"): how many bits the last byte has too many, and the booleans in C
// order, eight to a byte, the first in the highest bit.
type packBools struct{ n int }

func bindNumcodecsPackBits(s Spec, in Chunk) (filter, error) {
	if in.Type != dtype.Bool {
		return nil, s.errorf("it works on booleans: elements of %s are none", in.Type)
	}
	return &packBools{count(in.Shape)}, s.config()
}

func (p *packBools) out() ([]int, dtype.Type) { return []int{1 + (p.n+7)/8}, dtype.Uint8 }
func (p *packBools) elementwise() bool        { return false }
func (p *packBools) total() bool              { return false }

func (p *packBools) encode(dst, src []byte) error {
	dst[0] = padding(p.n)
	clear(dst[1:])
	for i, b := range src {
		dst[1+i/8] |= min(b, 1) << (7 - i%8)
	}
	return nil
}

func (p *packBools) decode(dst, src []byte) error {
	if src[0] != padding(p.n) {
		return wrongPadding(src[0], padding(p.n))
	}
	for i := range dst {
		dst[i] = src[1+i/8] >> (7 - i%8) & 1
	}
	return nil
}

// padding returns how many bits are to be added to n for whole bytes.
func padding(n int) byte { return byte(-n & 7) }

func wrongPadding(have, want byte) error {
	return notMade("it says that %d bits were added for whole bytes, and there are %d", have, want)
}

// packBits is the codec "packbits" (zarr-extensions, codec of that name): of each
// number, or part of a complex one, the bits from first to last, one number behind
// the other, the lowest bit first.
type packBits struct {
	t      dtype.Type
	n      int // of numbers or parts
	first  int
	width  int // bits that are stored of each
	prefix int // bytes in front
	suffix int
}

func bindPackBits(s Spec, in Chunk) (filter, error) {
	p := &packBits{t: in.Type}
	where := "none"
	var first, last *int
	err := s.config(optional("padding_encoding", &where), optional("first_bit", &first), optional("last_bit", &last))
	if err != nil {
		return nil, err
	}
	total := in.Type.Bits()
	if total == 0 {
		return nil, s.errorf("it works on numbers: elements of %s are none", in.Type)
	}
	switch where {
	case "none":
	case "first_byte":
		p.prefix = 1
	case "last_byte":
		p.suffix = 1
	default:
		return nil, s.errorf(`configuration: "padding_encoding": %q is not none, first_byte or last_byte`, where)
	}
	end := total - 1
	if first != nil {
		p.first = *first
	}
	if last != nil {
		end = *last
	}
	if p.first < 0 || end < p.first || end >= total {
		return nil, s.errorf(`configuration: "first_bit" and "last_bit": %d to %d are none of the bits 0 to %d of %s`, p.first, end, total-1, in.Type)
	}
	p.width = end - p.first + 1
	p.n = count(in.Shape) * (in.Type.Size() / in.Type.Unit()) // which fits: it is the chunk's bytes, or fewer
	return p, nil
}

// bytes returns how many bytes the bits take. It is computed so that it does not
// overflow for any chunk: a number has no more bits than its bytes.
func (p *packBits) bytes() int { return p.n/8*p.width + (p.n%8*p.width+7)/8 }

func (p *packBits) out() ([]int, dtype.Type) {
	return []int{p.prefix + p.bytes() + p.suffix}, dtype.Uint8
}

func (p *packBits) elementwise() bool { return false }
func (p *packBits) total() bool       { return p.prefix+p.suffix == 0 }

func (p *packBits) pad() byte { return padding(p.n % 8 * p.width) }

func (p *packBits) encode(dst, src []byte) error {
	if p.prefix > 0 {
		dst[0] = p.pad()
	}
	if p.suffix > 0 {
		dst[len(dst)-1] = p.pad()
	}
	out := dst[p.prefix : len(dst)-p.suffix]
	clear(out)
	unit := p.t.Unit()
	at := 0 // the bit
	for ; len(src) > 0; src = src[unit:] {
		x := nativeUint(src[:unit]) >> p.first
		for left := p.width; left > 0; {
			n := min(left, 8-at%8)
			out[at/8] |= byte(x) & (1<<n - 1) << (at % 8)
			x, at, left = x>>n, at+n, left-n
		}
	}
	return nil
}

func (p *packBits) decode(dst, src []byte) error {
	if p.prefix > 0 && src[0] != p.pad() {
		return wrongPadding(src[0], p.pad())
	}
	if p.suffix > 0 && src[len(src)-1] != p.pad() {
		return wrongPadding(src[len(src)-1], p.pad())
	}
	src = src[p.prefix:]
	unit := p.t.Unit()
	at := 0
	for ; len(dst) > 0; dst = dst[unit:] {
		var x uint64
		for have := 0; have < p.width; {
			n := min(p.width-have, 8-at%8)
			x |= uint64(src[at/8]>>(at%8)&(1<<n-1)) << have
			at, have = at+n, have+n
		}
		if p.t.Kind() == dtype.Int {
			x = uint64(int64(x<<(64-p.width)) >> (64 - p.width))
		}
		putNativeUint(dst[:unit], x<<p.first)
	}
	return nil
}

// nativeUint reads 1, 2, 4 or 8 bytes.
func nativeUint(b []byte) uint64 {
	var x uint64
	for i := range b {
		if dtype.Native == dtype.Little {
			x |= uint64(b[i]) << (8 * i)
		} else {
			x = x<<8 | uint64(b[i])
		}
	}
	return x
}

func putNativeUint(b []byte, x uint64) {
	if dtype.Native == dtype.Big {
		x = bits.ReverseBytes64(x << (64 - 8*len(b)))
	}
	for i := range b {
		b[i] = byte(x >> (8 * i))
	}
}
