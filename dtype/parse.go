package dtype

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// words are what NumPy calls types besides; NumPy's own names are Zarr's.
var words = map[string]Type{
	"half": Float16, "single": Float32, "float": Float64, "double": Float64, "int": Int64, "complex": Complex128, "str": String,
}

// Names returns the names that say all of a type: those of the core specification
// first, then others of the registry.
func Names() []string { return append(nameList(all), nameList(plain)...) }

// ParseType reads a type as people write it, and the byte order that the text says,
// Native if it says none: a name, such as "float32", "bfloat16" or "string"; what
// NumPy writes, "<f4", "M8[ns]", "U10", "datetime64[ns]"; "struct{x: f4, y: >i2}",
// whose fields cannot have different byte orders; or JSON, "{…}" in the form of Zarr
// metadata, "[…]" in that of NumPy's descr. What String returns is read as that
// type, unless String had to shorten it.
func ParseType(s string) (Type, Order, error) {
	s = strings.TrimSpace(s)
	w, err := parseWritten(s)
	if err != nil {
		return Type{}, Native, fmt.Errorf("data type %q: %w", clip([]byte(s)), err)
	}
	if !w.says {
		w.order = Native
	}
	return w.typ, w.order, nil
}

// written is what a text says.
type written struct {
	typ   Type
	order Order
	says  bool // the byte order
}

func parseWritten(s string) (written, error) {
	if len(s) > maxJSON {
		return written{}, fmt.Errorf("it has %d bytes, and at most %d are supported", len(s), maxJSON)
	}
	if inner, ok := strings.CutPrefix(s, "struct{"); ok {
		w, rest, err := parseBraces(inner, 0)
		if err == nil && rest != "" {
			err = fmt.Errorf("%q follows the struct", clip([]byte(rest)))
		}
		return w, err
	}
	switch {
	case strings.HasPrefix(s, "{"), strings.HasPrefix(s, `"`):
		t, err := ParseJSON([]byte(s))
		return written{typ: t}, err
	case strings.HasPrefix(s, "["):
		d, err := ParseDescr([]byte(s))
		order, uniform := d.Order()
		if err == nil && !uniform {
			err = errOrders
		}
		return written{d.Type, order, d.Type.anyOrdered()}, err
	}
	return parseWord(s)
}

var errOrders = errors.New("its fields are of different byte orders, and are stored in one")

func (t Type) anyOrdered() bool {
	for _, l := range t.leaves() {
		if l.Ordered() {
			return true
		}
	}
	return false
}

// parseWord reads a type that has no parts.
func parseWord(s string) (written, error) {
	if t, ok := named(s); ok {
		return written{typ: t}, nil
	}
	if t, ok := words[s]; ok {
		return written{typ: t}, nil
	}
	if s == "" {
		return written{}, errors.New("it is empty")
	}
	code := s
	for _, kind := range []string{"datetime64", "timedelta64"} {
		if suffix, ok := strings.CutPrefix(strings.TrimPrefix(s, "numpy."), kind); ok {
			code = map[string]string{"datetime64": "M8", "timedelta64": "m8"}[kind] + suffix
		}
	}
	w := written{}
	switch s[0] {
	case '<', '>':
		w.says, code = true, s[1:]
		if s[0] == '>' {
			w.order = Big
		}
	case '|', '=':
		code = s[1:]
	case 'r':
		if areDigits(s[1:]) {
			t, err := withConfig(s, nil, 0)
			return written{typ: t}, err
		}
	}
	var err error
	if w.typ, err = parseNumPy(code); err != nil {
		if near := suggest(s); near != "" {
			err = fmt.Errorf("%w; did you mean %s?", err, near)
		}
		return written{}, err
	}
	w.says = w.says && w.typ.Ordered()
	return w, nil
}

// parseBraces reads the fields of a struct, as describe writes them, and the brace
// behind them. What follows it is the rest.
func parseBraces(s string, depth int) (w written, rest string, err error) {
	if depth >= maxDepth {
		return w, "", fmt.Errorf("at most %d structs inside each other are supported", maxDepth)
	}
	var fields []Field
	for {
		var f Field
		if f.Name, s, err = cutName(s); err != nil {
			return w, "", err
		}
		var part written
		if inner, ok := strings.CutPrefix(s, "struct{"); ok {
			part, s, err = parseBraces(inner, depth+1)
			s = strings.TrimLeft(s, " ")
		} else {
			end := strings.IndexAny(s, ",}")
			if end < 0 {
				end = len(s)
			}
			part, err = parseWord(strings.TrimSpace(s[:end]))
			s = s[end:]
		}
		switch {
		case err != nil:
			return w, "", fmt.Errorf("field %q: %w", clip([]byte(f.Name)), err)
		case part.says && w.says && part.order != w.order:
			return w, "", errOrders
		case part.says:
			w.says, w.order = true, part.order
		}
		f.Type = part.typ
		if fields = append(fields, f); len(fields) > maxFields {
			return w, "", errFields
		}
		if s == "" || s[0] != ',' && s[0] != '}' {
			return w, "", fmt.Errorf(`behind the field %q there is neither "," nor "}"`, clip([]byte(f.Name)))
		}
		more := s[0] == ','
		if s = s[1:]; !more {
			break
		}
	}
	w.typ, err = NewStruct(fields...)
	return w, s, err
}

// cutName cuts the name of a field, in quotes if it has odd characters, and the
// colon behind it off what a struct has in its braces.
func cutName(s string) (name, rest string, err error) {
	s = strings.TrimLeft(s, " ")
	if quoted, err := strconv.QuotedPrefix(s); err == nil && quoted[0] == '"' {
		name, _ = strconv.Unquote(quoted) // which it is the prefix for
		rest = strings.TrimLeft(s[len(quoted):], " ")
	} else {
		i := strings.IndexAny(s, `:,{}"`)
		if i < 0 {
			i = len(s)
		}
		name, rest = strings.TrimRight(s[:i], " "), s[i:]
	}
	if name == "" || !strings.HasPrefix(rest, ":") {
		return "", "", fmt.Errorf("%q does not begin with the name of a field and a colon, as struct{x: float32, y: int16} does", clip([]byte(s)))
	}
	return name, strings.TrimLeft(rest[1:], " "), nil
}

// suggest returns the name of a type that somebody may have meant, or "".
func suggest(s string) string {
	s = strings.ToLower(strings.TrimLeft(s, "<>|="))
	if len(s) > 2 && areDigits(s[1:]) { // with bits, not bytes
		for _, t := range all {
			if prefix := strings.TrimRight(t.name, "0123456789"); t.size > 1 && prefix[0] == s[0] && t.name == prefix+s[1:] {
				return t.name
			}
		}
	}
	best, least := "", 3
	for _, name := range Names() {
		if d := distance(s, name, least); d < least && d < len(s)/2 {
			best, least = name, d
		}
	}
	return best
}

// distance returns how many letters have to be added, left out or changed to make
// b of a, or most if there are more.
func distance(a, b string, most int) int {
	if len(a) > len(b)+most || len(b) > len(a)+most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return min(row[len(b)], most)
}
