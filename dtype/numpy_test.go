package dtype_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

var numpySeed = flag.Int("numpyseed", 1, "seed of the values compared with NumPy")

// numpyCase is a line of what testdata/numpy_cases.py prints.
type numpyCase struct {
	Kind               string
	Type, Text         string
	Descr              json.RawMessage
	Size               int
	Data, Native, Elem string
	Count              int64
	Bits               []uint64
	Values             []string
}

// TestNumPy compares types, times, structs and narrow floats with what NumPy and
// ml_dtypes make of them.
func TestNumPy(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("testdata", "numpy_cases.py"))
	if err != nil {
		t.Fatal(err)
	}
	out := testenv.RunPython(t, []string{"numpy", "tensorstore"}, string(script), strconv.Itoa(*numpySeed))
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, len(out)+1)
	n := map[string]int{}
	for lines.Scan() {
		var c numpyCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		n[c.Kind]++
		c.check(t)
	}
	for _, kind := range []string{"type", "datetime", "parse", "text", "decode", "encode"} {
		if n[kind] < 10 {
			t.Errorf("only %d cases of the kind %s", n[kind], kind)
		}
	}
}

func (c *numpyCase) check(t *testing.T) {
	t.Helper()
	if c.Kind == "type" {
		c.checkType(t)
		return
	}
	typ, _, err := dtype.ParseType(c.Type)
	if err != nil {
		t.Fatal(err)
	}
	switch c.Kind {
	case "datetime":
		elem := must(t)(typ.Encode(c.Count))
		if got := typ.Format(elem); got != c.Text {
			t.Errorf("%d of %s is %s, and for NumPy %s", c.Count, typ, got, c.Text)
		}
		if back := must(t)(typ.ParseScalar(c.Text)); !bytes.Equal(back, elem) {
			t.Errorf("%s of %s is % x, and was % x", c.Text, typ, back, elem)
		}
	case "parse":
		if got := typ.Value(must(t)(typ.ParseScalar(c.Text))); got != c.Count {
			t.Errorf("%s of %s is %v, and for NumPy %d", c.Text, typ, got, c.Count)
		}
	case "text":
		c.checkText(t, typ)
	case "decode":
		for i, bits := range c.Bits {
			elem := bitsOf(typ, bits)
			typ.Tidy(elem)
			want := number(t, c.Values[i])
			if got := typ.Number()(elem); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%#x of %s is %v, want %v", bits, typ, got, want)
			}
		}
	case "encode":
		for i, bits := range c.Bits {
			f := number(t, c.Values[i])
			if got := must(t)(typ.Encode(f)); !bytes.Equal(got, bitsOf(typ, bits)) {
				t.Errorf("%v is %#x in %s, want %#x", f, got, typ, bits)
			}
		}
	default:
		t.Fatalf("a case of the kind %q", c.Kind)
	}
}

func (c *numpyCase) checkType(t *testing.T) {
	t.Helper()
	d, err := dtype.ParseDescr(c.Descr)
	if err != nil {
		t.Fatal(err)
	}
	if d.Type.Size() != c.Size {
		t.Errorf("%s has %d bytes, and for NumPy %d", c.Descr, d.Type.Size(), c.Size)
	}
	data, want := unhex(t, c.Data), unhex(t, c.Native)
	d.Swap(data)
	if !bytes.Equal(data, want) {
		t.Errorf("%s: % x becomes % x, and for NumPy % x", c.Descr, unhex(t, c.Data), data, want)
	}
	order, uniform := d.Order()
	if !uniform {
		return
	}
	raw := must(t)(d.Type.Descr(order))
	if back, err := dtype.ParseDescr(raw); err != nil || back.Type != d.Type {
		t.Errorf("%s is written %s, and read as %v, %v", c.Descr, raw, back.Type, err)
	}
	data = unhex(t, c.Data)
	if order != dtype.Native {
		d.Type.Swap(data)
	}
	if !bytes.Equal(data, want) {
		t.Errorf("%s: % x swapped is % x, and for NumPy % x", c.Descr, unhex(t, c.Data), data, want)
	}
}

func (c *numpyCase) checkText(t *testing.T, typ dtype.Type) {
	t.Helper()
	elem := unhex(t, c.Elem)
	if got := must(t)(typ.Encode(c.Text)); !bytes.Equal(got, elem) {
		t.Errorf("%q in %s is % x, and for NumPy % x", c.Text, typ, got, elem)
	}
	var value string
	switch v := typ.Value(elem).(type) {
	case string:
		value = v
	case []byte:
		value = string(v)
	}
	if value != c.Text {
		t.Errorf("% x of %s is %q, want %q", elem, typ, value, c.Text)
	}
	if back := must(t)(typ.ParseScalar(typ.Format(elem))); !bytes.Equal(back, elem) {
		t.Errorf("%q in %s is written %s, which is % x", c.Text, typ, typ.Format(elem), back)
	}
}

func bitsOf(typ dtype.Type, bits uint64) []byte {
	elem := make([]byte, typ.Size())
	for i := range elem {
		at := i
		if dtype.Native == dtype.Big {
			at = len(elem) - 1 - i
		}
		elem[at] = byte(bits >> (8 * i))
	}
	return elem
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	return must(t)(hex.DecodeString(s))
}

// must fails the test on an error.
func must(t *testing.T) func(elem []byte, err error) []byte {
	t.Helper()
	return func(elem []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return elem
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
