package dtype

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/quick"
)

// registry are the folders of data-types in the registry of Zarr extensions, and
// what else is known: a type's JSON in its one spelling, what else is read as it,
// its size, and a few fill values, the first of which is what zero is written as.
var registry = []struct {
	json  string
	other []string
	size  int
	fills []string
}{
	{`"bool"`, []string{`{"name": "bool"}`, `{"name":"bool","configuration":{}}`}, 1, []string{"false", "true"}},
	{`"int2"`, nil, 1, []string{"0", "-2", "1"}},
	{`"int4"`, nil, 1, []string{"0", "-8", "7"}},
	{`"int8"`, nil, 1, []string{"0", "-128"}},
	{`"int16"`, nil, 2, []string{"0", "-32768"}},
	{`"int32"`, nil, 4, []string{"0", "2147483647"}},
	{`"int64"`, nil, 8, []string{"0", "-9223372036854775808"}},
	{`"uint2"`, nil, 1, []string{"0", "3"}},
	{`"uint4"`, nil, 1, []string{"0", "15"}},
	{`"uint8"`, nil, 1, []string{"0", "255"}},
	{`"uint16"`, nil, 2, []string{"0", "65535"}},
	{`"uint32"`, nil, 4, []string{"0", "4294967295"}},
	{`"uint64"`, nil, 8, []string{"0", "18446744073709551615"}},
	{`"float16"`, nil, 2, []string{"0.0", `"NaN"`, `"0x7e01"`, "-0.0", "65504.0"}},
	{`"float32"`, nil, 4, []string{"0.0", `"-Infinity"`, `"0x7fc00001"`}},
	{`"float64"`, nil, 8, []string{"0.0", `"Infinity"`, `"0x7ff8000000000001"`}},
	{`"bfloat16"`, nil, 2, []string{"0.0", `"NaN"`, `"0x7fc1"`, `"-Infinity"`, "1.5"}},
	{`"float4_e2m1fn"`, nil, 1, []string{"0.0", "6.0", "-0.5"}},
	{`"float6_e2m3fn"`, nil, 1, []string{"0.0", "7.5", "-0.125"}},
	{`"float6_e3m2fn"`, nil, 1, []string{"0.0", "28.0", "-0.0625"}},
	{`"float8_e3m4"`, nil, 1, []string{"0.0", `"NaN"`, `"Infinity"`, "15.5"}},
	{`"float8_e4m3"`, nil, 1, []string{"0.0", `"NaN"`, `"-Infinity"`, "240.0"}},
	{`"float8_e4m3fn"`, nil, 1, []string{"0.0", `"NaN"`, "448.0"}},
	{`"float8_e4m3b11fnuz"`, nil, 1, []string{"0.0", `"NaN"`, "30.0"}},
	{`"float8_e4m3fnuz"`, nil, 1, []string{"0.0", `"NaN"`, "240.0"}},
	{`"float8_e5m2"`, nil, 1, []string{"0.0", `"NaN"`, `"0x7d"`, `"Infinity"`, "57344.0"}},
	{`"float8_e5m2fnuz"`, nil, 1, []string{"0.0", `"NaN"`, "57344.0"}},
	{`"float8_e8m0fnu"`, nil, 1, []string{"5.877472e-39", `"NaN"`, "1.0", "1.7014118e+38"}},
	{`"complex64"`, []string{`"complex_float32"`}, 8, []string{"[0.0,0.0]", `["NaN","0x7fc00001"]`}},
	{`"complex128"`, []string{`"complex_float64"`}, 16, []string{"[0.0,0.0]", `[-0.0,"Infinity"]`}},
	{`"complex_float16"`, nil, 4, []string{"[0.0,0.0]", `[0.5,"NaN"]`}},
	{`"complex_bfloat16"`, nil, 4, []string{"[0.0,0.0]", `["0x7fc1",-2.0]`}},
	{`"complex_float4_e2m1fn"`, nil, 2, []string{"[0.0,0.0]", "[6.0,-0.5]"}},
	{`"complex_float6_e2m3fn"`, nil, 2, []string{"[0.0,0.0]", "[7.5,-0.125]"}},
	{`"complex_float6_e3m2fn"`, nil, 2, []string{"[0.0,0.0]", "[28.0,1.0]"}},
	{`"complex_float8_e3m4"`, nil, 2, []string{"[0.0,0.0]", `["NaN",1.0]`}},
	{`"complex_float8_e4m3"`, nil, 2, []string{"[0.0,0.0]", `[1.0,"Infinity"]`}},
	{`"complex_float8_e4m3b11fnuz"`, nil, 2, []string{"[0.0,0.0]", `[1.0,"NaN"]`}},
	{`"complex_float8_e4m3fnuz"`, nil, 2, []string{"[0.0,0.0]", `[1.0,"NaN"]`}},
	{`"complex_float8_e5m2"`, nil, 2, []string{"[0.0,0.0]", `["0x7d",1.0]`}},
	{`"complex_float8_e5m2fnuz"`, nil, 2, []string{"[0.0,0.0]", `[1.0,"NaN"]`}},
	{`"complex_float8_e8m0fnu"`, nil, 2, []string{"[5.877472e-39,5.877472e-39]", `[1.0,"NaN"]`}},
	{`"string"`, nil, 0, []string{`""`, `"né𝄞"`, `"<&>"`}},
	{`"variable_length_bytes"`, []string{`"bytes"`}, 0, []string{`""`, `"AP8="`}},
	{`{"name":"fixed_length_utf32","configuration":{"length_bytes":12}}`, nil, 12, []string{`""`, `"né𝄞"`, `"a"`}},
	{`{"name":"numpy.datetime64","configuration":{"unit":"us","scale_factor":10}}`,
		[]string{`{"configuration":{"scale_factor":10,"unit":"μs"},"name":"numpy.datetime64"}`}, 8, []string{"0", `"NaT"`, "-1", "9223372036854775807"}},
	{`{"name":"numpy.timedelta64","configuration":{"unit":"generic","scale_factor":1}}`, nil, 8, []string{"0", `"NaT"`, "-9223372036854775807"}},
	{`{"name":"raw_bytes","configuration":{"length_bytes":3}}`, []string{`"r24"`, `{"name":"r24"}`}, 3, []string{`"AAAA"`, `"AQL/"`}},
	{`{"name":"null_terminated_bytes","configuration":{"length_bytes":3}}`, nil, 3, []string{`""`, `"AQL/"`, `"AAE="`}},
	{`{"name":"struct","configuration":{"fields":[{"name":"x","data_type":"float32"},{"name":"y","data_type":{"name":"struct","configuration":{"fields":[{"name":"a","data_type":"int16"}]}}}]}}`,
		[]string{`{"name":"structured","configuration":{"fields":[["x","float32"],["y",{"name":"structured","configuration":{"fields":[["a","int16"]]}}]]}}`},
		6, []string{`{"x":0.0,"y":{"a":0}}`, `{"x":"NaN","y":{"a":-1}}`}},
}

// TestRegistry: every type is read in all its spellings, written in one, and so are
// its fill values.
func TestRegistry(t *testing.T) {
	seen := map[Type]bool{}
	for _, c := range registry {
		typ, err := ParseJSON([]byte(c.json))
		if err != nil {
			t.Error(err)
			continue
		}
		seen[typ] = true
		if got := string(typ.JSON()); got != c.json || typ.Size() != c.size {
			t.Errorf("%s is written %s, and has %d bytes, want %d", c.json, got, typ.Size(), c.size)
		}
		for _, other := range c.other {
			if again, err := ParseJSON([]byte(other)); err != nil || again != typ {
				t.Errorf("%s is %v, %v", other, again, err)
			}
		}
		if again, _, err := ParseType(typ.String()); err != nil || again != typ {
			t.Errorf("%s, which %s is written as, is %v, %v", typ, c.json, again, err)
		}
		for i, fill := range c.fills {
			elem, err := typ.ParseFill([]byte(fill))
			if err != nil {
				t.Error(err)
				continue
			}
			if got := string(typ.FormatFill(elem)); got != fill {
				t.Errorf("%s of %s is written %s", fill, typ, got)
			}
			if i == 0 && !bytes.Equal(elem, typ.Zero()) {
				t.Errorf("%s of %s is % x, and not zero", fill, typ, elem)
			}
			if back, err := typ.ParseScalar(typ.Format(elem)); err != nil || !bytes.Equal(back, elem) && !strings.Contains(typ.Format(elem), "nan") {
				t.Errorf("%s of %s is % x, written %s, which is % x, %v", fill, typ, elem, typ.Format(elem), back, err)
			}
		}
	}
	for _, name := range Names() {
		typ, ok := named(name)
		if !ok || !seen[typ] {
			t.Errorf("%s is not in the test", name)
		}
		if name != typ.String() {
			t.Errorf("%s is called %s", name, typ)
		}
	}
}

// TestFillForms: forms that are read and not written, and what is none.
func TestFillForms(t *testing.T) {
	text, _, _ := ParseType("U2")
	raw, _, _ := ParseType("V2")
	fixed, _, _ := ParseType("S3")
	when, _, _ := ParseType("M8[s]")
	pair, _, err := ParseType("struct{x: u1, y: i2}")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typ  Type
		fill string
		want string // hexadecimal, little-endian; "" is an error
	}{
		{ByteStrings, "[1,2,255]", "0102ff"}, {ByteStrings, "[]", ""}, {ByteStrings, "[256]", ""}, {ByteStrings, "[-1]", ""}, {ByteStrings, "[1.5]", ""},
		{ByteStrings, "[null]", ""}, {ByteStrings, `"A"`, ""}, {ByteStrings, "1", ""},
		{raw, "[1,2]", "0102"}, {raw, "[1]", ""}, {raw, `"AQ=="`, ""}, {raw, `"AQI="`, "0102"},
		{fixed, "[1]", "010000"}, {fixed, "[1,2,3,4]", ""},
		{text, `"a"`, "6100000000000000"}, {text, `"abc"`, ""}, {text, `"\ud800"`, ""}, {text, `"\ud834\udd1e"`, "1ed1010000000000"}, {text, "1", ""},
		{when, "-9223372036854775808", "0000000000000080"}, {when, `"nat"`, ""}, {when, "1.0", ""}, {when, "9223372036854775808", ""}, {when, `"1970"`, ""},
		{Bfloat16, `"0x7fc0"`, "c07f"}, {Bfloat16, `"0x7fc00000"`, ""}, {Bfloat16, "1e39", ""}, {Bfloat16, "1", "803f"},
		{pair, `{"y":-2,"x":1}`, "01feff"}, {pair, `"Af7/"`, "01feff"}, {pair, `{"x":1}`, ""}, {pair, `{"x":1,"y":2,"z":3}`, ""}, {pair, `{"x":1,"x":2,"y":3}`, ""},
		{pair, `"Af4="`, ""}, {pair, "0", ""}, {pair, "null", ""},
	} {
		elem, err := c.typ.ParseFill([]byte(c.fill))
		if Native == Big && c.typ != pair {
			c.typ.Swap(elem)
		}
		if got := fmt.Sprintf("%x", elem); got != c.want && !(c.fill == "[]" && err == nil) || (err == nil) != (c.want != "" || c.fill == "[]") {
			t.Errorf("%s of %s is %s, %v; want %q", c.fill, c.typ, got, err, c.want)
		}
	}
	if elem, err := pair.ParseFillIn([]byte(`"Af/+"`), Big); err != nil || Native == Little && fmt.Sprintf("%x", elem) != "01feff" {
		t.Errorf("big-endian bytes of a struct: %x, %v", elem, err)
	}
	e4m3b11, _ := named("float8_e4m3b11fnuz")
	for typ, fill := range map[Type]string{e4m3b11: `"Infinity"`, plain[0]: "2", text: `"abc"`} {
		if _, err := typ.ParseFill([]byte(fill)); err == nil {
			t.Errorf("%s of %s is no error", fill, typ)
		}
	}
	if _, err := typeOf(t, "float4_e2m1fn").ParseFill([]byte(`"0x10"`)); err == nil {
		t.Error("five bits of a float of four are no error")
	}
}

func typeOf(t *testing.T, text string) Type {
	t.Helper()
	typ, _, err := ParseType(text)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// TestTyped: what people type.
func TestTyped(t *testing.T) {
	for text, want := range map[string]string{
		"float32": "float32", " <f4 ": "float32", "f4": "float32", ">f8": "float64", "single": "float32", "complex": "complex128", "=i2": "int16",
		"M8[ns]": "datetime64[ns]", "<M8[10us]": "datetime64[10us]", "numpy.timedelta64[s]": "timedelta64[s]", "datetime64": "datetime64", "m8[μs]": "timedelta64[us]",
		"U10": "U10", "<U10": "U10", "S8": "S8", "|S8": "S8", "V16": "V16", "r16": "V2", "str": "string", "string": "string", "bytes": "variable_length_bytes",
		"struct{x:f4,y:i2}": "struct{x: float32, y: int16}", `struct{ "a, b": <f4 , t: M8[s], s: struct{ z: S3 } }`: `struct{"a, b": float32, t: datetime64[s], s: struct{z: S3}}`,
		`[["x", ">f4"], ["y", ">i2"]]`: "struct{x: float32, y: int16}", `{"name": "numpy.datetime64", "configuration": {"unit": "D", "scale_factor": 7}}`: "datetime64[7D]",
	} {
		typ, _, err := ParseType(text)
		if err != nil || typ.String() != want {
			t.Errorf("%q is %v, %v; want %s", text, typ, err, want)
			continue
		}
		if again, _, err := ParseType(typ.String()); again != typ || err != nil {
			t.Errorf("%q is written %s, which is %v, %v", text, typ, again, err)
		}
	}
	for text, want := range map[string]Order{">f4": Big, "<f4": Little, "struct{x: >f4, y: u1}": Big, `[["x", ">f4"]]`: Big, "f4": Native, ">u1": Native, "|V3": Native} {
		if _, order, err := ParseType(text); order != want || err != nil {
			t.Errorf("%q has the order %v, %v", text, order, err)
		}
	}
	for text, says := range map[string]string{
		"": "empty", "flot32": "did you mean float32?", "f32": "did you mean float32?", "u16": "did you mean uint16?", "Float64": "did you mean float64?",
		"f16": "did you mean float16?", "strng": "did you mean string?", "xyzzy": "M8[ns]", "U0": "0 times", "S99999999999": "are supported", "M8[q]": "unit of time", "datetime64[0s]": "from 1 to",
		"O": "Python", "r7": "multiple of 8", "struct{}": "begin with the name", "struct{x}": "colon", "struct{x: f4": "neither", "struct{x: f4,}": "begin with the name", "struct{x: f4}y": "follows",
		"struct{x: f4, x: f4}": "two fields", "struct{x: >f4, y: <f4}": "different byte orders", "struct{x: string}": "fixed size", "struct{x: q}": `field "x"`,
		`[["x", ">f4"], ["y", "<f4"]]`: "different byte orders", "[": "want a list", `{"name": "x"}`: "unknown",
	} {
		if typ, _, err := ParseType(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q is %v, %v; want an error about %q", text, typ, err, says)
		}
	}
}

// TestHostile: what asks for too much is an error, soon.
func TestHostile(t *testing.T) {
	deep := strings.Repeat("struct{x: ", 1000) + "f4" + strings.Repeat("}", 1000)
	wide := "struct{" + strings.Repeat("a: f4, ", 140_000) + "b: f4}"
	nested := `"int8"`
	for range 40 {
		nested = `{"name":"struct","configuration":{"fields":[{"name":"x","data_type":` + nested + `}]}}`
	}
	var fields, descr []string
	for i := range 30_000 {
		fields = append(fields, fmt.Sprintf(`["%d","int8"]`, i))
		descr = append(descr, fmt.Sprintf(`["%d","|i1"]`, i))
	}
	for name, parse := range map[string]func() error{
		"deep":   func() error { _, _, err := ParseType(deep); return err },
		"wide":   func() error { _, _, err := ParseType(wide); return err },
		"nested": func() error { _, err := ParseJSON([]byte(nested)); return err },
		"fields": func() error {
			_, err := ParseJSON([]byte(`{"name":"structured","configuration":{"fields":[` + strings.Join(fields, ",") + `]}}`))
			return err
		},
		"descr": func() error { _, err := ParseDescr([]byte("[" + strings.Join(descr, ",") + "]")); return err },
		"shape": func() error { _, err := ParseDescr([]byte(`[["x","|i1",[1000000000,1000000000]]]`)); return err },
		"long": func() error {
			_, err := ParseJSON([]byte(`{"name":"raw_bytes","configuration":{"length_bytes":9223372036854775807}}`))
			return err
		},
		"wide element": func() error {
			_, _, err := ParseType("struct{" + strings.Repeat("x: V16777216, ", 2) + "y: u1}")
			return err
		},
		"arrays":  func() error { _, err := ParseJSON([]byte(strings.Repeat("[", 500_000))); return err },
		"objects": func() error { _, err := ParseJSON([]byte(strings.Repeat(`{"name":`, 100_000))); return err },
		"text":    func() error { _, err := ParseJSON(bytes.Repeat([]byte(" "), maxJSON+1)); return err },
		"fill":    func() error { _, err := Float32.ParseFill(bytes.Repeat([]byte("["), 1<<20)); return err },
	} {
		if err := parse(); err == nil || len(err.Error()) > 2000 {
			t.Errorf("%s: %.2000v", name, err)
		}
	}
	most := make([]Field, maxFields)
	for i := range most {
		most[i] = Field{Name: fmt.Sprint(i), Type: Int8}
	}
	typ, err := NewStruct(most...)
	if err != nil || typ.Size() != maxFields {
		t.Fatal(typ, err)
	}
	if _, err := NewStruct(append(most, Field{Name: "x", Type: Int8})...); err == nil {
		t.Errorf("%d fields are no error", maxFields+1)
	}
	if again, err := ParseJSON(typ.JSON()); err != nil || again != typ {
		t.Errorf("the widest struct is not read back: %v", err)
	}
}

// TestComparable: types made apart are equal if their elements are.
func TestComparable(t *testing.T) {
	a, b := typeOf(t, "struct{x: f4, y: struct{z: M8[s]}}"), typeOf(t, `[["x", "<f4"], ["y", [["z", "<M8[s]"]]]]`)
	if a != b || map[Type]int{a: 1}[b] != 1 {
		t.Errorf("%v and %v differ", a, b)
	}
	for _, text := range []string{"struct{x: f4, y: struct{z: M8[ms]}}", "struct{x: f4, y: struct{w: M8[s]}}", "struct{x: f4}", "struct{y: struct{z: M8[s]}, x: f4}"} {
		if typeOf(t, text) == a {
			t.Errorf("%s is %s", text, a)
		}
	}
	for i, x := range registry {
		for j, y := range registry {
			s, err1 := ParseJSON([]byte(x.json))
			u, err2 := ParseJSON([]byte(y.json))
			if (s == u) != (i == j) || err1 != nil || err2 != nil {
				t.Errorf("%s == %s is %v", x.json, y.json, s == u)
			}
		}
	}
}

// TestCore: what is asked for in inner loops is what the list says.
func TestCore(t *testing.T) {
	core := map[Type]bool{}
	for _, typ := range All() {
		core[typ] = true
	}
	for _, c := range registry {
		typ, err := ParseJSON([]byte(c.json))
		if err != nil || typ.Core() != core[typ] {
			t.Errorf("%s is of the core specification: %v", c.json, typ.Core())
		}
	}
	if (Type{}).Core() {
		t.Error("the zero Type is of the core specification")
	}
}

// TestLongElements: what follows an element is not looked at.
func TestLongElements(t *testing.T) {
	for _, c := range registry {
		typ, err := ParseJSON([]byte(c.json))
		if err != nil {
			t.Fatal(err)
		}
		if typ.Variable() {
			continue
		}
		for _, fill := range c.fills {
			elem, err := typ.ParseFill([]byte(fill))
			if err != nil {
				t.Fatal(err)
			}
			long := append(bytes.Clone(elem), "abcdefgh"...)
			if fmt.Sprint(typ.Value(elem)) != fmt.Sprint(typ.Value(long)) || typ.Format(elem) != typ.Format(long) ||
				string(typ.FormatFill(elem)) != string(typ.FormatFill(long)) || fmt.Sprint(typ.Number()(elem)) != fmt.Sprint(typ.Number()(long)) {
				t.Errorf("%s: % x is not what % x is", typ, elem, long)
			}
		}
	}
}

// TestSwapAndTidy: swapping twice changes nothing, and tidy elements stay.
func TestSwapAndTidy(t *testing.T) {
	for _, c := range registry {
		typ, err := ParseJSON([]byte(c.json))
		if err != nil {
			t.Fatal(err)
		}
		if typ.Variable() {
			continue
		}
		in := typeOf(t, "struct{b: bool, f: complex_float4_e2m1fn, i: int4}")
		for _, typ := range []Type{typ, in} {
			err := quick.Check(func(data []byte) bool {
				data = data[:len(data)/typ.Size()*typ.Size()]
				twice := bytes.Clone(data)
				typ.Swap(twice)
				typ.Swap(twice)
				tidy := bytes.Clone(data)
				typ.Tidy(tidy)
				again := bytes.Clone(tidy)
				typ.Tidy(again)
				same := true
				for i := 0; i < len(data); i += typ.Size() {
					same = same && (typ.Format(data[i:]) == typ.Format(tidy[i:]) || typ.Untidy())
				}
				return bytes.Equal(twice, data) && bytes.Equal(again, tidy) && same && (typ.Untidy() || bytes.Equal(tidy, data))
			}, nil)
			if err != nil {
				t.Errorf("%s: %v", typ, err)
			}
		}
	}
	in := typeOf(t, "struct{f: complex_float4_e2m1fn, u: u1}")
	data := []byte{0xff, 0xf1, 0xff, 0x12, 0x34, 0x56}
	if in.Tidy(data); !bytes.Equal(data, []byte{0x0f, 0x01, 0xff, 0x02, 0x04, 0x56}) {
		t.Errorf("tidied to % x", data)
	}
}

var sink any

// BenchmarkValue and BenchmarkFormat: what printing and casting do for each element.
func BenchmarkValue(b *testing.B) {
	for _, typ := range []Type{Uint8, Int32, Float64, Complex128} {
		b.Run(typ.Name(), func(b *testing.B) {
			elem := typ.Zero()
			for b.Loop() {
				sink = typ.Value(elem)
			}
		})
	}
}

func BenchmarkFormat(b *testing.B) {
	for _, typ := range []Type{Uint8, Int32, Float64, Complex128} {
		b.Run(typ.Name(), func(b *testing.B) {
			elem := typ.Zero()
			for b.Loop() {
				sink = typ.Format(elem)
			}
		})
	}
}

var fuzzed = func() (types []Type) {
	for _, c := range registry {
		if typ, err := ParseJSON([]byte(c.json)); err == nil {
			types = append(types, typ)
		}
	}
	return types
}()

// FuzzExtendedFill and FuzzExtendedScalar: elements of all types as JSON and as text.
func FuzzExtendedFill(f *testing.F) {
	for i, c := range registry {
		for _, fill := range append(c.fills, "[1]", `"AA=="`, `"0x01"`) {
			f.Add(uint8(i), []byte(fill), true)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, raw []byte, little bool) {
		typ, order := fuzzed[int(i)%len(fuzzed)], Little
		if !little {
			order = Big
		}
		elem, err := typ.ParseFillIn(raw, order)
		if err != nil {
			return
		}
		if typ.Size() != 0 && len(elem) != typ.Size() {
			t.Fatalf("%s %q has %d bytes", typ, raw, len(elem))
		}
		text := typ.FormatFill(elem)
		if back, err := typ.ParseFill(text); err != nil || !bytes.Equal(elem, back) || !json.Valid(text) {
			t.Fatalf("%s %q gives % x, written %s, read back as % x (%v)", typ, raw, elem, text, back, err)
		}
	})
}

func FuzzExtendedScalar(f *testing.F) {
	for i := range registry {
		for _, text := range []string{"1", "nan", "NaT", "@-5", "2026-02-28T12:30", "90m", "0x00ff", `"x\n"`, " a", "1+2j", `{"x": 1, "y": {"a": "2"}}`, `[1, [2]]`} {
			f.Add(uint8(i), text)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, s string) {
		typ := fuzzed[int(i)%len(fuzzed)]
		elem, err := typ.ParseScalar(s)
		if err != nil {
			return
		}
		back, err := typ.ParseScalar(typ.Format(elem))
		if err == nil && !bytes.Equal(elem, back) { // but for the bits of NaNs
			again, err := typ.ParseScalar(typ.Format(back))
			if err != nil || !bytes.Equal(again, back) || typ.Format(elem) != typ.Format(back) || !strings.Contains(typ.Format(elem), "nan") {
				t.Fatalf("%s %q is % x, and comes back as % x", typ, s, elem, back)
			}
		}
		if err != nil {
			t.Fatalf("%s %q is written %q: %v", typ, s, typ.Format(elem), err)
		}
	})
}
