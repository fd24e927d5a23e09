package convert

import (
	"encoding/json"
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// attributes reads JSON.
func attributes(t *testing.T, text string) dosna.Attributes {
	t.Helper()
	var a dosna.Attributes
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// axesText writes the axes of a picture of a selection.
func axesText(t *testing.T, d *dosna.Dataset, selection string) string {
	t.Helper()
	sel, err := nd.ParseSelection(selection)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		t.Fatal(err)
	}
	rows, cols, err := plane(r.Shape)
	if err != nil {
		t.Fatal(err)
	}
	o, axes, err := framed(t.Context(), d, r, []int{rows, cols}, &render.ImageOptions{Frame: &render.Frame{Axes: true, Bar: true}})
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, a := range axes {
		text += fmt.Sprintf("%s|%s|%g|%g", a.Name, a.Unit, a.Start, a.Step)
		if a.Whole {
			text += "|whole"
		}
		text += " "
	}
	return text + o.Frame.BarLabel
}

func TestFrameAxes(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	group := func(path, attrs string) {
		if _, err := c.CreateGroup(ctx, path, attributes(t, attrs)); err != nil {
			t.Fatal(err)
		}
	}
	array := func(path string, shape []int, names []string, attrs string) *dosna.Dataset {
		return filled(t, c, path, dosna.DatasetSpec{Shape: shape, Type: dtype.Int16, DimensionNames: names, Attrs: attributes(t, attrs)})
	}
	const axes = `"axes": [{"name": "c", "type": "channel"}, {"name": "y", "type": "space", "unit": "micrometer"}, {"name": "x", "type": "space", "unit": "micrometer"}]`
	group("image", `{"ome": {"version": "0.5", "multiscales": [{`+axes+`, "datasets": [
		{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5, 0.25]}]},
		{"path": "1", "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 0.5]}, {"type": "translation", "translation": [0, 0.25, 0.125]}]},
		{"path": "odd", "coordinateTransformations": [{"type": "scale", "path": "elsewhere"}]}]}]}}`)
	group("old", `{"multiscales": [{`+axes+`, "datasets": [{"path": "s0", "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 2]}]}],
		"coordinateTransformations": [{"type": "scale", "scale": [1, 3, 5]}]}]}`)
	group("broken", `{"ome": {"multiscales": "no list"}, "multiscales": [{"axes": 5}]}`)
	group("climate", `{}`)
	array("climate/lat", []int{10}, []string{"lat"}, `{"units": "degrees_north"}`) // 0, 1, 2, …
	array("climate/lon", []int{200}, []string{"lon"}, `{"units": "degrees_east"}`) // not even: it begins again at 100
	level0 := array("image/0", []int{2, 8, 16}, nil, `{}`)
	for _, x := range []struct {
		d               *dosna.Dataset
		selection, want string
	}{
		{level0, "0", "y|micrometer|0|0.5 x|micrometer|0|0.25 "},
		{level0, "1, ::-1, 4::2", "y|micrometer|3.5|-0.5 x|micrometer|1|0.5 "},
		{level0, ":, 3", "c||0|1|whole x|micrometer|0|0.25 "},
		{level0, "0, [1, 2, 5]", "y, as selected||0|1|whole x|micrometer|0|0.25 "},
		{level0, "0, [1, 3, 5]", "y|micrometer|0.5|1 x|micrometer|0|0.25 "},
		{level0, "0, 0", "||0|1|whole x|micrometer|0|0.25 "},
		{level0, "[0, 1], [0, 1]", "||0|1|whole x|micrometer|0|0.25 "},
		{array("image/1", []int{2, 4, 8}, nil, `{}`), "0", "y|micrometer|0.25|1 x|micrometer|0.125|0.5 "},
		{array("image/odd", []int{2, 4, 8}, []string{"a", "b", "c"}, `{}`), "0", "b||0|1|whole c||0|1|whole "},
		{array("image/other", []int{4, 8}, nil, `{}`), "", "axis 0||0|1|whole axis 1||0|1|whole "},
		{array("old/s0", []int{1, 4, 8}, nil, `{}`), "0", "y|micrometer|0|6 x|micrometer|0|10 "},
		{array("broken/0", []int{4, 8}, []string{"", "x"}, `{}`), "", "axis 0||0|1|whole x||0|1|whole "},
		{array("climate/t2m", []int{10, 200}, []string{"lat", "lon"}, `{"long_name": "temperature", "units": "K"}`), "4:", "lat|degrees_north|4|1 lon||0|1|whole temperature (K)"},
		{array("climate/packed", []int{10, 9}, []string{"lat", "climate"}, `{"units": "K", "scale_factor": 0.01}`), "", "lat|degrees_north|0|1 climate||0|1|whole (as stored)"},
	} {
		if got := axesText(t, x.d, x.selection); got != x.want {
			t.Errorf("%s [%s]:\n got %s\nwant %s", x.d, x.selection, got, x.want)
		}
	}
}

func TestFramedPictures(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	d := filled(t, c, "a", dosna.DatasetSpec{Shape: []int{5, 30, 40}, Type: dtype.Uint8, DimensionNames: []string{"z", "y", "x"}})
	o := &render.ImageOptions{Frame: &render.Frame{Axes: true, Bar: true}}
	img, err := Picture(ctx, d, nd.Sel(nd.At(2)), o)
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X < 480+50 || size.Y < 360+30 || size.X > 700 || size.Y > 500 {
		t.Errorf("a plane of 30×40 enlarged to 480×360 is %v with its frame", size)
	}
	if o.Frame.Rows.Name != "" {
		t.Error("the caller's options were changed")
	}
	img, err = Sheet(ctx, d, nd.Sel(), 0, o)
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X < 2*120 || size.Y < 2*100 || size.X > 600 {
		t.Errorf("a sheet of five planes of 120×90: %v", size)
	}
}

// A picture in colour that is imported is drawn as it was.
func TestColoredPicture(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	for _, typ := range []dtype.Type{dtype.Uint8, dtype.Uint16} {
		for _, samples := range []int{3, 4} {
			d, err := c.CreateDataset(ctx, fmt.Sprint(typ, samples), dosna.DatasetSpec{Shape: []int{2, 6, 7, samples}, Type: typ, Chunks: []int{1, 4, 4, 2}})
			if err != nil {
				t.Fatal(err)
			}
			data := make([]byte, d.Bytes())
			for i := range d.Size() {
				v := i * 37 % 256
				if i%samples == 3 && v < 128 {
					v = 255
				}
				e, err := typ.Encode(v * (1<<(8*typ.Size()) - 1) / 255)
				if err != nil {
					t.Fatal(err)
				}
				copy(data[i*typ.Size():], e)
			}
			if err := d.WriteRaw(ctx, nd.Sel(), data); err != nil {
				t.Fatal(err)
			}
			img, err := Picture(ctx, d, nd.Sel(nd.At(1)), &render.ImageOptions{Range: render.Between(0, float64(int(1)<<(8*typ.Size())-1))})
			if err != nil {
				t.Fatal(err)
			}
			plain, err := Picture(ctx, d, nd.Sel(nd.At(1)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if typ == dtype.Uint8 && fmt.Sprint(plain) != fmt.Sprint(img) {
				t.Error("the default range of colours is not that of their type")
			}
			number := typ.Number()
			for y := range 6 {
				for x := range 7 {
					p := img.(*image.NRGBA).NRGBAAt(x, y)
					for ch, got := range []uint8{p.R, p.G, p.B, p.A}[:samples] {
						at := (((1*6+y)*7+x)*samples + ch) * typ.Size()
						if want := int(number(data[at:])) >> (8*typ.Size() - 8); max(int(got)-want, want-int(got)) > 1 {
							t.Fatalf("%s, %d colours: (%d, %d) is %v, want %d", typ, samples, x, y, p, want)
						}
					}
				}
			}
			framed, err := Picture(ctx, d, nd.Sel(nd.At(1)), &render.ImageOptions{Frame: &render.Frame{Axes: true}})
			if err != nil || framed.Bounds().Dx() < 500 {
				t.Errorf("with axes: %v", err)
			}
			for _, o := range []*render.ImageOptions{{Colormap: "viridis"}, {Frame: &render.Frame{Bar: true}}} {
				if _, err := Picture(ctx, d, nd.Sel(nd.At(1)), o); err == nil {
					t.Errorf("%+v: no error", o)
				}
			}
			if _, err := Picture(ctx, d, nd.Sel(), nil); err == nil {
				t.Error("several pictures in colour: no error")
			}
		}
	}
}
