package originalstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Most values in another, of a literal.
const mostNested = 100

// Literal reads a value in Python's notation, as repr writes it, and returns what
// encoding/json makes of a document with the same content: a map[string]any, a []any,
// a string, a [json.Number], a bool or nil.
//
// What JSON has not becomes what is nearest: a tuple a list, bytes a string (each byte
// a character), infinities and NaN the strings "Infinity", "-Infinity" and "NaN", a complex
// number a list of two, a key that is no string its notation. Of NumPy's scalars, such as
// np.float32(0.5), the value counts.
//
// The notation is that of The Python Language Reference, sections 2.4 and 6.2.
func Literal(text string) (any, error) {
	p := parser{text: text}
	v, err := p.value(0)
	if err == nil {
		if p.space(); p.at < len(text) {
			err = errors.New("something follows the value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("a value in Python's notation: byte %d of %.200q: %w", p.at, text, err)
	}
	return v, nil
}

type parser struct {
	text string
	at   int
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n\f", p.text[p.at]) >= 0 {
		p.at++
	}
}

// peek is the next byte that is no space; 0 at the end.
func (p *parser) peek() byte {
	if p.space(); p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// take skips a byte if it comes next.
func (p *parser) take(c byte) bool {
	if p.peek() != c || c == 0 {
		return false
	}
	p.at++
	return true
}

func (p *parser) value(depth int) (any, error) {
	if depth > mostNested {
		return nil, fmt.Errorf("more than %d values in another", mostNested)
	}
	switch c := p.peek(); {
	case c == 0:
		return nil, errors.New("a value is missing")
	case c == '{':
		return p.braces(depth)
	case c == '[':
		p.at++
		list, _, err := p.list(']', depth)
		return list, err
	case c == '(':
		p.at++
		list, comma, err := p.list(')', depth)
		if err == nil && len(list) == 1 && !comma {
			return list[0], nil
		}
		return list, err
	case c == '+' || c == '-' || c == '.' || c >= '0' && c <= '9',
		strings.HasPrefix(p.text[p.at:], "nan"), strings.HasPrefix(p.text[p.at:], "inf"):
		return p.number()
	}
	if quoted := p.quote(); quoted {
		return p.texts()
	}
	return p.name(depth)
}

// list reads values up to the closing bracket, and tells whether the last was
// followed by a comma.
func (p *parser) list(closing byte, depth int) (list []any, comma bool, err error) {
	list = []any{}
	for !p.take(closing) {
		if len(list) > 0 && !comma {
			return nil, false, errors.New("a comma is missing")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		list, comma = append(list, v), p.take(',')
	}
	return list, comma, nil
}

// braces reads a dictionary, or a set, which becomes a list.
func (p *parser) braces(depth int) (any, error) {
	p.at++
	dict, set := map[string]any{}, []any{}
	for comma := true; !p.take('}'); comma = p.take(',') {
		if !comma {
			return nil, errors.New("a comma is missing")
		}
		p.space()
		begin := p.at
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		notation := p.text[begin:p.at]
		if !p.take(':') {
			set = append(set, key)
			continue
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			name = notation
		}
		if _, twice := dict[name]; twice {
			return nil, fmt.Errorf("the key %.100q stands twice", name)
		}
		dict[name] = v
	}
	if len(set) > 0 && len(dict) > 0 {
		return nil, errors.New("a value has no key")
	}
	if len(set) > 0 {
		return set, nil
	}
	return dict, nil
}

// number reads a real number, or the sum of one and an imaginary one.
func (p *parser) number() (any, error) {
	first, imaginary, err := p.part()
	if err != nil {
		return nil, err
	}
	if imaginary {
		return []any{json.Number("0.0"), first}, nil
	}
	if c := p.peek(); c != '+' && c != '-' {
		return first, nil
	}
	second, imaginary, err := p.part()
	if err == nil && !imaginary {
		err = errors.New("a sum that is no complex number")
	}
	return []any{first, second}, err
}

// part reads a signed number, and tells whether a j follows it.
func (p *parser) part() (v any, imaginary bool, err error) {
	sign := ""
	if p.take('-') {
		sign = "-"
	} else {
		p.take('+')
	}
	p.space()
	begin := p.at
	for p.at < len(p.text) && isWord(p.text[p.at], p.text[begin:p.at]) {
		p.at++
	}
	word := strings.ToLower(strings.ReplaceAll(p.text[begin:p.at], "_", ""))
	if word, imaginary = strings.CutSuffix(word, "j"); word == "inf" || word == "nan" {
		return map[string]string{"inf": sign + "Infinity", "nan": "NaN"}[word], imaginary, nil
	}
	v, err = number(sign, strings.TrimSuffix(word, "l")) // Python 2's long numbers end in L
	return v, imaginary, err
}

// isWord tells whether c goes on a number of which before has been read.
func isWord(c byte, before string) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '_':
		return true
	case c == '+' || c == '-':
		hex := len(before) > 1 && (before[1] == 'x' || before[1] == 'X')
		return before != "" && !hex && (before[len(before)-1] == 'e' || before[len(before)-1] == 'E')
	}
	return false
}

// number turns Python's notation of a number, in lower case, into JSON's.
func number(sign, word string) (any, error) {
	fault := fmt.Errorf("%.100q is no number", sign+word)
	for prefix, base := range map[string]int{"0x": 16, "0o": 8, "0b": 2} {
		if digits, ok := strings.CutPrefix(word, prefix); ok {
			n, err := strconv.ParseUint(digits, base, 64)
			if err != nil {
				return nil, fault
			}
			return json.Number(sign + strconv.FormatUint(n, 10)), nil
		}
	}
	if word != "" && strings.Trim(word, "0123456789") == "" {
		if word = strings.TrimLeft(word, "0"); word == "" {
			word, sign = "0", ""
		}
		return json.Number(sign + word), nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if strings.Trim(word, "0123456789.e+-") != "" || err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, fault
	}
	if math.IsInf(f, 0) {
		return sign + "Infinity", nil // as Python reads it
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return json.Number(sign + text), nil
}

// name reads a name that means a value, or a call of NumPy's.
func (p *parser) name(depth int) (any, error) {
	begin := p.at
	for p.at < len(p.text) && (p.text[p.at] == '.' || isWord(p.text[p.at], "")) {
		p.at++
	}
	name := p.text[begin:p.at]
	if v, ok := map[string]any{"None": nil, "True": true, "False": false}[name]; ok {
		return v, nil
	}
	short := name[strings.LastIndexByte(name, '.')+1:]
	if name != "" && p.take('(') {
		list, _, err := p.list(')', depth)
		if err != nil {
			return nil, err
		}
		if len(list) == 1 && (strings.HasPrefix(name, "np.") || strings.HasPrefix(name, "numpy.")) {
			return list[0], nil
		}
	} else if short != name && (short == "nan" || short == "inf") {
		return map[string]string{"inf": "Infinity", "nan": "NaN"}[short], nil
	}
	p.at = begin
	return nil, errors.New("no value that is known")
}

// quote tells whether a string comes next.
func (p *parser) quote() bool {
	rest := p.text[p.at:]
	for n := range 3 {
		if n < len(rest) && (rest[n] == '\'' || rest[n] == '"') {
			return true
		}
		if n >= len(rest) || strings.IndexByte("bBuUrR", rest[n]) < 0 {
			return false
		}
	}
	return false
}

// texts reads strings that stand one after the other, which are one.
func (p *parser) texts() (any, error) {
	var all strings.Builder
	for p.peek() != 0 && p.quote() {
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		all.WriteString(s)
	}
	return all.String(), nil
}

func (p *parser) str() (string, error) {
	raw, bytes := false, false
	for p.text[p.at] != '\'' && p.text[p.at] != '"' {
		switch p.text[p.at] {
		case 'r', 'R':
			raw = true
		case 'b', 'B':
			bytes = true
		}
		p.at++
	}
	end := p.text[p.at : p.at+1]
	if triple := strings.Repeat(end, 3); strings.HasPrefix(p.text[p.at:], triple) {
		end = triple
	}
	p.at += len(end)
	var s strings.Builder
	for !strings.HasPrefix(p.text[p.at:], end) {
		if p.at >= len(p.text) {
			return "", errors.New("a string does not end")
		}
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		if r == utf8.RuneError && size == 1 {
			return "", errors.New("a string is not UTF-8")
		}
		p.at += size
		if r != '\\' {
			s.WriteRune(r)
			continue
		}
		if raw {
			s.WriteByte('\\')
			if p.at < len(p.text) && strings.IndexByte("'\"\\", p.text[p.at]) >= 0 {
				s.WriteByte(p.text[p.at])
				p.at++
			}
			continue
		}
		if err := p.escape(&s, bytes); err != nil {
			return "", err
		}
	}
	p.at += len(end)
	return s.String(), nil
}

// simple are the escapes of one character.
var simple = map[byte]rune{'\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escape reads what follows a backslash.
func (p *parser) escape(s *strings.Builder, bytes bool) error {
	if p.at >= len(p.text) {
		return errors.New("a string does not end")
	}
	c := p.text[p.at]
	p.at++
	if r, ok := simple[c]; ok {
		s.WriteRune(r)
		return nil
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	base := 16
	switch {
	case c == '\n':
		return nil
	case c >= '0' && c <= '7':
		p.at--
		base = 8
		for digits = 1; digits < 3 && p.at+digits < len(p.text) && p.text[p.at+digits] >= '0' && p.text[p.at+digits] <= '7'; {
			digits++
		}
	case digits == 0 || bytes && digits > 2:
		s.WriteByte('\\')
		p.at--
		return nil
	}
	if p.at+digits > len(p.text) {
		return errors.New("an escape is cut short")
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+digits], base, 32)
	if err != nil || n > utf8.MaxRune {
		return errors.New("an escape has wrong digits")
	}
	p.at += digits
	s.WriteRune(rune(n))
	return nil
}
