package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Words is Text of elements that word writes, each by itself: of texts, whose bytes
// are not those of the view.
func (o *TextOptions) Words(shape []int, v nd.View, word func(elem []byte) string) string {
	return o.text(shape, v, func(nd.View) func(elem []byte) string { return word })
}

// Quote writes a text as Python does.
func Quote(s string) string {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// QuoteBytes writes bytes as Python does.
func QuoteBytes(data []byte) string {
	quote := byte('\'')
	if strings.ContainsRune(string(data), '\'') && !strings.ContainsRune(string(data), '"') {
		quote = '"'
	}
	b := []byte{'b', quote}
	for _, c := range data {
		switch {
		case c == quote || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, `\x%02x`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, quote))
}

// rawText writes bytes without meaning as NumPy does.
func rawText(data []byte) string {
	var b strings.Builder
	b.WriteString("b'")
	for _, c := range data {
		fmt.Fprintf(&b, `\x%02X`, c)
	}
	return b.String() + "'"
}

// wordText writes an element that is not a number.
func wordText(elem []byte, t dtype.Type) string {
	switch x := t.Value(elem).(type) {
	case string:
		if t.Kind() == dtype.FixedText || t.Kind() == dtype.Text {
			return Quote(x)
		}
	case []byte:
		if t.Kind() == dtype.Raw {
			return rawText(x)
		}
		return QuoteBytes(x)
	}
	return t.Format(elem)
}

// structFormat returns what formats structs whose fields are in columns.
func (o TextOptions) structFormat(v nd.View, t dtype.Type) func(elem []byte) string {
	fields := t.Fields()
	formats := make([]func([]byte) string, len(fields))
	for i, f := range fields {
		part := v
		part.Off, part.Item = v.Off+f.Offset, f.Type.Size()
		formats[i] = o.formatter(part, f.Type)
	}
	return func(elem []byte) string {
		words := make([]string, len(fields))
		for i, f := range fields {
			words[i] = formats[i](elem[f.Offset : f.Offset+f.Type.Size()])
		}
		return inParens(words)
	}
}

// structText formats an array without axes.
func structText(elem []byte, t dtype.Type) string {
	fields := t.Fields()
	words := make([]string, len(fields))
	for i, f := range fields {
		part := elem[f.Offset : f.Offset+f.Type.Size()]
		switch f.Type.Kind() {
		case dtype.FixedText, dtype.FixedBytes:
			words[i] = wordText(part, f.Type)
		default:
			words[i] = scalarText(nd.NewView(part, nil, f.Type.Size()), f.Type)
		}
	}
	return inParens(words)
}

func inParens(words []string) string {
	if len(words) == 1 {
		return "(" + words[0] + ",)"
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// timeText writes a time in quotes, and a duration as its count of units.
func timeText(elem []byte, t dtype.Type) string {
	n, ok := t.Value(elem).(int64)
	if ok && t.Kind() == dtype.Timedelta && n != math.MinInt64 {
		return strconv.FormatInt(n, 10)
	}
	return "'" + t.Format(elem) + "'"
}
