package dtype_test

import (
	"encoding/json"
	"testing"

	"github.com/dosna/dosna/dtype"
)

// FuzzParse: names of types, in metadata, file headers and on command lines.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"float32", "<f4", ">i2", "|u1", "|b1", "=c8", "f", "", "<", "<f99", "<f-4", "r16", "<V8", "complex128", "Float32", "<f4 ", "\x00", "<f4<",
		"M8[ns]", "datetime64[10us]", "m8[generic]", "U10", "S8", "string", "struct{x: f4, y: >i2}", `struct{"a b": struct{c: U1}}`, "struct{", `struct{"`,
		`[["x", "<f4"], ["y", [["a", "|u1", [2, 3]]]]]`, `{"name": "raw_bytes", "configuration": {"length_bytes": 3}}`,
		`{"name":"structured","configuration":{"fields":[["x","float32"],{"name":"y","data_type":"int8"}]}}`, `"bfloat16"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := dtype.ByName(s); err == nil && d.Name() != s {
			t.Errorf("%q is the name of %s", s, d.Name())
		}
		for name, parse := range map[string]func() (dtype.Type, dtype.Order, error){
			"type": func() (dtype.Type, dtype.Order, error) { return dtype.ParseType(s) },
			"JSON": func() (dtype.Type, dtype.Order, error) { d, err := dtype.ParseJSON([]byte(s)); return d, 0, err },
			"descr": func() (dtype.Type, dtype.Order, error) {
				d, err := dtype.ParseDescr([]byte(s))
				if err == nil {
					d.Swap(d.Type.Zero())
				}
				return d.Type, 0, err
			},
		} {
			d, order, err := parse()
			if err == nil {
				check(t, s, d, order)
			} else if d != (dtype.Type{}) && name != "descr" {
				t.Errorf("%q is %v with the error %v", s, d, err)
			}
		}
	})
}

func check(t *testing.T, s string, d dtype.Type, order dtype.Order) {
	t.Helper()
	if d.Size() < 1 && !d.Variable() || len(d.Zero()) != d.Size() {
		t.Errorf("%q has elements of %d bytes", s, d.Size())
	}
	if again, err := dtype.ParseJSON(d.JSON()); err != nil || again != d || !json.Valid(d.JSON()) {
		t.Errorf("%q is %s, which is %v, %v", s, d.JSON(), again, err)
	}
	if text := d.String(); len(text) < 200 {
		if again, _, err := dtype.ParseType(text); err != nil || again != d {
			t.Errorf("%q is %s, which is %v, %v", s, text, again, err)
		}
	}
	if raw, err := d.Descr(dtype.Big); err == nil && !d.Variable() {
		if again, err := dtype.ParseDescr(raw); err != nil || again.Type != d {
			t.Errorf("%q is %s, which is %v, %v", s, raw, again.Type, err)
		}
	}
	if order != dtype.Little && order != dtype.Big && order != dtype.Native {
		t.Errorf("%q has the order %v", s, order)
	}
	zero := d.Zero()
	if back, err := d.ParseFill(d.FormatFill(zero)); err != nil || string(back) != string(zero) {
		t.Errorf("the zero of %q is %s, which is % x, %v", s, d.FormatFill(zero), back, err)
	}
}
