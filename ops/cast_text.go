package ops

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dosna/dosna/dtype"
)

// fromText and toText convert single elements: texts are as they are in memory of Go.
type (
	toText   func(elem []byte) (string, error)
	fromText func(text string) ([]byte, error)
)

// texter returns the conversion of elements to texts, as astype(str) of NumPy 2.4
// makes them. Bytes have to be UTF-8, of which NumPy takes ASCII only.
func texter(t dtype.Type) (toText, error) {
	switch t.Kind() {
	case dtype.Boolean:
		return func(elem []byte) (string, error) {
			if elem[0] != 0 {
				return "True", nil
			}
			return "False", nil
		}, nil
	case dtype.Int, dtype.Uint, dtype.Datetime:
		return func(elem []byte) (string, error) { return t.Format(elem), nil }, nil
	case dtype.Timedelta:
		return func(elem []byte) (string, error) {
			n := int64(binary.NativeEndian.Uint64(elem))
			if n == math.MinInt64 {
				return "NaT", nil
			}
			return strconv.FormatInt(n, 10), nil
		}, nil
	case dtype.Float:
		return floatTexter(t), nil
	case dtype.Text:
		return func(elem []byte) (string, error) { return string(elem), nil }, nil
	case dtype.ByteString, dtype.FixedBytes, dtype.FixedText:
		return func(elem []byte) (string, error) {
			var text string
			switch v := t.Value(elem).(type) {
			case string:
				text = v
			case []byte:
				text = string(v)
			}
			if !utf8.ValidString(text) {
				return "", fmt.Errorf("%.60q is not UTF-8", text)
			}
			return text, nil
		}, nil
	}
	return nil, fmt.Errorf("convert data type %q to text: numbers, times, texts and bytes can be", t)
}

// floatTexter writes the fewest digits that tell a number from others of its type.
func floatTexter(t dtype.Type) toText {
	value := t.Number()
	large := 1e16
	switch t.Size() { // from where NumPy writes exponents
	case 4:
		large = 1e6
	case 1, 2:
		large = 1e3
	}
	return func(elem []byte) (string, error) {
		f := value(elem)
		text := t.Format(elem)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return text, nil
		}
		short, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return "", err
		}
		if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= large) {
			return strconv.FormatFloat(short, 'e', -1, 64), nil
		}
		text = strconv.FormatFloat(short, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text, nil
	}
}

// parser returns the conversion of texts to elements, as astype of NumPy reads them:
// white space around numbers and underscores between digits do not count. But what is
// out of range, or too long, is an error here, and of bool only true, false, 1 and 0
// are read, where NumPy takes every text for true that is not empty.
func parser(t dtype.Type, o CastOptions) (fromText, error) {
	switch t.Kind() {
	case dtype.Boolean, dtype.Datetime:
		return t.ParseScalar, nil
	case dtype.Timedelta:
		return func(text string) ([]byte, error) {
			if s, err := plainNumber(text, false); err == nil {
				return t.ParseScalar("@" + s) // a count
			}
			return t.ParseScalar(text)
		}, nil
	case dtype.Int, dtype.Uint, dtype.Float:
		return func(text string) ([]byte, error) {
			s, err := plainNumber(text, t.Kind() == dtype.Float)
			if err != nil {
				return nil, fmt.Errorf("%.60q is no %s: %w", text, t, err)
			}
			return t.ParseScalar(s)
		}, nil
	case dtype.Text, dtype.ByteString:
		return func(text string) ([]byte, error) { return []byte(text), nil }, nil
	case dtype.FixedText, dtype.FixedBytes:
		return func(text string) ([]byte, error) {
			if o.Truncate {
				text = cut(text, t)
			}
			elem, err := t.Encode(text)
			if err != nil {
				err = fmt.Errorf("%.60q: %w", text, err)
			}
			return elem, err
		}, nil
	}
	return nil, fmt.Errorf("convert text to data type %q: numbers, times, texts and bytes can be made of it", t)
}

// cut returns the beginning of a text that an element holds.
func cut(text string, t dtype.Type) string {
	if t.Kind() == dtype.FixedBytes {
		n := min(len(text), t.Size())
		for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
			n-- // half a character is no text
		}
		return text[:n]
	}
	n := 0
	for i := range text {
		if n == t.Size()/4 {
			return text[:i]
		}
		n++
	}
	return text
}

// plainNumber returns the text of a number as Go reads it: without underscores, which
// may be between digits, the sign + and space around it.
func plainNumber(text string, float bool) (string, error) {
	s := strings.TrimSpace(text)
	var plain strings.Builder
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case digit(i):
			digits++
		case c == '_' && digit(i-1) && digit(i+1):
			continue
		case c == '+' && i == 0:
			continue
		case c == '-' && i == 0:
		case float && (c == '.' || c == '+' || c == '-'), float && (c == 'e' || c == 'E') && digits > 0:
		case float && digits == 0 && strings.ContainsRune("infatyINFATY", rune(c)): // inf, infinity, nan
		default:
			return "", errors.New("not a number")
		}
		plain.WriteByte(s[i])
	}
	if plain.Len() == 0 {
		return "", errors.New("not a number")
	}
	switch strings.ToLower(strings.TrimLeft(plain.String(), "-")) {
	case "t", "f", "true", "false":
		return "", errors.New("not a number")
	}
	return plain.String(), nil
}
