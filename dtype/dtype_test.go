package dtype

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"testing"
)

func TestHalfRoundTripsEveryValue(t *testing.T) {
	for i := range 1 << 16 {
		h := Half(i)
		if h&0x7e00 == 0x7c00 && h&0x1ff != 0 {
			h |= 0x200 // hardware turns a signalling NaN into the quiet one of the same payload
		}
		if back := HalfOf(float64(Half(i).Float32())); back != h {
			t.Fatalf("%#04x becomes %#04x by way of %v", i, back, h.Float32())
		}
	}
}

func TestHalfRoundsToNearestEven(t *testing.T) {
	for i := range 0x7bff {
		lo, hi := float64(Half(i).Float32()), float64(Half(i+1).Float32())
		mid := (lo + hi) / 2
		even := Half(i)
		if i&1 == 1 {
			even++
		}
		for f, want := range map[float64]Half{
			mid: even, math.Nextafter(mid, lo): Half(i), math.Nextafter(mid, hi): Half(i + 1), -mid: even | 0x8000,
		} {
			if got := HalfOf(f); got != want {
				t.Fatalf("HalfOf(%v) = %#04x, want %#04x", f, got, want)
			}
		}
	}
	for f, want := range map[float64]Half{65520: 0x7c00, 65519.99: 0x7bff, 1e300: 0x7c00, 1e-300: 0, -1e300: 0xfc00} {
		if got := HalfOf(f); got != want {
			t.Errorf("HalfOf(%v) = %#04x, want %#04x", f, got, want)
		}
	}
}

func TestFillValues(t *testing.T) {
	for _, c := range []struct {
		typ       Type
		in, out   string // out empty: the same as in
		wantError bool
	}{
		{typ: Bool, in: "true"}, {typ: Bool, in: "1", wantError: true},
		{typ: Int8, in: "-128"}, {typ: Int8, in: "128", wantError: true}, {typ: Int8, in: "1.5", wantError: true},
		{typ: Int64, in: "-9223372036854775808"}, {typ: Uint64, in: "18446744073709551615"},
		{typ: Uint64, in: "18446744073709551616", wantError: true}, {typ: Uint8, in: "-1", wantError: true},
		{typ: Int32, in: `"1"`, wantError: true}, {typ: Int32, in: "null", wantError: true}, {typ: Int32, in: "+1", wantError: true},
		{typ: Float32, in: "0", out: "0.0"}, {typ: Float32, in: "-0.0"}, {typ: Float32, in: "0.10000000149011612", out: "0.1"},
		{typ: Float64, in: "1e+300"}, {typ: Float32, in: "1e300", wantError: true}, {typ: Float16, in: "65504.0"},
		{typ: Float16, in: "65520", wantError: true},
		{typ: Float32, in: `"NaN"`}, {typ: Float64, in: `"Infinity"`}, {typ: Float16, in: `"-Infinity"`},
		{typ: Float32, in: `"0x7fc00000"`, out: `"NaN"`}, {typ: Float32, in: `"0x7fc00001"`}, {typ: Float64, in: `"0xfff8000000000001"`},
		{typ: Float32, in: `"0x7fc0"`, wantError: true}, {typ: Float32, in: `"nan"`, wantError: true}, {typ: Float32, in: "nan", wantError: true},
		{typ: Complex64, in: `[1.5,"NaN"]`}, {typ: Complex128, in: `["-Infinity",-0.0]`}, {typ: Complex64, in: "1", wantError: true},
		{typ: Complex64, in: "[1]", wantError: true}, {typ: Float64, in: "", wantError: true}, {typ: Float64, in: `[]`, wantError: true},
	} {
		elem, err := c.typ.ParseFill(json.RawMessage(c.in))
		if (err != nil) != c.wantError {
			t.Errorf("%s %s: error %v", c.typ, c.in, err)
			continue
		}
		if err != nil {
			continue
		}
		if c.out == "" {
			c.out = c.in
		}
		if len(elem) != c.typ.Size() {
			t.Errorf("%s %s: %d bytes", c.typ, c.in, len(elem))
		}
		if got := string(c.typ.FormatFill(elem)); got != c.out {
			t.Errorf("%s %s: written as %s, want %s", c.typ, c.in, got, c.out)
		}
	}
}

func TestEncode(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		in   any
		want any // nil: an error
	}{
		{Uint8, 255, uint8(255)}, {Uint8, 256, nil}, {Uint8, -1, nil}, {Uint8, 2.0, uint8(2)}, {Uint8, 2.5, nil},
		{Int16, "-7", int16(-7)}, {Int16, "x", nil}, {Float32, 1, float32(1)}, {Float32, "1e3", float32(1000)}, {Float32, 1e300, nil},
		{Float32, math.Inf(1), float32(math.Inf(1))}, {Float32, "-inf", float32(math.Inf(-1))},
		{Bool, true, true}, {Bool, "false", false}, {Bool, 2, nil}, {Float64, true, 1.0}, {Int8, true, int8(1)},
		{Complex64, "1+2j", complex64(1 + 2i)}, {Complex128, 3, complex128(3)}, {Float32, 1 + 2i, nil}, {Float32, complex(1, 0), float32(1)},
		{Float16, 1.5, HalfOf(1.5)}, {Float16, 70000, nil}, {Uint64, uint64(math.MaxUint64), uint64(math.MaxUint64)}, {Uint64, "-0x", nil},
		{Float32, []int{1}, nil}, {Type{}, 1, nil}, {Int64, math.Inf(1), nil},
	} {
		elem, err := c.typ.Encode(c.in)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%s of %v: error %v", c.typ, c.in, err)
		} else if err == nil && c.typ.Value(elem) != c.want {
			t.Errorf("%s of %v = %v, want %v", c.typ, c.in, c.typ.Value(elem), c.want)
		}
	}
}

func TestParse(t *testing.T) {
	for s, want := range map[string]Type{"float32": Float32, "<f4": Float32, ">c16": Complex128, "|b1": Bool, "u2": Uint16, "f2": Float16, "double": Float64} {
		if got, _, err := ParseType(s); got != want || err != nil {
			t.Errorf("Parse(%q) = %v, %v", s, got, err)
		}
	}
	if _, o, _ := ParseType(">i2"); o != Big {
		t.Error(">i2 is not big-endian")
	}
	for _, s := range []string{"", "<", "float8", "f3", ">>f4"} {
		if _, _, err := ParseType(s); err == nil {
			t.Errorf("Parse(%q) gave no error", s)
		}
	}
	for _, typ := range All() {
		for _, o := range []Order{Little, Big} {
			got, back, err := ParseType(typ.NumPy(o))
			if got != typ || err != nil || typ.Size() > 1 && back != o {
				t.Errorf("Parse(%q) = %v, %v, %v", typ.NumPy(o), got, back, err)
			}
		}
	}
}

func TestHalvesAreWrittenShort(t *testing.T) {
	for i := range 0x7c00 {
		elem := putUint(2, uint64(i))
		s := Float16.Format(elem)
		if back, err := Float16.ParseScalar(s); err != nil || !bytes.Equal(back, elem) {
			t.Fatalf("%#04x is written %s, and read back as % x, %v", i, s, back, err)
		}
	}
	for s, want := range map[string]string{"0.1": "0.1", "65504": "65500", "0.333": "0.333", "6e-8": "6e-08", "-2.5": "-2.5"} {
		elem, err := Float16.ParseScalar(s)
		if got := Float16.Format(elem); err != nil || got != want {
			t.Errorf("%s is written %s, want %s (%v)", s, got, want, err)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, typ := range All() {
		for _, text := range []string{"0", "1", "-3", "200", "2.5"} {
			elem, err := typ.ParseScalar(text)
			if err != nil {
				continue // the type has no such number
			}
			want, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got := typ.Number()(elem); got != want {
				t.Errorf("%s of %s is read as %v", text, typ, got)
			}
		}
	}
}

func TestSwap(t *testing.T) {
	for unit, want := range map[int]string{1: "abcdefgh", 2: "badcfehg", 4: "dcbahgfe", 8: "hgfedcba"} {
		data := []byte("abcdefgh")
		if Swap(data, unit); string(data) != want {
			t.Errorf("unit %d: %s, want %s", unit, data, want)
		}
	}
}

func TestSliceSharesMemory(t *testing.T) {
	s := []float32{1, 2, 3}
	back := Slice[float32](Bytes(s))
	back[1] = 7
	if s[1] != 7 || len(back) != 3 {
		t.Errorf("s = %v, back = %v", s, back)
	}
}

func FuzzParseFill(f *testing.F) {
	for _, s := range []string{"0", `"NaN"`, "[1,2]", `"0x7fc00001"`, "1e999", "-", `"\u0030x00"`} {
		for i := range all {
			f.Add(uint8(i), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, raw []byte) {
		typ := all[int(i)%len(all)]
		elem, err := typ.ParseFill(raw)
		if err != nil {
			return
		}
		back, err := typ.ParseFill(typ.FormatFill(elem))
		if err != nil || !bytes.Equal(elem, back) {
			t.Fatalf("%s %q gives % x, written %s, read back % x (%v)", typ, raw, elem, typ.FormatFill(elem), back, err)
		}
	})
}

func FuzzParseScalar(f *testing.F) {
	for _, s := range []string{"5", "-0.5", "nan", "1+2j", "true", "1e400", "+", ""} {
		for i := range all {
			f.Add(uint8(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, s string) {
		typ := all[int(i)%len(all)]
		elem, err := typ.ParseScalar(s)
		if err != nil {
			return
		}
		back, err := typ.ParseScalar(typ.Format(elem))
		if err != nil || !bytes.Equal(elem, back) {
			t.Fatalf("%s %q is written %q and read back as % x, want % x (%v)", typ, s, typ.Format(elem), back, elem, err)
		}
	})
}
