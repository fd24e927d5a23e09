package main

import (
	"context"
	"image/png"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

func (a *app) showCommand() *cobra.Command {
	var o render.ImageOptions
	between := numbersFlag{least: 2, most: 2}
	percentiles := numbersFlag{least: 2, most: 2}
	var file string
	var where placing
	var frame render.Frame
	cmd := &cobra.Command{
		Use:   "show DATASET [SELECTION]",
		Short: "Draw a plane, or a sheet of planes, as a picture",
		Long: `Draw a selection with two long axes as a PNG picture, the first axis from top to
bottom. The smallest number has the first colour of the colormap and the largest
the last, unless --range or --percentiles say otherwise. With --sheet a selection
with three axes becomes a contact sheet of planes across its first. A last axis of 3 or
4 unsigned numbers of 8 or 16 bits is colours.

Numbers along --axes are positions or, where an OME-Zarr image or the coordinates of
the CF conventions tell of them, lengths, times and so on with their units.

In a terminal the picture is shown there, as kitty's or iTerm2's protocols do, in
sixels or by blocks of colour, unless -o names a file. Else the file is named after the dataset.`,
		Example: `  dosna show /tmp/pool#/scan/raw '100' -o slice.png --colormap viridis
  dosna show /tmp/pool#/scan/raw ':, 50' --percentiles 1,99
  dosna show /tmp/pool#/scan/raw '...,0' --range -1,1 --colormap coolwarm --size 1024
  dosna show /tmp/pool#/scan/raw '100' --axes --bar --colormap magma
  dosna show /tmp/pool#/scan/raw --sheet 9 --size 128 -o sheet.png
  dosna show /tmp/pool#/scan/raw '100' --terminal blocks`,
		Args: rangeArgs(1, "the dataset's address", "the selection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sel, err := selection(argument(args, 1))
			if err != nil {
				return err
			}
			if _, err := render.ColormapByName(o.Colormap); err != nil {
				return usagef("show: %w", err)
			}
			switch {
			case between.values != nil && percentiles.values != nil:
				return usagef("show: --range and --percentiles exclude each other")
			case between.values != nil:
				o.Range = render.Between(between.values[0], between.values[1])
			case percentiles.values != nil:
				o.Range = render.Percentiles(percentiles.values[0], percentiles.values[1])
			}
			if err := where.check(file); err != nil {
				return err
			}
			o.Frame = &frame
			return a.showPlane(cmd.Context(), args[0], sel, file, where, &o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "output", "o", "", "the `FILE`, or - for standard output (default: NAME.png, here)")
	f.StringVar(&o.Colormap, "colormap", "", "`COLORMAP`: "+strings.Join(render.Colormaps(), ", ")+"; reversed with _r at the end")
	f.Var(&between, "range", "numbers that get the first and the last colour")
	f.Var(&percentiles, "percentiles", "the same as percentiles of the plane: 1,99")
	f.Var(intFlag[int]{&o.Size, "PIXELS", 1, 1 << 15}, "size", "pixels of the longest side, at most; small planes are enlarged (default: one for each element)")
	f.BoolVar(&o.Nearest, "nearest", false, "reduce large planes by leaving out elements, not by means")
	f.StringVar(&o.Field, "field", "", "the `FIELD` of struct elements to draw; a field in a field is a/b")
	f.BoolVar(&frame.Axes, "axes", false, "draw ticks, numbers and names along the axes")
	f.BoolVar(&frame.Bar, "bar", false, "draw a bar of the colours, with the numbers they stand for")
	where.flags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("colormap", words(render.Colormaps()...))
	_ = cmd.RegisterFlagCompletionFunc("output", files("png"))
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

func (a *app) showPlane(ctx context.Context, address string, sel nd.Selection, file string, where placing, o *render.ImageOptions) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		d, err := p.dataset(ctx)
		if err != nil {
			return err
		}
		img, err := where.draw(ctx, d, sel, o)
		if err != nil {
			return err
		}
		if t := where.terminal(a, file); t != "" {
			return t.Show(a.out, img, columnsOf(a.out))
		}
		if file == "-" {
			return png.Encode(a.out, img)
		}
		if file == "" {
			file = pictureName(p, d)
		}
		if err := convert.WriteImage(file, img); err != nil {
			return err
		}
		size := img.Bounds().Size()
		return a.confirm(picture{file, size.X, size.Y}, "drew %s, %d×%d pixels", file, size.X, size.Y)
	})
}

// picture is a file that show has written.
type picture struct {
	File   string `json:"file"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// pictureName is the file for a dataset's picture.
func pictureName(p place, d *dosna.Dataset) string {
	name := d.Name()
	if name == "" {
		name = p.URL()[strings.LastIndexByte(strings.TrimRight(p.URL(), "/"), '/')+1:]
	}
	return strings.Trim(name, "/") + ".png"
}
