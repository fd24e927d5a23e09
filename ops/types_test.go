package ops

import (
	"testing"

	"github.com/dosna/dosna/dtype"
)

// TestOtherTypes: types that are not of the core specification are refused before
// anything is computed.
func TestOtherTypes(t *testing.T) {
	for _, text := range []string{"bfloat16", "int4", "float8_e5m2", "complex_float16", "M8[ns]", "m8[s]", "U5", "S3", "V4", "string", "bytes", "struct{x: f4}"} {
		typ, _, err := dtype.ParseType(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Cast(typ, dtype.Float32, CastOptions{}); err == nil {
			t.Errorf("cast from %s is no error", typ)
		}
		if _, err := Cast(dtype.Float32, typ, CastOptions{}); err == nil {
			t.Errorf("cast to %s is no error", typ)
		}
		if _, err := NewAccumulator(typ, StatsOptions{}); err == nil {
			t.Errorf("statistics of %s are no error", typ)
		}
		if _, err := NewGaussian(typ, typ, 1, GaussianOptions{Sigma: []float64{1}}); err == nil {
			t.Errorf("a filter of %s is no error", typ)
		}
		for _, how := range Reductions {
			if _, err := NewReducer(typ, []int{2}, how); (err == nil) != (how == ReduceNearest && typ.Size() > 0) {
				t.Errorf("reduction of %s by %s: %v", typ, how, err)
			}
		}
	}
}
