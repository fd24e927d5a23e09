package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

func (a *app) getCommand() *cobra.Command {
	var file, field string
	var all bool
	var o render.TextOptions
	cmd := &cobra.Command{
		Use:   "get DATASET [SELECTION]",
		Short: "Print elements",
		Long: `Print the elements that a selection picks, as NumPy prints an array; all of them
if there is no selection. Of many elements only the corners are printed, and only
those are read. With --json they are printed as nested lists, all of them.`,
		Example: `  dosna get /tmp/pool#/scan/raw '100, 0:4, 0:4'
  dosna get /tmp/pool#/scan/raw '-1, ::100, [1,5,9]'
  dosna get /tmp/pool#/scan/raw '100' -o plane.npy
  dosna get /tmp/pool#/scan/raw '100, 0:4, 0:4' --json`,
		Args: rangeArgs(1, "the dataset's address", "the selection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sel, err := selection(argument(args, 1))
			if err != nil {
				return err
			}
			if all {
				o.Threshold = 1 << 62
			}
			return a.get(cmd.Context(), args[0], sel, field, file, &o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "output", "o", "", "write them to a `FILE` instead: .npy, .npz, .raw, .json, .png")
	f.StringVar(&field, "field", "", "only the field `NAME` of structs; outer/inner is one in a field")
	f.BoolVar(&all, "all", false, "print every element, not only the corners")
	f.Var(intFlag[int]{&o.Precision, "DIGITS", 0, 100}, "precision", "digits after the point, at most (default 8)")
	f.BoolVar(&o.Suppress, "suppress", false, "print small numbers without exponents")
	f.Var(intFlag[int]{&o.Width, "CHARACTERS", 1, 1_000_000}, "width", "characters of a line, at most (default 75)")
	cmd.ValidArgsFunction = a.completeAddress(1)
	_ = cmd.RegisterFlagCompletionFunc("output", files("npy", "npz", "raw", "json", "png"))
	return cmd
}

// argument returns an argument, or "" if there are not that many.
func argument(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

func (a *app) get(ctx context.Context, address string, sel nd.Selection, field, file string, o *render.TextOptions) error {
	if file != "" {
		return a.export(ctx, address, sel, field, file, "", &convert.Options{})
	}
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		d, err := p.fieldOf(ctx, field)
		if err != nil {
			return err
		}
		if a.json {
			return convert.Export(ctx, d, sel, a.out, convert.JSON, nil)
		}
		return convert.Print(ctx, a.out, d, sel, o)
	})
}
