package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dosna/dosna/dtype"
)

const (
	npyMagic     = "\x93NUMPY"
	maxNPYHeader = 1 << 20
	maxDims      = 64 // as NumPy
)

// readNPYHeader reads up to the first element. See parseNPYHeader.
func readNPYHeader(r io.Reader) (Layout, *dtype.Descr, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != npyMagic {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return Layout{}, nil, err
		}
		return Layout{}, nil, errors.New(`not in NumPy's .npy format: it does not begin with "\x93NUMPY"`)
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
		return Layout{}, nil, fmt.Errorf("version %d.%d of the .npy format is not known", version, start[7])
	}
	if err == nil && size > maxNPYHeader {
		return Layout{}, nil, fmt.Errorf("the .npy header claims %d bytes; %d are allowed", size, maxNPYHeader)
	}
	header := make([]byte, size)
	if err == nil {
		_, err = io.ReadFull(r, header)
	}
	if err != nil {
		return Layout{}, nil, fmt.Errorf("the .npy header is cut short: %w", err)
	}
	text := string(header)
	if start[6] < 3 { // Latin-1
		runes := make([]rune, len(header))
		for i, b := range header {
			runes[i] = rune(b)
		}
		text = string(runes)
	}
	l, mixed, err := parseNPYHeader(text)
	if err != nil {
		return Layout{}, nil, fmt.Errorf(".npy header: %w", err)
	}
	return l, mixed, nil
}

// formatNPYHeader returns what precedes the elements: version 1.0, or 3.0 if names of
// fields need it, or the header is long.
func formatNPYHeader(l Layout) ([]byte, error) {
	descr, err := pyDescr(l.Type, l.Order)
	if err != nil {
		return nil, err
	}
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
	dict := fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s), }", descr, fortran, strings.TrimSuffix(shape, " "))
	version, fixed := byte(1), len(npyMagic)+4
	if len(dict) > 1<<16-128 || strings.ContainsFunc(dict, func(r rune) bool { return r > unicode.MaxASCII }) {
		version, fixed = 3, fixed+2
	}
	pad := (64 - (fixed+len(dict)+1)%64) % 64
	dict += strings.Repeat(" ", pad) + "\n"
	head := append([]byte(npyMagic), version, 0)
	if version == 1 {
		head = binary.LittleEndian.AppendUint16(head, uint16(len(dict)))
	} else {
		head = binary.LittleEndian.AppendUint32(head, uint32(len(dict)))
	}
	return append(head, dict...), nil
}

func writeNPYHeader(w io.Writer, l Layout) error {
	head, err := formatNPYHeader(l)
	if err == nil {
		_, err = w.Write(head)
	}
	return err
}

// parseNPYHeader reads the Python dictionary. Where fields of a struct are of different
// byte orders, the second value has them.
func parseNPYHeader(text string) (Layout, *dtype.Descr, error) {
	if !utf8.ValidString(text) {
		return Layout{}, nil, errors.New("not valid text")
	}
	p := pyParser{text: text}
	var l Layout
	var mixed *dtype.Descr
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
			var d dtype.Descr
			if d, err = p.descr(); err == nil {
				var uniform bool
				l.Type = d.Type
				if l.Order, uniform = d.Order(); !uniform {
					mixed = &d
				}
			}
		case "fortran_order":
			l.Fortran = p.bool()
		case "shape":
			l.Shape = p.tuple()
		default:
			p.fail("unknown key %q", key)
		}
		if p.err == nil && err != nil {
			return Layout{}, nil, err
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
		return Layout{}, nil, p.err
	}
	if _, err := l.bytes(); err != nil {
		return Layout{}, nil, err
	}
	return l, mixed, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
