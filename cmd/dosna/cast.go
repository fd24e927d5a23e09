package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/ops"
)

func (a *app) castCommand() *cobra.Command {
	var s storing
	var t typeFlag
	var o ops.CastOptions
	var overwrite bool
	from, to := numbersFlag{least: 2, most: 2}, numbersFlag{least: 2, most: 2}
	cmd := &cobra.Command{
		Use:   "cast SOURCE DESTINATION --dtype TYPE",
		Short: "Convert a dataset to another type, or range of numbers",
		Long: `Convert the elements of a dataset to another type, into a new dataset, chunk by
chunk. Numbers are rounded to the nearest, and those out of the type's range become
the nearest in it. With --from and --to a range of numbers is mapped to another
one first, and what lies outside goes to its ends.

Texts become the numbers and times that they say, and these texts, as NumPy's astype
does. A text that is no number, or out of range, ends it with an error that names the
element, and so does one that is too long for a type of fixed length, without
--truncate.`,
		Example: `  dosna cast /tmp/pool#/scan/raw '#/scan/bytes' --dtype uint8
  dosna cast /tmp/pool#/scan/raw '#/scan/scaled' --dtype uint8 --from -3,3 --to 0,255
  dosna cast /tmp/pool#/scan/raw '#/scan/texts' --dtype string`,
		Args: exactArgs("the source", "the destination"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (from.values == nil) != (to.values == nil) {
				return usagef("cast: --from and --to go together")
			}
			fill := func(ctx context.Context, out, d *dosna.Dataset) error { return ops.Convert(ctx, out, d, o) }
			if from.values != nil {
				l, err := ops.RangeToRange(from.values[0], from.values[1], to.values[0], to.values[1])
				if err != nil {
					return usagef("cast: %w", err)
				}
				fill = func(ctx context.Context, out, d *dosna.Dataset) error { return ops.RescaleTo(ctx, out, d, l, o) }
			}
			return a.derive(cmd.Context(), args[0], args[1], derivation{"cast", "casting", s.options(), t.t, overwrite, fill})
		},
	}
	t.flag(cmd, "type of the result")
	f := cmd.Flags()
	f.Var(&from, "from", "two numbers, lo,hi, to be mapped to those of --to")
	f.Var(&to, "to", "what the numbers of --from become; the larger one first inverts")
	f.BoolVar(&o.Truncate, "truncate", false, "cut off fractions and the ends of texts, and let integers overflow, as NumPy's astype does")
	f.BoolVar(&o.DropImaginary, "real", false, "take the real part of complex numbers")
	f.BoolVar(&overwrite, "overwrite", false, "replace a dataset that is there, when the new one is complete")
	s.flags(cmd, "as the source")
	a.required(cmd, "dtype")
	cmd.ValidArgsFunction = a.completeAddress(2)
	return cmd
}
