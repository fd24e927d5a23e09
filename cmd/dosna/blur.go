package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

// boundaries are the names that nd.ParseBoundary knows.
var boundaries = []string{"reflect", "constant", "nearest", "mirror", "wrap"}

func (a *app) blurCommand() *cobra.Command {
	var s storing
	var t typeFlag
	var value string
	var overwrite bool
	sigma, order, truncate := numbersFlag{least: 1}, numbersFlag{least: 1}, numbersFlag{least: 1, most: 1}
	boundary := choiceFlag{of: boundaries, value: "reflect"}
	cmd := &cobra.Command{
		Use:   "blur SOURCE DESTINATION --sigma SIGMA",
		Short: "Filter a dataset with a Gaussian",
		Long: `Filter a dataset with a Gaussian into a new dataset, chunk by chunk, in memory
that does not grow with it. The result is that of SciPy's gaussian_filter on the
whole array, whatever the chunks. The new dataset is stored as the source is,
unless flags say otherwise, and seen when it is complete; if blurring fails or is
interrupted it is removed.

As in SciPy, integers stay integers, cut off after each axis; --dtype float32
keeps the fractions.`,
		Example: `  dosna blur /tmp/pool#/scan/raw /tmp/pool#/scan/blurred --sigma 2
  dosna blur /tmp/pool#/scan/raw '#/scan/planes' --sigma 0,3,3 --boundary nearest --dtype float64
  dosna blur /tmp/pool#/scan/raw '#/scan/edges' --sigma 1 --derivative 0,0,1`,
		Args: exactArgs("the source", "the destination"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := ops.GaussianOptions{Sigma: sigma.values}
			for _, x := range order.values {
				o.Order = append(o.Order, int(x))
				if x != float64(int(x)) {
					return usagef("blur: --derivative %v is not an integer", x)
				}
			}
			if truncate.values != nil {
				o.Truncate = truncate.values[0]
			}
			if value != "" {
				if boundary.value != "constant" {
					return usagef("blur: --value is for --boundary constant")
				}
				o.Value = value
			}
			var err error
			if o.Boundary, err = nd.ParseBoundary(boundary.value); err != nil {
				return usageError{err}
			}
			fill := func(ctx context.Context, out, d *dosna.Dataset) error { return ops.Blur(ctx, out, d, o) }
			return a.derive(cmd.Context(), args[0], args[1], derivation{"blurred", "blurring", s.options(), t.t, overwrite, fill})
		},
	}
	f := cmd.Flags()
	f.Var(&sigma, "sigma", "standard deviation in elements: one, or one for each axis; 0 leaves an axis alone")
	f.Var(&boundary, "boundary", "what lies beyond the edges, as in SciPy")
	f.StringVar(&value, "value", "", "`NUMBER` beyond the edges, for --boundary constant (default 0)")
	f.Var(&truncate, "truncate", "radius of the filter in standard deviations (default 4)")
	f.Var(&order, "derivative", "take derivatives of that order: one, or one for each axis (default 0)")
	t.flag(cmd, "type of the result (default: that of the source)")
	f.BoolVar(&overwrite, "overwrite", false, "replace a dataset that is there, when the new one is complete")
	s.flags(cmd, "as the source")
	a.required(cmd, "sigma")
	_ = cmd.RegisterFlagCompletionFunc("boundary", words(boundaries...))
	cmd.ValidArgsFunction = a.completeAddress(2)
	return cmd
}
