package main

import (
	"context"
	"math"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

// picturesFlags say how pictures are written.
type picturesFlags struct {
	bits        int
	between     numbersFlag
	compression choiceFlag
}

func (p *picturesFlags) flags(cmd *cobra.Command) {
	p.between = numbersFlag{least: 2, most: 2}
	p.compression.of = convert.Compressions
	f := cmd.Flags()
	f.Var(intFlag[int]{&p.bits, "BITS", 8, 16}, "bits", "map numbers to all levels of 8 or 16 bits, in .tif and stacks of pictures")
	f.Var(&p.between, "range", "two numbers, lo,hi, for the first and the last level of --bits (default: minimum and maximum)")
	f.Var(&p.compression, "compression", "of .tif (default none)")
	_ = cmd.RegisterFlagCompletionFunc("compression", words(convert.Compressions...))
}

// levels puts what the flags say into o. A range that is not given is NaN.
func (p *picturesFlags) levels(o *convert.Options, path, format string) error {
	if p.bits == 0 && p.between.values == nil && o.Compression == "" {
		return nil
	}
	kind, err := convert.FormatOf(path)
	if path == "-" {
		kind, err = convert.Format(format), nil
	}
	stack := convert.IsStack(path)
	switch {
	case (err != nil || kind != convert.TIFF) && !stack:
		return usagef("export: --bits, --range and --compression are for .tif and stacks of pictures")
	case o.Compression != "" && kind != convert.TIFF:
		return usagef("export: --compression is for .tif")
	case p.bits == 0 && p.between.values != nil:
		return usagef("export: --range goes with --bits")
	case p.bits == 0:
		return nil
	case p.bits != 8 && p.bits != 16:
		return usagef("export: --bits is 8 or 16")
	}
	o.Levels = &convert.Levels{Bits: p.bits, Low: math.NaN(), High: math.NaN()}
	if p.between.values != nil {
		o.Levels.Low, o.Levels.High = p.between.values[0], p.between.values[1]
	}
	return nil
}

// findLevels takes minimum and maximum of a selection where levels are wanted
// and no range was given.
func (a *app) findLevels(ctx context.Context, d *dosna.Dataset, sel nd.Selection, l *convert.Levels) error {
	if l == nil || !math.IsNaN(l.Low) {
		return nil
	}
	opts, done := a.progress("looking for the range", d.Connection().Options())
	defer done()
	s, err := ops.Stats(ctx, d.With(opts), sel, ops.StatsOptions{})
	if err != nil {
		return err
	}
	l.Low, l.High = 0, 0
	if s.Count == 0 {
		return nil
	}
	number := d.Type().Number()
	low, err := d.Type().Encode(s.Min)
	if err != nil {
		return err
	}
	high, err := d.Type().Encode(s.Max)
	if err != nil {
		return err
	}
	l.Low, l.High = number(low), number(high)
	return nil
}
