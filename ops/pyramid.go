package ops

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dosna/dosna"
)

// PyramidOptions say what a pyramid has; the zero value is right for an image.
type PyramidOptions struct {
	// Levels is the number of levels, the full size among them; 0: until the
	// longest axis in space is no longer than 256.
	Levels int
	// Method is ReduceMean if empty.
	Method Reduction
	// Axes are the names of the axes: t is time, c channels, others, such as z, y
	// and x, are space. They come in this order, one to three of them in space
	// (the specification wants two or three). Nil: the dataset's dimension names,
	// or the last ones of t, c, z, y, x.
	Axes []string
	// Scale is the size of an element along each axis (1 if nil), Unit its unit
	// in space, a name of UDUNITS-2 such as "micrometer".
	Scale []float64
	Unit  string
	// Copy changes how levels are stored; nil: as the source.
	Copy *dosna.CopyOptions
}

// smallest is the length that the longest axis of the last level has at most.
const smallest = 256

// BuildPyramid makes a group with smaller and smaller copies of a dataset, the
// first of them as large as it is, that viewers open: an OME-Zarr image, version
// 0.5 (ngff.openmicroscopy.org/0.5, "multiscales"). Every level halves the axes in
// space that are longer than 1; time and channels stay.
//
// The centres of a level's elements do not lie where those of the level before
// do, unless the method is ReduceNearest, which leaves elements in their places:
// a translation tells where they lie.
//
// Levels are seen when they are complete, and the group says that it is an image
// when all are. If that fails the group is removed again. On an engine of several
// ranks it cannot be made.
func BuildPyramid(ctx context.Context, src *dosna.Dataset, to *dosna.Connection, path string, o PyramidOptions) (*dosna.Group, error) {
	p, err := newPyramid(src, o)
	if err != nil {
		return nil, fmt.Errorf("pyramid of %s: %w: %w", src, dosna.ErrInvalid, err)
	}
	g, err := to.CreateGroup(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	if err := p.build(ctx, src, g); err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return nil, errors.Join(err, to.Delete(clean, g.Path()))
	}
	return to.OpenGroup(ctx, g.Path())
}

type pyramid struct {
	PyramidOptions
	shapes  [][]int
	factors [][]int // from the level before
	spec    dosna.DatasetSpec
	name    string
}

func newPyramid(src *dosna.Dataset, o PyramidOptions) (*pyramid, error) {
	p := &pyramid{PyramidOptions: o, name: src.Name()}
	if p.Method == "" {
		p.Method = ReduceMean
	}
	if p.Copy == nil {
		p.Copy = &dosna.CopyOptions{}
	}
	n := src.NDim()
	if p.Axes == nil {
		p.Axes = defaultAxes(src)
	}
	if p.Scale == nil {
		p.Scale = slices.Repeat([]float64{1}, n)
	}
	if err := p.check(n); err != nil {
		return nil, err
	}
	if e := src.Connection().Options().Engine; e != nil && e.Comm().Size() > 1 {
		return nil, errors.New("it is made by one process, and the engine has several ranks")
	}
	shape, factors := src.Shape(), slices.Repeat([]int{1}, n)
	for level := 0; ; level++ {
		p.shapes, p.factors = append(p.shapes, slices.Clone(shape)), append(p.factors, factors)
		longest := 0
		factors = make([]int, n)
		for i := range factors {
			factors[i] = 1
			if isSpace(p.Axes[i]) && shape[i] > 1 {
				factors[i] = 2
				longest = max(longest, shape[i])
				shape[i] = (shape[i] + 1) / 2
			}
		}
		if p.Levels == 0 && longest <= smallest || level+1 == p.Levels {
			break
		}
		if longest == 0 {
			return nil, fmt.Errorf("there are no %d levels: after %d nothing is left to be halved", p.Levels, level+1)
		}
	}
	if _, err := NewReducer(src.Type(), factors, p.Method); err != nil {
		return nil, err
	}
	var err error
	p.spec, err = p.Copy.Spec(src)
	p.spec.DimensionNames = p.Axes
	return p, err
}

func isSpace(axis string) bool { return axis != "t" && axis != "c" }

// defaultAxes are the names of the dataset's axes, or the usual ones.
func defaultAxes(d *dosna.Dataset) []string {
	if names := d.DimensionNames(); names != nil && !slices.Contains(names, "") {
		return names
	}
	usual := []string{"t", "c", "z", "y", "x"}
	return usual[max(len(usual)-d.NDim(), 0):]
}

func (p *pyramid) check(n int) error {
	if len(p.Axes) != n {
		return fmt.Errorf("%d axes (%s) for an array of %d; images have two to five, such as t, c, z, y, x", len(p.Axes), strings.Join(p.Axes, ", "), n)
	}
	space := 0
	for i, a := range p.Axes {
		if a == "" || slices.Contains(p.Axes[:i], a) {
			return fmt.Errorf("axes %q: every one needs a name of its own", p.Axes)
		}
		if isSpace(a) {
			space++
		} else if space > 0 || a == "t" && i > 0 {
			return fmt.Errorf("axes %q: time (t) comes first, then channels (c), then space", p.Axes)
		}
	}
	if space < 2 || space > 3 {
		return fmt.Errorf("axes %q: an image has two or three axes in space (z, y, x)", p.Axes)
	}
	if len(p.Scale) != n {
		return fmt.Errorf("a scale of %d numbers for %d axes", len(p.Scale), n)
	}
	for _, x := range p.Scale {
		if !(x > 0) || math.IsInf(x, 0) {
			return fmt.Errorf("the scale %v: sizes are positive numbers", p.Scale)
		}
	}
	if p.Levels < 0 || p.Levels > 64 {
		return fmt.Errorf("%d levels", p.Levels)
	}
	return nil
}

func (p *pyramid) build(ctx context.Context, src *dosna.Dataset, g *dosna.Group) error {
	last := src
	for i, shape := range p.shapes {
		spec := p.spec
		spec.Shape = shape
		if i > 0 {
			spec.Attrs = nil
		}
		level, err := g.BuildDataset(ctx, fmt.Sprint(i), spec, func(ctx context.Context, d *dosna.Dataset) error {
			if i == 0 {
				return src.CopyTo(ctx, d)
			}
			return Downsample(ctx, d, last, p.factors[i], p.Method)
		})
		if err != nil {
			return err
		}
		last = level.With(src.Connection().Options())
	}
	return g.UpdateAttrs(ctx, func(a dosna.Attributes) error {
		a["ome"] = p.metadata()
		return nil
	})
}

// metadata is the value of the attribute "ome".
func (p *pyramid) metadata() map[string]any {
	var axes, datasets []any
	for _, name := range p.Axes {
		axis := map[string]any{"name": name, "type": "space"}
		switch {
		case name == "t":
			axis["type"] = "time"
		case name == "c":
			axis["type"] = "channel"
		case p.Unit != "":
			axis["unit"] = p.Unit
		}
		axes = append(axes, axis)
	}
	scale, shift := slices.Clone(p.Scale), make([]float64, len(p.Scale))
	for i := range p.shapes {
		for a, f := range p.factors[i] {
			if p.Method != ReduceNearest {
				shift[a] += scale[a] * float64(f-1) / 2
			}
			scale[a] *= float64(f)
		}
		transforms := []any{map[string]any{"type": "scale", "scale": slices.Clone(scale)}}
		if slices.ContainsFunc(shift, func(x float64) bool { return x != 0 }) {
			transforms = append(transforms, map[string]any{"type": "translation", "translation": slices.Clone(shift)})
		}
		datasets = append(datasets, map[string]any{"path": fmt.Sprint(i), "coordinateTransformations": transforms})
	}
	image := map[string]any{
		"name": p.name, "axes": axes, "datasets": datasets, "type": string(p.Method),
		"metadata": map[string]any{
			"description": "each level halves the axes in space of the one before, by " + string(p.Method) + " of windows of 2, which are smaller at odd ends",
			"method":      "dosna pyramid",
		},
	}
	return map[string]any{"version": "0.5", "multiscales": []any{image}}
}
