package ops

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

func typeOf(t testing.TB, name string) dtype.Type {
	t.Helper()
	typ, _, err := dtype.ParseType(name)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// TestCastTextElements converts single elements both ways.
func TestCastTextElements(t *testing.T) {
	for _, c := range []struct {
		typ, text, back string // back "": an error
	}{
		{"int32", "5", "5"}, {"int32", " +5 ", "5"}, {"int32", "-1_000", "-1000"}, {"int32", "1.5", ""}, {"int32", "", ""}, {"int32", "0x10", ""},
		{"int32", "true", ""}, {"int32", "2147483648", ""}, {"int32", "_1", ""}, {"int32", "1__0", ""}, {"int32", "1_", ""}, {"int32", "+-5", ""}, {"int32", "1 2", ""},
		{"uint8", "+255", "255"}, {"uint8", "300", ""}, {"uint8", "-1", ""}, {"uint64", "18446744073709551615", "18446744073709551615"},
		{"bool", "True", "True"}, {"bool", "0", "False"}, {"bool", "no", ""}, {"bool", "", ""},
		{"float64", "0.1", "0.1"}, {"float64", " 1_0.5 ", "10.5"}, {"float64", "1e16", "1e+16"}, {"float64", "9999999999999998", "9999999999999998.0"}, {"float64", "1e-05", "1e-05"},
		{"float64", "-0", "-0.0"}, {"float64", "nan", "nan"}, {"float64", "-Infinity", "-inf"}, {"float64", "+inf", "inf"}, {"float64", "1e400", ""},
		{"float64", "0x1p3", ""}, {"float64", "t", ""}, {"float64", "f", ""}, {"float64", "true", ""}, {"float64", "-true", ""}, {"float64", "e5", ""}, {"float64", "1e", ""}, {"float64", ".", ""}, {"float64", "1e1_0", "10000000000.0"},
		{"float32", "123456789", "1.2345679e+08"}, {"float32", "999999.9", "999999.9"}, {"float32", "0.0001", "1e-04"}, {"float32", "1e40", ""},
		{"float16", "65504", "6.55e+04"}, {"float16", "0.0001", "0.0001"}, {"float16", "70000", ""},
		{"M8[s]", "2026-01-02T03:04:05", "2026-01-02T03:04:05"}, {"M8[s]", "2026-01-02", "2026-01-02T00:00:00"}, {"M8[D]", "NaT", "NaT"}, {"M8[D]", "2026-13-01", ""},
		{"m8[s]", "5", "5"}, {"m8[s]", "2m", "120"}, {"m8[s]", "NaT", "NaT"}, {"m8[s]", "soon", ""},
		{"U2", "éa", "éa"}, {"U2", "abc", ""}, {"S3", "éa", "éa"}, {"S2", "éa", ""}, {"string", "  1 ", "  1 "}, {"bytes", "é", "é"},
	} {
		typ := typeOf(t, c.typ)
		parse, err := parser(typ, CastOptions{})
		if err != nil {
			t.Fatal(err)
		}
		elem, err := parse(c.text)
		if c.back == "" {
			if err == nil {
				t.Errorf("%q as %s: %x", c.text, typ, elem)
			}
			continue
		}
		write, texterErr := texter(typ)
		if err != nil || texterErr != nil {
			t.Errorf("%q as %s: %v %v", c.text, typ, err, texterErr)
			continue
		}
		if back, err := write(elem); err != nil || back != c.back {
			t.Errorf("%q as %s is written %q, want %q, %v", c.text, typ, back, c.back, err)
		}
	}
	for name, want := range map[string]string{"U3": "日本é", "S5": "日", "S7": "日本"} {
		typ := typeOf(t, name)
		parse, err := parser(typ, CastOptions{Truncate: true})
		if err != nil {
			t.Fatal(err)
		}
		write, err := texter(typ)
		if err != nil {
			t.Fatal(err)
		}
		elem, err := parse("日本éa")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := write(elem); err != nil || got != want {
			t.Errorf("truncated to %s: %q, want %q, %v", name, got, want, err)
		}
	}
	for _, name := range []string{"complex64", "V4", "struct{x: f4}"} {
		if _, err := texter(typeOf(t, name)); err == nil {
			t.Errorf("text of %s", name)
		}
		if _, err := parser(typeOf(t, name), CastOptions{}); err == nil {
			t.Errorf("%s of text", name)
		}
	}
}

// TestConvertTexts converts datasets there and back.
func TestConvertTexts(t *testing.T) {
	c := open(t, "mem://convert-texts", dosna.Options{Engine: engine.Threads(3)})
	numbers := dataset(t, c, "n", dosna.DatasetSpec{Shape: []int{5, 3}, Type: dtype.Int32, Chunks: []int{2, 2}}, dtype.Bytes([]int32{
		1, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, math.MaxInt32,
	}))
	for _, name := range []string{"string", "U11", "S11", "bytes"} {
		texts := dataset(t, c, "as "+name, dosna.DatasetSpec{Shape: []int{5, 3}, Type: typeOf(t, name), Chunks: []int{3, 3}}, nil)
		back := dataset(t, c, "back from "+name, dosna.DatasetSpec{Shape: []int{5, 3}, Type: dtype.Int32, Chunks: []int{5, 1}}, nil)
		if err := Convert(t.Context(), texts, numbers, CastOptions{}); err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadText[string](t.Context(), texts, nd.Selection{})
		if err != nil || strings.Join(got, " ") != "1 -2 3 4 5 6 7 8 9 10 11 12 13 14 2147483647" {
			t.Errorf("%s: %q %v", name, got, err)
		}
		if err := Convert(t.Context(), back, texts, CastOptions{}); err != nil {
			t.Fatal(err)
		}
		if sum, err := Diff(t.Context(), back, numbers, DiffOptions{}); err != nil || sum.Differences > 0 {
			t.Errorf("%s: %+v %v", name, sum, err)
		}
		// an error names the element
		sel, err := nd.ParseSelection("4, 1")
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.WriteText(t.Context(), texts, sel, []string{"x1"}); err != nil {
			t.Fatal(err)
		}
		if err := Convert(t.Context(), back, texts, CastOptions{}); err == nil || !strings.Contains(err.Error(), "element [4 1]") || !strings.Contains(err.Error(), "x1") {
			t.Errorf("%s: a text that is no number: %v", name, err)
		}
	}
	short := dataset(t, c, "short", dosna.DatasetSpec{Shape: []int{5, 3}, Type: typeOf(t, "U3")}, nil)
	if err := Convert(t.Context(), short, numbers, CastOptions{}); err == nil || !strings.Contains(err.Error(), "element [4 2]") {
		t.Errorf("a text that is too long: %v", err)
	}
	if err := Convert(t.Context(), short, numbers, CastOptions{Truncate: true}); err != nil {
		t.Error(err)
	}
	if err := Convert(t.Context(), dataset(t, c, "flat", dosna.DatasetSpec{Shape: []int{15}, Type: typeOf(t, "string")}, nil), numbers, CastOptions{}); err == nil {
		t.Error("shapes that differ")
	}
}

// TestCastTextsAsNumPy compares texts of numbers with what NumPy 2.4 makes of them.
func TestCastTextsAsNumPy(t *testing.T) {
	out := testenv.RunPython(t, []string{"numpy"}, `
import json, numpy as np
if tuple(map(int, np.__version__.split('.')[:2])) < (2, 4):
    print('null') # which wrote large numbers of 32 and 16 bits otherwise
else:
    r = np.random.default_rng(3)
    all = {}
    for name, bits in ('float64', 'u8'), ('float32', 'u4'), ('float16', 'u2'):
        x = r.integers(0, 1 << 8 * np.dtype(bits).itemsize, 300, dtype=bits, endpoint=False).view(name)
        y = (r.standard_normal(300) * 10.0 ** r.integers(-4 if name == 'float16' else -7, 4 if name == 'float16' else 20, 300)).astype(name)
        z = np.concatenate([x[np.isfinite(x)], y, np.round(y)]).astype(name)
        all[name] = [[float(v).hex() for v in z], z.astype(np.dtypes.StringDType()).tolist()]
    print(json.dumps(all))
`)
	var all map[string][2][]string
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	if all == nil {
		t.Skip("NumPy is older than 2.4")
	}
	for name, pair := range all {
		typ := typeOf(t, name)
		write, err := texter(typ)
		if err != nil {
			t.Fatal(err)
		}
		for i, number := range pair[0] {
			elem, err := typ.Encode(hexFloat(t, number))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := write(elem); err != nil || got != pair[1][i] {
				t.Errorf("%s %s: %q, and NumPy writes %q, %v", name, number, got, pair[1][i], err)
			}
		}
	}
}

func FuzzParseText(f *testing.F) {
	for _, s := range []string{"5", " +1_0 ", "1e5", "nan", "-inf", "2026-01-02", "NaT", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"int8", "uint64", "float16", "float64", "bool", "M8[s]", "m8[ms]", "U3", "S3"} {
			typ := typeOf(t, name)
			parse, err := parser(typ, CastOptions{})
			if err != nil {
				t.Fatal(err)
			}
			write, err := texter(typ)
			if err != nil {
				t.Fatal(err)
			}
			elem, err := parse(text)
			if err != nil {
				continue
			}
			if len(elem) != typ.Size() {
				t.Fatalf("%q as %s: %d bytes", text, name, len(elem))
			}
			once, err := write(elem)
			if err != nil {
				continue // bytes that are no text
			}
			again, err := parse(once)
			if err != nil && !strings.HasPrefix(once, "@") {
				t.Fatalf("%q as %s is written %q, which is not read: %v", text, name, once, err)
			}
			if err == nil && string(again) != string(elem) {
				t.Fatalf("%q as %s is written %q, which is read as %x, not %x", text, name, once, again, elem)
			}
		}
	})
}

func hexFloat(t testing.TB, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
