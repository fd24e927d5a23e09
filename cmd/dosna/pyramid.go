package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna/ops"
)

func (a *app) pyramidCommand() *cobra.Command {
	var s storing
	var o ops.PyramidOptions
	var axes string
	method := choiceFlag{value: string(ops.ReduceMean)}
	for _, m := range ops.Reductions {
		method.of = append(method.of, string(m))
	}
	scale := numbersFlag{least: 1}
	cmd := &cobra.Command{
		Use:   "pyramid DATASET GROUP",
		Short: "Make an OME-Zarr image with smaller and smaller levels",
		Long: `Copy a dataset into a new group together with smaller and smaller levels of it,
each of half the size along the axes in space: an OME-Zarr image, version 0.5, as
napari, neuroglancer and other viewers open it. Labels want --method mode, max or
nearest. Integers are rounded to the nearest, halves to even.

Axes are t (time), c (channels) and any others, which are space; time and channels
are not reduced. Until all is complete the group is no image, and if that fails or
is interrupted it is removed.`,
		Example: `  dosna pyramid /tmp/pool#/scan/raw /tmp/pool#/scan/raw.ome --scale 0.5,0.5,0.5 --unit micrometer
  dosna pyramid /tmp/pool#/scan/raw '#/scan/labels' --method mode --levels 3 --axes zyx`,
		Args: exactArgs("the dataset's address", "the group's address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Method, o.Scale, o.Copy = ops.Reduction(method.value), scale.values, s.options()
			switch {
			case strings.Contains(axes, ","):
				o.Axes = strings.Split(axes, ",")
			case axes != "":
				o.Axes = strings.Split(axes, "")
			}
			return a.pyramid(cmd.Context(), args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	f.Var(intFlag[int]{&o.Levels, "N", 1, 64}, "levels", "number of levels, the full size among them (default: until none is longer than 256)")
	f.Var(&method, "method", "what becomes of 2×2×2 elements")
	f.StringVar(&axes, "axes", "", "`NAMES` of the axes: zyx, or t,c,y,x (default: the dataset's, or the last of tczyx)")
	f.Var(&scale, "scale", "size of an element along each axis (default 1)")
	f.StringVar(&o.Unit, "unit", "", "`UNIT` of --scale in space: micrometer")
	s.flags(cmd, "as the source")
	_ = cmd.RegisterFlagCompletionFunc("method", words(method.of...))
	_ = cmd.RegisterFlagCompletionFunc("unit", words("nanometer", "micrometer", "millimeter", "meter"))
	_ = cmd.RegisterFlagCompletionFunc("axes", words("yx", "zyx", "czyx", "tczyx"))
	cmd.ValidArgsFunction = a.completeAddress(2)
	return cmd
}

// pyramidInfo tells of a pyramid in JSON.
type pyramidInfo struct {
	Path    string  `json:"path"`
	Shapes  [][]int `json:"shapes"`
	Method  string  `json:"method"`
	Seconds float64 `json:"seconds"`
}

func (a *app) pyramid(ctx context.Context, from, to string, o ops.PyramidOptions) error {
	if _, dst, err := addresses(from, to); err != nil {
		return err
	} else if err := namesNode(dst.String()); err != nil {
		return err
	}
	start := time.Now()
	return a.between(ctx, from, to, func(src, dst place) error {
		d, err := src.dataset(ctx)
		if err != nil {
			return err
		}
		if err := dst.vacant(ctx); err != nil {
			return err
		}
		opts, finish := a.progress("building", src.Options())
		g, err := ops.BuildPyramid(ctx, d.With(opts), dst.Connection, dst.path, o)
		finish()
		if err != nil {
			return err
		}
		info := pyramidInfo{Path: g.Path(), Method: string(o.Method)}
		text := ""
		for i := 0; ; i++ {
			has, err := g.Has(ctx, fmt.Sprint(i))
			if err != nil {
				return err
			}
			if !has {
				break
			}
			level, err := g.OpenDataset(ctx, fmt.Sprint(i))
			if err != nil {
				return err
			}
			info.Shapes = append(info.Shapes, level.Shape())
			text += fmt.Sprintf("\n%d: %s", i, tuple(level.Shape()))
		}
		if err := dst.Sync(ctx); err != nil {
			return err
		}
		took := time.Since(start)
		info.Seconds = took.Seconds()
		return a.confirm(info, "built %s: %s of %s in %s%s", dst, count(len(info.Shapes), "level"), d.Type(), seconds(took), text)
	})
}
