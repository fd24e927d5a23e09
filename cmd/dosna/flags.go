package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

// The types below are the values of flags. Each parses its text when the command
// line is read, so that mistakes are found before anything is done.

type engineFlag struct{ *engine.Engine }

func (f *engineFlag) Type() string { return "ENGINE" }
func (f *engineFlag) Set(s string) (err error) {
	f.Engine, err = engine.Parse(s)
	return err
}

func (f *engineFlag) String() string {
	if f.Engine == nil {
		return ""
	}
	return f.Name()
}

// shapeFlag is a list of lengths: "512,512,512"; "()" has none.
type shapeFlag struct{ shape []int }

func (f *shapeFlag) Type() string { return "SHAPE" }
func (f *shapeFlag) Set(s string) (err error) {
	f.shape, err = parseShape(s)
	return err
}

func (f *shapeFlag) String() string {
	if f.shape == nil {
		return ""
	}
	return tuple(f.shape)
}

func parseShape(s string) ([]int, error) {
	text := strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(text, "("); ok {
		text = strings.TrimSpace(strings.TrimSuffix(inner, ")"))
		if text == "" {
			return []int{}, nil
		}
	}
	shape := []int{}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ","), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a list of lengths, such as 512,512,512", s)
		}
		shape = append(shape, n)
	}
	return shape, nil
}

// typeFlag is an element type, as dtype.ParseType reads it: "float32", or NumPy's
// "<f4" and ">f4", which say the byte order too.
type typeFlag struct {
	t       dtype.Type
	order   dtype.Order
	ordered bool // the text says the order
}

func (f *typeFlag) Type() string { return "TYPE" }
func (f *typeFlag) Set(s string) (err error) {
	f.t, f.order, err = dtype.ParseType(s)
	f.ordered = f.t.Ordered() && strings.ContainsAny(s, "<>")
	return err
}

func (f *typeFlag) String() string { return f.t.String() }

func (f *typeFlag) flag(cmd *cobra.Command, usage string) {
	cmd.Flags().Var(f, "dtype", usage)
	names := append(dtype.Names(), "datetime64[ns]", "timedelta64[ns]", "U16", "S16", "'struct{x: float32, y: int16}'")
	_ = cmd.RegisterFlagCompletionFunc("dtype", words(names...))
}

// orderFlag is a byte order.
type orderFlag struct {
	order dtype.Order
	said  bool
}

func (f *orderFlag) Type() string { return "little|big" }
func (f *orderFlag) Set(s string) error {
	switch s {
	case "little":
		f.order = dtype.Little
	case "big":
		f.order = dtype.Big
	default:
		return fmt.Errorf("%q is neither little nor big", s)
	}
	f.said = true
	return nil
}

func (f *orderFlag) String() string {
	if !f.said {
		return ""
	}
	return f.order.String()
}

func (f *orderFlag) flag(cmd *cobra.Command, usage string) {
	cmd.Flags().Var(f, "order", usage)
	_ = cmd.RegisterFlagCompletionFunc("order", words("little", "big"))
}

// of is the byte order that the two flags give together, otherwise the other.
func (f *orderFlag) of(t typeFlag, otherwise dtype.Order) (dtype.Order, error) {
	switch {
	case f.said && t.ordered && f.order != t.order:
		return 0, usagef("--dtype says %s-endian, and --order %s", t.order, f.order)
	case f.said:
		return f.order, nil
	case t.ordered:
		return t.order, nil
	}
	return otherwise, nil
}

// codecFlag is a compressor and its settings.
type codecFlag struct{ text string }

func (f *codecFlag) Type() string   { return "CODEC" }
func (f *codecFlag) String() string { return f.text }
func (f *codecFlag) Set(s string) error {
	f.text = s
	return codec.CheckText(s)
}

// numbersFlag is a list of numbers: "2" or "2,2,1".
type numbersFlag struct {
	values []float64
	least  int // as many at least
	most   int // as many at most; 0: any
}

func (f *numbersFlag) Type() string {
	if f.most == 1 {
		return "NUMBER"
	}
	return "NUMBERS"
}

func (f *numbersFlag) String() string {
	words := make([]string, len(f.values))
	for i, x := range f.values {
		words[i] = strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strings.Join(words, ",")
}

func (f *numbersFlag) Set(s string) error {
	f.values = nil
	for part := range strings.SplitSeq(s, ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", part)
		}
		f.values = append(f.values, x)
	}
	if n := len(f.values); n < f.least || f.most > 0 && n > f.most {
		return fmt.Errorf("%d numbers, and %d are wanted", n, f.least)
	}
	return nil
}

// intFlag is an integer within bounds; without the flag it stays what it is.
type intFlag[T int | int64] struct {
	n           *T
	kind        string // in capitals, for the usage
	least, most T
}

func (f intFlag[T]) Type() string { return f.kind }
func (f intFlag[T]) String() string {
	if f.n == nil || *f.n == 0 {
		return ""
	}
	return fmt.Sprint(*f.n)
}

func (f intFlag[T]) Set(s string) error {
	text := strings.TrimSpace(s)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < int64(f.least) || n > int64(f.most) {
		return fmt.Errorf("%q is not an integer from %d to %d", text, f.least, f.most)
	}
	*f.n = T(n)
	return nil
}

// choiceFlag is one of some words.
type choiceFlag struct {
	value string
	of    []string
}

func (f *choiceFlag) Type() string   { return strings.Join(f.of, "|") }
func (f *choiceFlag) String() string { return f.value }
func (f *choiceFlag) Set(s string) error {
	if !slices.Contains(f.of, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(f.of, ", "))
	}
	f.value = s
	return nil
}

// attrsFlag gathers attributes, "name=JSON".
type attrsFlag struct{ attrs dosna.Attributes }

func (f *attrsFlag) Type() string   { return "NAME=JSON" }
func (f *attrsFlag) String() string { return "" }
func (f *attrsFlag) Set(s string) error {
	name, v, err := parseAttr(s)
	if err != nil {
		return err
	}
	if f.attrs == nil {
		f.attrs = dosna.Attributes{}
	}
	f.attrs[name] = v
	return nil
}

// parseAttr reads "name=JSON". A word that could not be meant as JSON is a text,
// so that it needs no quotes.
func parseAttr(s string) (name string, value any, err error) {
	name, text, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return "", nil, fmt.Errorf("%q is not NAME=JSON", s)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&value)
	if err == nil && d.More() {
		err = errors.New("something follows the value")
	}
	if err == nil {
		return name, value, nil
	}
	if text == "" || strings.ContainsAny(text[:1], `{["-.0123456789 `) {
		return "", nil, fmt.Errorf("%s: the value %q is not JSON (%w); a text is written %s='\"text\"'", name, text, err, name)
	}
	return name, text, nil
}

// selection reads a selection given as an argument.
func selection(text string) (nd.Selection, error) {
	sel, err := nd.ParseSelection(text)
	if err != nil {
		return sel, usageError{err}
	}
	return sel, nil
}
