package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// descr reads the data type of elements: a text, or a list of a struct's fields.
func (p *pyParser) descr() (dtype.Descr, error) {
	raw := p.descrJSON(0)
	if p.err != nil {
		return dtype.Descr{}, p.err
	}
	return parseDescr(raw)
}

// maxDescrDepth bounds structs in structs; package dtype has a narrower bound.
const maxDescrDepth = 64

// descrJSON returns the data type as JSON, as dtype.ParseDescr reads it.
func (p *pyParser) descrJSON(depth int) []byte {
	if p.skip(); !strings.HasPrefix(p.text, "[") {
		return p.quotedJSON()
	}
	if depth > maxDescrDepth {
		p.fail("more than %d structs inside each other", maxDescrDepth)
		return nil
	}
	p.want("[")
	out := []byte{'['}
	for p.err == nil && !p.accept("]") {
		if len(out) > 1 {
			out = append(out, ',')
		}
		p.want("(")
		if p.skip(); strings.HasPrefix(p.text, "(") { // a title and a name
			p.want("(")
			p.quoted()
			p.want(",")
			out = append(append(out, '['), p.quotedJSON()...)
			p.accept(",")
			p.want(")")
		} else {
			out = append(append(out, '['), p.quotedJSON()...)
		}
		p.want(",")
		out = append(append(out, ','), p.descrJSON(depth+1)...)
		if p.accept(",") && !strings.HasPrefix(strings.TrimLeft(p.text, " "), ")") {
			shape, err := json.Marshal(p.tuple())
			if err != nil {
				p.fail("%v", err)
			}
			out = append(append(out, ','), shape...)
			p.accept(",")
		}
		p.want(")")
		out = append(out, ']')
		if !p.accept(",") {
			p.want("]")
			break
		}
	}
	return append(out, ']')
}

func (p *pyParser) quotedJSON() []byte {
	raw, err := json.Marshal(p.quoted())
	if err != nil {
		p.fail("%v", err)
	}
	return raw
}

// parseDescr reads NumPy's description of a type, with its byte orders.
func parseDescr(raw []byte) (dtype.Descr, error) {
	var code string
	simple := json.Unmarshal(raw, &code) == nil
	if simple && strings.HasPrefix(code, "=") { // this machine's
		prefix := "<"
		if dtype.Native == dtype.Big {
			prefix = ">"
		}
		raw = strconv.AppendQuote(nil, prefix+code[1:])
	}
	d, err := dtype.ParseDescr(raw)
	if err == nil {
		return d, nil
	}
	kind := strings.TrimLeft(code, "<>|=")
	switch {
	case !simple:
		return d, fmt.Errorf("the elements are structs %s, which cannot be imported: %w", clip(string(raw)), err)
	case strings.HasPrefix(kind, "O"):
		err = errors.New("objects of Python, which cannot be imported: they would have to be unpickled, which runs any code that the file says; save texts as a.astype('U')")
	case strings.HasPrefix(kind, "f"), strings.HasPrefix(kind, "c"), strings.HasPrefix(kind, "g"), strings.HasPrefix(kind, "G"):
		err = errors.New("an extended precision that only some machines have; save a.astype('float64') or a.astype('complex128') instead")
	}
	return d, fmt.Errorf("the elements have the data type %q: %w", clip(code), err)
}

// pyDescr writes a type as the header of a .npy file has it.
func pyDescr(t dtype.Type, o dtype.Order) (string, error) {
	if t.Kind() != dtype.Struct {
		code := t.NumPy(o)
		switch {
		case t.Variable():
			return "", fmt.Errorf("elements of %s have no fixed size, and NumPy's format would have to pickle them; write JSON", t)
		case code != "":
			return "'" + code + "'", nil
		case t.Kind() == dtype.Int || t.Kind() == dtype.Uint: // narrower than a byte, in one
			return map[dtype.Kind]string{dtype.Int: "'|i1'", dtype.Uint: "'|u1'"}[t.Kind()], nil
		}
		return "", fmt.Errorf("NumPy has no %s; make a dataset of float32 of it with dosna cast", t)
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, f := range t.Fields() {
		inner, err := pyDescr(f.Type, o)
		if err != nil {
			return "", fmt.Errorf("field %q: %w", f.Name, err)
		}
		if i > 0 {
			b.WriteString(", ")
		}
		name, err := pyName(f.Name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "(%s, %s)", name, inner)
	}
	b.WriteByte(']')
	return b.String(), nil
}

// pyName writes the name of a field as a text without escapes.
func pyName(name string) (string, error) {
	for _, quote := range []string{"'", `"`} {
		if !strings.Contains(name, quote) && !strings.ContainsAny(name, "\\\n\r") {
			return quote + name + quote, nil
		}
	}
	return "", fmt.Errorf("the name of the field %q is not one that a .npy file is written with", name)
}
