package render

import (
	"compress/gzip"
	"encoding/json"
	"image/color"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

func viewOf[T dtype.Element](shape []int, elements ...T) (nd.View, dtype.Type) {
	t := dtype.Of[T]()
	return nd.NewView(dtype.Bytes(elements), shape, t.Size()), t
}

func pixels(t *testing.T, o *ImageOptions, v nd.View, typ dtype.Type) []uint8 {
	t.Helper()
	img, err := o.Image(v, typ)
	if err != nil {
		t.Fatal(err)
	}
	if img.Stride != 4*img.Rect.Dx() {
		t.Fatalf("stride %d of %v", img.Stride, img.Rect)
	}
	return img.Pix
}

// TestImshow compares colours with those of matplotlib's imshow.
func TestImshow(t *testing.T) {
	f, err := os.Open("testdata/imshow.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for d := json.NewDecoder(z); d.More(); cases++ {
		var c struct {
			Colormap string
			Range    []float64
			Shape    []int
			Values   []*float64
			Pixels   []int
		}
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		values := make([]float64, len(c.Values))
		for i, x := range c.Values {
			if values[i] = math.NaN(); x != nil {
				values[i] = *x
			}
		}
		o := &ImageOptions{Colormap: c.Colormap}
		if c.Range != nil {
			o.Range = Between(c.Range[0], c.Range[1])
		}
		tolerance := map[string]int{
			"gray":     1, // matplotlib cuts off where it should round
			"coolwarm": 6, // matplotlib interpolates a table of 33 colours
		}[c.Colormap]
		v, typ := viewOf(c.Shape, values...)
		for i, got := range pixels(t, o, v, typ) {
			if diff := int(got) - c.Pixels[i]; max(diff, -diff) > tolerance {
				t.Fatalf("%s of %v in %v: byte %d of the pixels is %d, want %d", c.Colormap, c.Shape, c.Range, i, got, c.Pixels[i])
			}
		}
	}
	if cases != 40 {
		t.Fatalf("%d cases", cases)
	}
}

// greys returns the red of each pixel, -1 where it is transparent.
func greys(pix []uint8) []int {
	var g []int
	for p := range slices.Chunk(pix, 4) {
		if p[3] == 0 {
			g = append(g, -1)
		} else {
			g = append(g, int(p[0]))
		}
	}
	return g
}

func TestImageOfEveryType(t *testing.T) {
	for _, typ := range dtype.All() {
		values := []string{"0", "1", "3", "2"}
		want := []int{0, 85, 255, 170}
		if typ == dtype.Bool {
			values, want = []string{"false", "true", "true", "false"}, []int{0, 255, 255, 0}
		}
		if typ.Kind() == dtype.Complex {
			values = []string{"0", "1j", "-3", "0-2j"}
		}
		var data []byte
		for _, s := range values {
			e, err := typ.ParseScalar(s)
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, e...)
		}
		if got := greys(pixels(t, nil, nd.NewView(data, []int{2, 2}, typ.Size()), typ)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", typ, got, want)
		}
	}
}

func TestImageOptions(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		o      ImageOptions
		shape  []int
		values []float64
		want   []int
	}{
		{"all equal", ImageOptions{}, []int{1, 2}, []float64{7, 7}, []int{0, 0}},
		{"all nan", ImageOptions{}, []int{1, 2}, []float64{nan, nan}, []int{-1, -1}},
		{"nan drawn", ImageOptions{NaN: color.Gray{99}}, []int{1, 3}, []float64{0, nan, 1}, []int{0, 99, 255}},
		{"infinities", ImageOptions{}, []int{1, 4}, []float64{-inf, 0, 1, inf}, []int{0, 0, 255, 255}},
		{"infinities only", ImageOptions{}, []int{1, 2}, []float64{-inf, inf}, []int{0, 255}},
		{"extremes", ImageOptions{}, []int{1, 3}, []float64{-math.MaxFloat64, 0, math.MaxFloat64}, []int{0, 128, 255}},
		{"given range", ImageOptions{Range: Between(0, 255)}, []int{1, 4}, []float64{-5, 10.5, 255, 300}, []int{0, 10, 255, 255}},
		{"means", ImageOptions{Size: 2, Range: Between(0, 256)}, []int{4, 4}, []float64{
			0, 4, 10, 10,
			8, 12, 10, 10,
			nan, 3, nan, nan,
			nan, 5, nan, nan,
		}, []int{6, 10, 4, -1}},
		{"means of parts", ImageOptions{Size: 2, Range: Between(0, 256)}, []int{1, 3}, []float64{30, 60, 90}, []int{40, 80}},
		{"nearest", ImageOptions{Size: 2, Nearest: true, Range: Between(0, 256)}, []int{4, 4}, []float64{
			0, 1, 2, 3,
			4, 5, 6, 7,
			8, 9, 10, 11,
			12, 13, 14, 15,
		}, []int{5, 7, 13, 15}},
		{"enlarged", ImageOptions{Size: 5, Range: Between(0, 256)}, []int{1, 2}, []float64{3, 9}, []int{3, 3, 9, 9, 3, 3, 9, 9}},
		{"long", ImageOptions{Size: 2, Range: Between(0, 256)}, []int{1, 6}, []float64{1, 2, 3, 7, 8, 9}, []int{2, 8}},
		{"percentiles", ImageOptions{Range: Percentiles(25, 75)}, []int{1, 5}, []float64{-1000, 0, 1, 2, 1e6}, []int{0, 0, 128, 255, 255}},
	} {
		v, typ := viewOf(c.shape, c.values...)
		if got := greys(pixels(t, &c.o, v, typ)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// A picture made of bands is that of the whole, whatever the reduction.
func TestCanvasInBands(t *testing.T) {
	const rows, cols = 37, 53
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(math.Sin(float64(i)))
	}
	v, typ := viewOf([]int{rows, cols}, values...)
	for _, o := range []*ImageOptions{nil, {Size: 10}, {Size: 53}, {Size: 40, Nearest: true}, {Size: 200, Colormap: "magma"}} {
		c, err := o.NewCanvas(rows, cols, typ)
		if err != nil {
			t.Fatal(err)
		}
		for at, n := 0, 0; at < rows; at += n {
			n = min(at%7+1, rows-at)
			c.Add(v.Sub(nd.Box{Start: []int{at, 0}, Shape: []int{n, cols}}))
		}
		if !slices.Equal(c.Image().Pix, pixels(t, o, v, typ)) {
			t.Errorf("%+v: bands and whole differ", o)
		}
	}
}

func TestPercentile(t *testing.T) {
	sorted := []float64{1, 2, 4, 8, 16}
	for percent, want := range map[float64]float64{0: 1, 10: 1.4, 50: 4, 99: 15.68, 100: 16} { // numpy.percentile's
		if got := percentile(sorted, percent); math.Abs(got-want) > 1e-12 {
			t.Errorf("percentile %v: got %v, want %v", percent, got, want)
		}
	}
}

func TestImageErrors(t *testing.T) {
	v, typ := viewOf([]int{2, 2}, 1.0, 2, 3, 4)
	for name, o := range map[string]*ImageOptions{
		"colormap":    {Colormap: "none"},
		"reversed":    {Colormap: "none_r"},
		"percentiles": {Range: Percentiles(60, 40)},
		"percent":     {Range: Percentiles(0, 101)},
		"nan percent": {Range: Percentiles(math.NaN(), 50)},
		"range":       {Range: Between(2, 1)},
		"nan range":   {Range: Between(math.NaN(), 1)},
		"huge":        {Size: math.MaxInt},
	} {
		if _, err := o.Image(v, typ); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	var o *ImageOptions
	if _, err := o.Image(v.Index(0, 0), typ); err == nil {
		t.Error("a row: no error")
	}
	for _, shape := range [][2]int{{0, 5}, {5, 0}, {1 << 40, 1 << 40}, {1 << 20, 1 << 20}} {
		if _, err := o.NewCanvas(shape[0], shape[1], typ); err == nil {
			t.Errorf("%v: no error", shape)
		}
	}
	if _, err := (&ImageOptions{Size: 100}).NewCanvas(1<<40, 1<<40, typ); err != nil {
		t.Error(err)
	}
}

// Types beyond the core are drawn as the numbers they are, a struct by field.
func TestImageOfFields(t *testing.T) {
	parse := func(text string) dtype.Type {
		typ, _, err := dtype.ParseType(text)
		if err != nil {
			t.Fatal(err)
		}
		return typ
	}
	inner, err := dtype.NewStruct(dtype.Field{Name: "pad", Type: dtype.Uint8}, dtype.Field{Name: "z", Type: dtype.Complex64})
	if err != nil {
		t.Fatal(err)
	}
	event, err := dtype.NewStruct(
		dtype.Field{Name: "on", Type: dtype.Bool}, dtype.Field{Name: "n", Type: dtype.Int32}, dtype.Field{Name: "at", Type: parse("datetime64[s]")},
		dtype.Field{Name: "inner", Type: inner}, dtype.Field{Name: "name", Type: parse("S3")})
	if err != nil {
		t.Fatal(err)
	}
	elements := func(typ dtype.Type, texts ...string) nd.View {
		var data []byte
		for _, s := range texts {
			e, err := typ.ParseScalar(s)
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, e...)
		}
		return nd.NewView(data, []int{1, len(texts)}, typ.Size())
	}
	events := elements(event, `[true, 10, "1970-01-01T00:00:05", {"pad": 1, "z": "3j"}, "a"]`, `[false, -10, "1970-01-01T00:00:01", {"pad": 2, "z": "0"}, "b"]`,
		`[true, 0, "NaT", {"pad": 3, "z": "(-4+0j)"}, "c"]`)
	for field, want := range map[string][]int{
		"on":        {255, 0, 255},
		"n":         {255, 0, 128},
		"at":        {255, 0, -1},
		"inner/pad": {0, 128, 255},
		"inner/z":   {192, 0, 255},
	} {
		if got := greys(pixels(t, &ImageOptions{Field: field}, events, event)); !slices.Equal(got, want) {
			t.Errorf("field %s: got %v, want %v", field, got, want)
		}
	}
	for _, field := range []string{"", "inner", "name", "none", "on/x", "inner/"} {
		if _, err := (&ImageOptions{Field: field}).Image(events, event); err == nil {
			t.Errorf("field %q: no error", field)
		}
	}
	for _, name := range []string{"bfloat16", "float8_e4m3", "float8_e5m2", "int4", "uint2", "timedelta64[D]"} {
		typ := parse(name)
		three := []string{"0", "1", "0"}
		if typ.Kind() == dtype.Timedelta {
			three = []string{"@0", "@1", "@0"}
		}
		if got := greys(pixels(t, nil, elements(typ, three...), typ)); !slices.Equal(got, []int{0, 255, 0}) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
