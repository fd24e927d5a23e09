package dtype_test

import (
	"testing"

	"github.com/dosna/dosna/dtype"
)

// FuzzParse: names of types, in metadata, file headers and on command lines.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"float32", "<f4", ">i2", "|u1", "|b1", "=c8", "f", "", "<", "<f99", "<f-4", "r16", "<V8", "complex128", "Float32", "<f4 ", "\x00", "<f4<"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := dtype.ByName(s); err == nil && d.Name() != s {
			t.Errorf("%q is the name of %s", s, d.Name())
		}
		d, order, err := dtype.Parse(s)
		if err != nil {
			if d != (dtype.Type{}) {
				t.Errorf("%q is %v with the error %v", s, d, err)
			}
			return
		}
		if d.Size() < 1 || len(d.Zero()) != d.Size() {
			t.Errorf("%q has elements of %d bytes", s, d.Size())
		}
		if again, _, err := dtype.Parse(d.Name()); err != nil || again != d {
			t.Errorf("%q is %s, which is %v, %v", s, d.Name(), again, err)
		}
		if order != dtype.Little && order != dtype.Big && order != dtype.Native {
			t.Errorf("%q has the order %v", s, order)
		}
	})
}
