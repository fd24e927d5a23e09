package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dosna/dosna/dtype"
)

const (
	npyMagic     = "\x93NUMPY"
	maxNPYHeader = 1 << 20
	maxDims      = 64 // as NumPy
)

// readNPYHeader reads up to the first element.
func readNPYHeader(r io.Reader) (Layout, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != npyMagic {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return Layout{}, err
		}
		return Layout{}, errors.New(`not in NumPy's .npy format: it does not begin with "\x93NUMPY"`)
	}
	var size uint32
	var err error
	switch version := start[6]; version {
	case 1:
		var n uint16
		err = binary.Read(r, binary.LittleEndian, &n)
		size = uint32(n)
	case 2, 3:
		err = binary.Read(r, binary.LittleEndian, &size)
	default:
		return Layout{}, fmt.Errorf("version %d.%d of the .npy format is not known", version, start[7])
	}
	if err == nil && size > maxNPYHeader {
		return Layout{}, fmt.Errorf("the .npy header claims %d bytes; %d are allowed", size, maxNPYHeader)
	}
	header := make([]byte, size)
	if err == nil {
		_, err = io.ReadFull(r, header)
	}
	if err != nil {
		return Layout{}, fmt.Errorf("the .npy header is cut short: %w", err)
	}
	l, err := parseNPYHeader(string(header))
	if err != nil {
		return Layout{}, fmt.Errorf(".npy header: %w", err)
	}
	return l, nil
}

// formatNPYHeader returns what precedes the elements, version 1.0.
func formatNPYHeader(l Layout) []byte {
	shape := "("
	for _, n := range l.Shape {
		shape += strconv.Itoa(n) + ", "
	}
	if len(l.Shape) > 1 {
		shape = strings.TrimSuffix(shape, ", ")
	}
	fortran := "False"
	if l.Fortran {
		fortran = "True"
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s), }", l.Type.NumPy(l.Order), fortran, strings.TrimSuffix(shape, " "))
	const fixed = len(npyMagic) + 4
	pad := (64 - (fixed+len(dict)+1)%64) % 64
	dict += strings.Repeat(" ", pad) + "\n"
	head := append([]byte(npyMagic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(dict)))
	return append(head, dict...)
}

// parseNPYHeader reads the Python dictionary.
func parseNPYHeader(text string) (Layout, error) {
	if !utf8.ValidString(text) {
		return Layout{}, errors.New("not valid text")
	}
	p := pyParser{text: text}
	var l Layout
	var err error
	seen := map[string]bool{}
	p.want("{")
	for p.err == nil && !p.accept("}") {
		key := p.quoted()
		if seen[key] && p.err == nil {
			p.fail("the key %q occurs twice", key)
		}
		seen[key] = true
		p.want(":")
		switch key {
		case "descr":
			l.Type, l.Order, err = p.descr()
		case "fortran_order":
			l.Fortran = p.bool()
		case "shape":
			l.Shape = p.tuple()
		default:
			p.fail("unknown key %q", key)
		}
		if p.err == nil && err != nil {
			return Layout{}, err
		}
		if !p.accept(",") && p.err == nil {
			p.want("}")
			break
		}
	}
	if p.skip(); p.err == nil && p.text != "" {
		p.fail("something follows the dictionary")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] && p.err == nil {
			p.fail("the key %q is missing", key)
		}
	}
	if p.err != nil {
		return Layout{}, p.err
	}
	if _, err := l.bytes(); err != nil {
		return Layout{}, err
	}
	return l, nil
}

// descr reads the data type.
func (p *pyParser) descr() (dtype.Type, dtype.Order, error) {
	if p.skip(); strings.HasPrefix(p.text, "[") {
		return dtype.Type{}, 0, fmt.Errorf("the elements are records (structured data type %s), which cannot be imported; save each field as an array of its own", clip(p.text))
	}
	s := p.quoted()
	if p.err != nil {
		return dtype.Type{}, 0, p.err
	}
	return parseDescr(s)
}

// parseDescr reads NumPy's code of a type, with its byte order.
func parseDescr(s string) (dtype.Type, dtype.Order, error) {
	for _, o := range []dtype.Order{dtype.Little, dtype.Big} {
		for _, t := range dtype.All() {
			code := t.NumPy(o)
			if s == code || len(s) > 1 && t.Size() == 1 && s[1:] == code[1:] && strings.ContainsRune("<>=", rune(s[0])) {
				return t, o, nil
			}
			if s == "="+code[1:] {
				return t, dtype.Native, nil
			}
		}
	}
	kind := strings.TrimLeft(s, "<>|=")
	what := "which is not known here"
	if kind != "" {
		switch kind[0] {
		case 'O':
			what = "Python objects, which cannot be imported: they would have to be unpickled, which runs any code that the file says"
		case 'U', 'S', 'a':
			what = "strings, which cannot be imported"
		case 'V':
			what = "bytes without a meaning, which cannot be imported"
		case 'M', 'm':
			what = "dates or durations, which cannot be imported; save a.view('int64') instead"
		case 'f', 'c':
			what = "an extended precision that only some machines have; save a.astype('float64') or a.astype('complex128') instead"
		}
	}
	return dtype.Type{}, 0, fmt.Errorf("the elements have the data type %q: %s", clip(s), what)
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
