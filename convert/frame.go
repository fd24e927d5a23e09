package convert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// framed returns the options with a frame, if they ask for one, whose axes are
// those of a dataset, seen through a selection. Dims are dimensions of it, the last
// two of which are the rows and columns, -1 for none; with a frame it returns the
// axes along all of them, too.
func framed(ctx context.Context, d *dosna.Dataset, r *nd.Region, dims []int, o *render.ImageOptions) (*render.ImageOptions, []render.Axis, error) {
	axes := make([]render.Axis, len(dims))
	if o == nil || o.Frame == nil || !o.Frame.Axes && !o.Frame.Bar {
		return o, axes, nil
	}
	all, err := axesOf(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	for i, dim := range dims {
		axes[i] = seen(all, r, dim)
	}
	f, out := *o.Frame, *o
	f.Rows, f.Cols = axes[len(axes)-2], axes[len(axes)-1]
	if f.BarLabel == "" {
		f.BarLabel = meaning(d)
	}
	out.Frame = &f
	return &out, axes, nil
}

// seen returns a dimension of a selection as an axis.
func seen(axes []render.Axis, r *nd.Region, dim int) render.Axis {
	if dim < 0 {
		return render.Axis{Step: 1, Whole: true}
	}
	axis, start, step := r.Along(dim)
	switch {
	case axis < 0:
		return render.Axis{Step: 1, Whole: true}
	case step == 0: // a list
		return render.Axis{Name: axes[axis].Name + ", as selected", Step: 1, Whole: true}
	}
	a := axes[axis]
	a.Start += float64(start) * a.Step
	a.Step *= float64(step)
	return a
}

// meaning says what a dataset's numbers are, if its attributes do as the CF
// conventions have it (chapter 3, "units", "long_name", "standard_name").
func meaning(d *dosna.Dataset) string {
	attrs := d.Attrs()
	name := ""
	for _, key := range []string{"long_name", "standard_name"} {
		if text, ok := attrs[key].(string); ok && name == "" {
			name = text
		}
	}
	unit, _ := attrs["units"].(string)
	_, scaled := attrs["scale_factor"]
	_, shifted := attrs["add_offset"]
	switch {
	case scaled || shifted: // numbers are drawn as they are stored
		return strings.TrimSpace(name + " (as stored)")
	case name == "" || unit == "":
		return name + unit
	}
	return name + " (" + unit + ")"
}

// axesOf returns where the elements along the axes of a dataset lie. An OME-Zarr
// image (versions 0.4 and 0.5) tells it in the attributes of the group above a
// level, and a dataset of the CF conventions has another one beside it with the
// coordinates along a dimension, by whose name it goes. Otherwise it is by their
// positions.
func axesOf(ctx context.Context, d *dosna.Dataset) ([]render.Axis, error) {
	axes := make([]render.Axis, d.NDim())
	names := d.DimensionNames()
	for i := range axes {
		axes[i] = render.Axis{Name: fmt.Sprintf("axis %d", i), Step: 1, Whole: true}
		if names != nil && names[i] != "" {
			axes[i].Name = names[i]
		}
	}
	if d.Path() == "/" {
		return axes, nil
	}
	above, err := d.Connection().OpenGroup(ctx, path.Dir(d.Path()))
	switch {
	case errors.Is(err, dosna.ErrNotExist):
		return axes, nil
	case err != nil:
		return nil, err
	}
	if ome := omeAxes(above.Attrs(), d); ome != nil {
		return ome, nil
	}
	shape := d.Shape()
	for i, name := range names {
		if name == "" || strings.Contains(name, "/") || name == d.Name() {
			continue
		}
		a, ok, err := coordinateAxis(ctx, above, name, shape[i])
		if err != nil {
			return nil, err
		}
		if ok {
			axes[i] = a
		}
	}
	return axes, nil
}

// multiscale is what OME-Zarr says of an image's levels (ngff.openmicroscopy.org,
// "multiscales").
type multiscale struct {
	Axes     []struct{ Name, Unit string }
	Datasets []struct {
		Path                      string
		CoordinateTransformations []transformation
	}
	CoordinateTransformations []transformation
}

type transformation struct {
	Type        string
	Scale       []float64
	Translation []float64
}

// omeAxes returns the axes of a level of an OME-Zarr image, nil if the group above
// is none or does not tell of it.
func omeAxes(attrs dosna.Attributes, d *dosna.Dataset) []render.Axis {
	var image struct {
		OME         struct{ Multiscales []multiscale }
		Multiscales []multiscale
	}
	text, err := json.Marshal(map[string]any{"ome": attrs["ome"], "multiscales": attrs["multiscales"]})
	if err != nil || json.Unmarshal(text, &image) != nil {
		return nil // some other "multiscales" than that of OME
	}
	n := d.NDim()
	for _, m := range append(image.OME.Multiscales, image.Multiscales...) {
		if len(m.Axes) != n {
			continue
		}
		for _, level := range m.Datasets {
			if level.Path != d.Name() {
				continue
			}
			axes := make([]render.Axis, n)
			for i := range axes {
				axes[i] = render.Axis{Name: m.Axes[i].Name, Unit: m.Axes[i].Unit, Step: 1}
			}
			for _, t := range append(level.CoordinateTransformations, m.CoordinateTransformations...) {
				if !t.apply(axes) {
					return nil
				}
			}
			for i, a := range axes {
				axes[i].Whole = a.Unit == "" && a.Start == 0 && a.Step == 1
			}
			return axes
		}
	}
	return nil
}

// apply scales or shifts axes; it is false if the transformation does not tell how.
func (t transformation) apply(axes []render.Axis) bool {
	switch {
	case t.Type == "identity":
		return true
	case t.Type == "scale" && len(t.Scale) == len(axes):
		for i, x := range t.Scale {
			axes[i].Start *= x
			axes[i].Step *= x
		}
		return !slices.Contains(t.Scale, 0)
	case t.Type == "translation" && len(t.Translation) == len(axes):
		for i, x := range t.Translation {
			axes[i].Start += x
		}
		return true
	}
	return false
}

// maxCoordinates bounds the coordinates that are looked at.
const maxCoordinates = 1 << 20

// coordinateAxis returns the axis of n elements whose coordinates are in the
// dataset of that name, if there is one and they are evenly spaced.
func coordinateAxis(ctx context.Context, above *dosna.Group, name string, n int) (render.Axis, bool, error) {
	a := render.Axis{Name: name}
	node, err := above.Open(ctx, name)
	if errors.Is(err, dosna.ErrNotExist) {
		return a, false, nil
	}
	if err != nil {
		return a, false, err
	}
	c, ok := node.(*dosna.Dataset)
	if !ok || !slices.Equal(c.Shape(), []int{n}) || n < 1 || n > maxCoordinates || c.Type().Kind() != dtype.Float && c.Type().Kind() != dtype.Int && c.Type().Kind() != dtype.Uint {
		return a, false, nil
	}
	raw := make([]byte, n*c.Type().Size())
	if err := c.ReadRaw(ctx, nd.Sel(), raw); err != nil {
		return a, false, err
	}
	number, size := c.Type().Number(), c.Type().Size()
	at := func(i int) float64 { return number(raw[i*size:]) }
	a.Start, a.Step = at(0), 1
	if n > 1 {
		a.Step = (at(n-1) - at(0)) / float64(n-1)
	}
	for i := range n {
		if !(math.Abs(at(i)-a.Start-float64(i)*a.Step) <= math.Abs(a.Step)/100) || a.Step == 0 {
			return a, false, nil
		}
	}
	attrs := c.Attrs()
	a.Unit, _ = attrs["units"].(string)
	if a.Unit == "1" { // a number without a dimension
		a.Unit = ""
	}
	return a, true, nil
}
