package dtype

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSize is the largest element of a fixed size, so that one can be held
// wherever one is needed.
const maxSize = 1 << 24

// NewFixedText returns the type of texts of at most n code points:
// fixed_length_utf32, and NumPy's U.
func NewFixedText(n int) (Type, error) {
	return sized(Type{name: "fixed_length_utf32", kind: FixedText, unit: 4}, n, 4)
}

// NewFixedBytes returns the type of at most n bytes that do not end in NUL:
// null_terminated_bytes, and NumPy's S.
func NewFixedBytes(n int) (Type, error) {
	return sized(Type{name: "null_terminated_bytes", kind: FixedBytes, unit: 1}, n, 1)
}

// NewRaw returns the type of n bytes without meaning: raw_bytes and r8, r16 …,
// and NumPy's V.
func NewRaw(n int) (Type, error) {
	return sized(Type{name: "raw_bytes", kind: Raw, unit: 1}, n, 1)
}

func sized(t Type, n, each int) (Type, error) {
	if n < 1 || n > maxSize/each {
		return Type{}, fmt.Errorf("%s: elements of %d times %d bytes: 1 to %d bytes are supported", t.name, n, each, maxSize)
	}
	t.size = n * each
	return t, nil
}

// parseText reads what formatText writes; what is neither in quotes nor in
// hexadecimal digits is the text itself.
func (t Type) parseText(s string) ([]byte, error) {
	digits, isHex := strings.CutPrefix(s, "0x")
	if isHex && t.kind != Text {
		b, err := hex.DecodeString(digits)
		if err != nil {
			return nil, errors.New("the digits behind 0x are not those of whole bytes; in quotes it would be a text")
		}
		return t.fromHex(b)
	}
	if t.kind == Raw {
		return nil, fmt.Errorf("want all %d hexadecimal digits, 0x…", 2*t.size)
	}
	if strings.HasPrefix(s, `"`) {
		var err error
		if s, err = strconv.Unquote(s); err != nil {
			return nil, errors.New("the text in quotes does not end where it should, or has a wrong \\ in it")
		}
	}
	return t.fromText(s)
}

func (t Type) fromHex(b []byte) ([]byte, error) {
	if t.kind == FixedText { // code points, the highest byte first
		if len(b)%4 != 0 {
			return nil, errors.New("want 8 hexadecimal digits a code point")
		}
		points := make([]uint32, len(b)/4)
		for i := range points {
			points[i] = binary.BigEndian.Uint32(b[4*i:])
		}
		return t.fromPoints(points)
	}
	if t.kind == Raw && len(b) != t.size {
		return nil, fmt.Errorf("want all %d hexadecimal digits, 0x…", 2*t.size)
	}
	return t.fromBytes(b)
}

// fromText returns the element that is the text itself.
func (t Type) fromText(s string) ([]byte, error) {
	switch t.kind {
	case FixedText:
		if !utf8.ValidString(s) {
			return nil, errors.New("it is not UTF-8")
		}
		points := make([]uint32, 0, len(s))
		for _, r := range s {
			points = append(points, uint32(r))
		}
		return t.fromPoints(points)
	case Text:
		if !utf8.ValidString(s) {
			return nil, errors.New("it is not UTF-8")
		}
	}
	return t.fromBytes([]byte(s))
}

func (t Type) fromBytes(b []byte) ([]byte, error) {
	if t.Variable() {
		return b, nil
	}
	if len(b) > t.size {
		return nil, fmt.Errorf("it has %d bytes, and the type %d", len(b), t.size)
	}
	return append(b, make([]byte, t.size-len(b))...), nil
}

func (t Type) fromPoints(points []uint32) ([]byte, error) {
	if len(points) > t.size/4 {
		return nil, fmt.Errorf("it has %d code points, and the type %d", len(points), t.size/4)
	}
	elem := make([]byte, t.size)
	for i, p := range points {
		binary.NativeEndian.PutUint32(elem[4*i:], p)
	}
	return elem, nil
}

// points returns the code points of an element of the kind FixedText, without
// those of value 0 at the end.
func points(elem []byte) []uint32 {
	list := make([]uint32, len(elem)/4)
	n := 0
	for i := range list {
		list[i] = binary.NativeEndian.Uint32(elem[4*i:])
		if list[i] != 0 {
			n = i + 1
		}
	}
	return list[:n]
}

// text returns the text that an element is; false if it is not one, or its
// bytes are not UTF-8.
func (t Type) text(elem []byte) (string, bool) {
	switch t.kind {
	case FixedText:
		var b []byte
		for _, p := range points(elem[:t.size]) {
			if p > unicode.MaxRune || !utf8.ValidRune(rune(p)) {
				return "", false
			}
			b = utf8.AppendRune(b, rune(p))
		}
		return string(b), true
	case FixedBytes, ByteString, Text:
		b := t.content(elem)
		return string(b), utf8.Valid(b)
	}
	return "", false
}

// content returns the bytes of an element without padding.
func (t Type) content(elem []byte) []byte {
	if t.size > 0 {
		elem = elem[:t.size]
	}
	n := len(elem)
	for t.kind == FixedBytes && n > 0 && elem[n-1] == 0 {
		n--
	}
	return elem[:n]
}

// formatText writes a text as it is, in quotes where it would be mistaken for
// something else or for several; bytes that are no text in hexadecimal digits.
func (t Type) formatText(elem []byte) string {
	s, ok := t.text(elem)
	switch {
	case ok && needsQuotes(s), !ok && t.kind == Text:
		return strconv.Quote(s)
	case ok:
		return s
	case t.kind == FixedText:
		var b []byte
		for _, p := range points(elem[:t.size]) {
			b = binary.BigEndian.AppendUint32(b, p)
		}
		return "0x" + hex.EncodeToString(b)
	}
	return "0x" + hex.EncodeToString(t.content(elem))
}

// needsQuotes reports whether a text is empty or hard to see, would be read as
// something else, or would not be seen to end in a list.
func needsQuotes(s string) bool {
	if s == "" || strings.HasPrefix(s, "0x") || strings.TrimSpace(s) != s || strings.ContainsAny(s, ",[]{}\"") {
		return true
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return true
		}
	}
	return false
}
