package codec_test

import (
	"errors"
	"maps"
	"math"
	mathbig "math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

func cast(config string) string {
	return `[{"name":"cast_value","configuration":{` + config + `}},` + little + `]`
}

// castOne returns what cast_value makes of an element and what that becomes, or an
// error of either.
func castOne[From, To dtype.Element](t testing.TB, config string, x From) (to To, back From, err error) {
	t.Helper()
	typ := `"data_type":"` + dtype.Of[To]().Name() + `"`
	if config != "" {
		typ += ","
	}
	c := mustBind(t, cast(typ+config), []int{1}, dtype.Of[From]())
	data, err := c.Encode(nil, nd.NewView(dtype.Bytes([]From{x}), []int{1}, c.Chunk().Type.Size()))
	if err != nil {
		return to, back, err
	}
	made := make([]To, 1)
	copy(dtype.Bytes(made), data)
	out := make([]From, 1)
	err = c.Read(t.Context(), codec.Bytes(data), nd.Full([]int{1}), nd.NewView(dtype.Bytes(out), []int{1}, c.Chunk().Type.Size()))
	return made[0], out[0], err
}

func casts[From, To comparable](t *testing.T, got To, err error, what From, config string, want To, fails bool) {
	t.Helper()
	if fails != (err != nil) || err == nil && got != want {
		t.Errorf("%v under %s: %v, %v; want %v, an error: %t", what, config, got, err, want, fails)
	}
}

// The rules and examples of the specification.
func TestCastValue(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		config string
		x      float64
		want   int8
		fails  bool
	}{
		{``, 128, 0, true}, {`"out_of_range":"clamp"`, 128, 127, false}, {`"out_of_range":"wrap"`, 128, -128, false},
		{``, 2.5, 2, false}, {``, 3.5, 4, false}, {``, -2.5, -2, false}, {``, 127.4, 127, false}, {``, 127.5, 0, true}, {``, -128.5, -128, false},
		{`"rounding":"nearest-even"`, 0.5, 0, false}, {`"rounding":"nearest-away"`, 2.5, 3, false}, {`"rounding":"nearest-away"`, -2.5, -3, false},
		{`"rounding":"towards-zero"`, -2.9, -2, false}, {`"rounding":"towards-zero"`, 127.9, 127, false},
		{`"rounding":"towards-positive"`, -2.9, -2, false}, {`"rounding":"towards-positive"`, 2.1, 3, false}, {`"rounding":"towards-positive"`, 127.1, 0, true},
		{`"rounding":"towards-negative"`, -2.1, -3, false}, {`"rounding":"towards-negative"`, 2.9, 2, false},
		{`"rounding":"towards-positive","out_of_range":"wrap"`, 127.1, -128, false}, {`"out_of_range":"wrap"`, -129, 127, false},
		{`"out_of_range":"wrap"`, 1e300, 0, false}, {`"out_of_range":"wrap"`, math.Ldexp(1, 64) + 4096, 0, false}, {`"out_of_range":"wrap"`, -1000, 24, false},
		{`"out_of_range":"clamp"`, -1e300, -128, false},
		{``, math.Copysign(0, -1), 0, false},
		{`"out_of_range":"clamp"`, inf, 0, true}, {`"out_of_range":"wrap"`, inf, 0, true}, {``, math.NaN(), 0, true},
		{`"scalar_map":{"encode":[["NaN",-1],["Infinity",2],["NaN",3],[5,6],[5,7]]}`, math.NaN(), -1, false},
		{`"scalar_map":{"encode":[["NaN",-1],["Infinity",2]]}`, inf, 2, false},
		{`"scalar_map":{"encode":[["NaN",-1],["Infinity",2]]}`, -inf, 0, true},
		{`"scalar_map":{"encode":[[5,6],[5,7]]}`, 5, 6, false}, {`"scalar_map":{"decode":[[1,7]]}`, 5, 5, false},
	} {
		got, _, err := castOne[float64, int8](t, c.config, c.x)
		casts(t, got, err, c.x, c.config, c.want, c.fails)
	}
	for x, want := range map[int32]int16{32768: -32768, 32769: -32767, -32769: 32767, 65536: 0, -7: -7} {
		got, _, err := castOne[int32, int16](t, `"out_of_range":"wrap"`, x)
		casts(t, got, err, x, "wrap", want, false)
	}
	for _, c := range []struct {
		config      string
		x, want     float64
		encodeFails bool
	}{
		{``, inf, inf, false}, {``, math.NaN(), math.NaN(), false}, {``, 65519, 65504, false}, {``, 65520, 0, true},
		{`"out_of_range":"clamp"`, 65520, inf, false}, {`"out_of_range":"clamp"`, -1e99, -inf, false},
		{`"rounding":"towards-zero"`, 65535, 65504, false}, {`"rounding":"towards-zero"`, 65536, 0, true},
		{`"rounding":"towards-positive"`, 1e-300, math.Ldexp(1, -24), false}, {`"rounding":"towards-positive"`, -1e-300, math.Copysign(0, -1), false},
		{``, math.Copysign(0, -1), math.Copysign(0, -1), false}, {`"scalar_map":{"decode":[[3,"NaN"]]}`, 3, math.NaN(), false},
	} {
		_, back, err := castOne[float64, dtype.Half](t, c.config, c.x)
		if c.encodeFails != (err != nil) || err == nil && math.Float64bits(back) != math.Float64bits(c.want) && !(back != back && c.want != c.want) {
			t.Errorf("%v under %s: %v, %v; want %v", c.x, c.config, back, err, c.want)
		}
	}
	for x, want := range map[uint64]float32{1<<24 + 1: 1 << 24, 1<<24 + 3: 1<<24 + 4, math.MaxUint64: 1 << 64, 1<<60 + 1<<36: 1 << 60, 1<<60 + 1<<36 + 1: 1<<60 + 1<<37} {
		got, _, err := castOne[uint64, float32](t, "", x)
		if x == math.MaxUint64 { // which does not come back
			casts(t, got, nil, x, "", want, false)
			if err == nil {
				t.Error("2⁶⁴ comes back as an element of uint64")
			}
			continue
		}
		casts(t, got, err, x, "", want, false)
	}
}

// Rounding is that of math/big.
func TestCastRounding(t *testing.T) {
	modes := map[string]mathbig.RoundingMode{"nearest-even": mathbig.ToNearestEven, "nearest-away": mathbig.ToNearestAway, "towards-zero": mathbig.ToZero,
		"towards-positive": mathbig.ToPositiveInf, "towards-negative": mathbig.ToNegativeInf}
	rapid.Check(t, func(r *rapid.T) {
		mode := rapid.SampledFrom(slices.Sorted(maps.Keys(modes))).Draw(r, "mode")
		n := rapid.Int64().Draw(r, "n")
		x := rapid.Float64Range(-1e30, 1e30).Filter(func(x float64) bool { return x == 0 || math.Abs(x) > 1e-37 }).Draw(r, "x")
		config := `"out_of_range":"clamp","rounding":"` + mode + `"`
		want := func(f *mathbig.Float, prec uint) float64 {
			v, _ := f.SetMode(modes[mode]).SetPrec(prec).Float64()
			return v
		}
		if got, _, err := castOne[float64, float32](t, config, x); err != nil || float64(got) != want(mathbig.NewFloat(x), 24) {
			r.Fatalf("%v %s: %v, %v", x, mode, got, err)
		}
		if got, _, err := castOne[int64, float64](t, config, n); err != nil || got != want(new(mathbig.Float).SetInt64(n), 53) {
			r.Fatalf("%v %s: %v, %v", n, mode, got, err)
		}
		if got, _, err := castOne[int64, dtype.Brain](t, config, n); err != nil || float64(got.Float32()) != want(new(mathbig.Float).SetInt64(n), 8) {
			r.Fatalf("%v %s: %v, %v", n, mode, got, err)
		}
	})
}

// Every element of the narrow types comes back from what holds all of them.
func TestCastNarrow(t *testing.T) {
	for _, name := range []string{"int2", "int4", "uint2", "uint4", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3",
		"float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"} {
		typ := mustType(t, name)
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		typ.Tidy(all)
		c, err := codec.Bind(specs(t, cast(`"data_type":"float64"`)), codec.Chunk{Shape: []int{256}, Type: typ, Fill: []byte{1}})
		if err != nil {
			t.Fatal(name, err)
		}
		stored, err := c.Encode(nil, nd.NewView(all, []int{256}, 1))
		if err != nil {
			t.Fatal(name, err)
		}
		out := make([]byte, 256)
		if err := c.Read(t.Context(), codec.Bytes(stored), nd.Full([]int{256}), nd.NewView(out, []int{256}, 1)); err != nil {
			t.Fatal(name, err)
		}
		number := typ.Number()
		for i, x := range dtype.Slice[float64](stored) {
			if a := number(all[i : i+1]); a != x && a == a || (x != x) != (a != a) {
				t.Fatalf("%s: %v is stored as %v", name, a, x)
			}
			if out[i] != all[i] && x == x {
				t.Fatalf("%s: %x comes back as %x", name, all[i], out[i])
			}
		}
	}
}

func TestCastRefused(t *testing.T) {
	for _, c := range []struct {
		config string
		typ    dtype.Type
		fill   string
		want   string
	}{
		{``, dtype.Int8, "0", "data_type"},
		{`"data_type":"bool"`, dtype.Int8, "0", "integers and floats"},
		{`"data_type":"int8"`, dtype.Complex64, "[0,0]", "integers and floats"},
		{`"data_type":"int3"`, dtype.Int8, "0", "data_type"},
		{`"data_type":"int8","more":1`, dtype.Int8, "0", "more"},
		{`"data_type":"int8","rounding":"up"`, dtype.Int8, "0", "rounding"},
		{`"data_type":"int8","out_of_range":"ignore"`, dtype.Int8, "0", "out_of_range"},
		{`"data_type":"float32","out_of_range":"wrap"`, dtype.Int8, "0", "wrap"},
		{`"data_type":"int8","scalar_map":{"both":[]}`, dtype.Int8, "0", "both"},
		{`"data_type":"int8","scalar_map":{"encode":[[1]]}`, dtype.Int8, "0", "pair 0"},
		{`"data_type":"int8","scalar_map":{"encode":[[1,2],[1,2.5]]}`, dtype.Int8, "0", "pair 1"},
		{`"data_type":"int8","scalar_map":{"decode":[[1,2],[300,2]]}`, dtype.Int8, "0", "pair 1"},
		{`"data_type":"int8"`, dtype.Float32, `"NaN"`, "fill value"},
		{`"data_type":"int8"`, dtype.Float32, `0.5`, "comes back as"},
		{`"data_type":"int8","scalar_map":{"encode":[["NaN",0]]}`, dtype.Float32, `"NaN"`, "comes back as"},
	} {
		fill, err := c.typ.ParseFill([]byte(c.fill))
		if err != nil {
			t.Fatal(err)
		}
		_, err = codec.Bind(specs(t, cast(c.config)), codec.Chunk{Shape: []int{2}, Type: c.typ, Fill: fill})
		if err == nil || !strings.Contains(err.Error(), "cast_value") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.config, err, c.want)
		}
	}
}

// The examples of the specification of scale_offset, and its errors.
func TestScaleOffset(t *testing.T) {
	scale := func(config, rest string) string {
		return `[{"name":"scale_offset","configuration":{` + config + `}},` + rest + `]`
	}
	encoded(t, scale(`"offset":5,"scale":0.1`, little), []float32{5, 15, -5}, []float32{5, 15, -5})
	encoded(t, `["scale_offset",`+little+`]`, []int16{5, -32768}, []int16{5, -32768})
	fill, _ := dtype.Uint16.ParseFill([]byte("1000"))
	narrow := scale(`"offset":1000`, `{"name":"cast_value","configuration":{"data_type":"uint8"}},"bytes"`)
	c, err := codec.Bind(specs(t, narrow), codec.Chunk{Shape: []int{3}, Type: dtype.Uint16, Fill: fill})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]uint16{{1000, 1255, 1007}, {1000, 999, 1000}, {1000, 1256, 1000}} {
		stored, err := c.Encode(nil, nd.NewView(dtype.Bytes(list), []int{3}, 2))
		if good := list[1] == 1255; good != (err == nil) || good && !slices.Equal(stored, []byte{0, 255, 7}) {
			t.Errorf("%v: %v, %v", list, stored, err)
		}
	}
	nan, _ := dtype.Float64.ParseFill([]byte(`"NaN"`))
	kept := scale(`"offset":-10,"scale":0.1`, `{"name":"cast_value","configuration":{"data_type":"uint8","rounding":"nearest-even","scalar_map":{"encode":[["NaN",0]],"decode":[[0,"NaN"]]}}},"bytes"`)
	if c, err = codec.Bind(specs(t, kept), codec.Chunk{Shape: []int{3}, Type: dtype.Float64, Fill: nan}); err != nil {
		t.Fatal(err)
	}
	stored, err := c.Encode(nil, nd.NewView(dtype.Bytes([]float64{math.NaN(), 0, 2540}), []int{3}, 8))
	out := make([]float64, 3)
	if err != nil || !slices.Equal(stored, []byte{0, 1, 255}) {
		t.Fatal(stored, err)
	}
	err = c.Read(t.Context(), codec.Bytes(stored), nd.Full([]int{3}), nd.NewView(dtype.Bytes(out), []int{3}, 8))
	if err != nil || !math.IsNaN(out[0]) || out[1] != 0 || out[2] != 2540 {
		t.Error(out, err)
	}
	odd := mustBind(t, scale(`"scale":2`, `"bytes"`), []int{2}, dtype.Int8)
	if err := odd.Check(t.Context(), codec.Bytes{4, 5}); !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), "5 / 2") {
		t.Errorf("half of 5 as an integer: %v", err)
	}
	for _, list := range [][]int8{{64, 0}, {-65, 0}} {
		if _, err := odd.Encode(nil, nd.NewView(dtype.Bytes(list), []int{2}, 1)); err == nil {
			t.Errorf("twice %d as an element of int8", list[0])
		}
	}
	big32 := mustBind(t, scale(`"scale":10`, little), []int{2}, dtype.Float32)
	if _, err := big32.Encode(nil, nd.NewView(dtype.Bytes([]float32{1e38, 0}), []int{2}, 4)); err == nil {
		t.Error("1e39 as an element of float32")
	}
	encoded(t, scale(`"scale":-2`, little), []float64{math.Inf(1), -3}, []float64{math.Inf(1), -3})
	for config, want := range map[string]string{`"scale":0`: "scale", `"offset":"NaN"`: "offset", `"offset":1.5`: "offset", `"scale":2,"x":3`: `"x"`, `"offset":1`: "fill value"} {
		_, err := codec.Bind(specs(t, scale(config, little)), codec.Chunk{Shape: []int{2}, Type: dtype.Uint16, Fill: []byte{0, 0}})
		if err == nil || !strings.Contains(err.Error(), "scale_offset") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
}
