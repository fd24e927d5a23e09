package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

func (a *app) statsCommand() *cobra.Command {
	var o ops.StatsOptions
	percentiles, between := numbersFlag{least: 1}, numbersFlag{least: 2, most: 2}
	cmd := &cobra.Command{
		Use:   "stats DATASET [SELECTION]",
		Short: "Minimum, maximum, mean, deviation; histogram, percentiles",
		Long: `Take statistics of a dataset or a selection of it, chunk by chunk: how many
numbers there are, the smallest and the largest, mean and standard deviation, and
on request a histogram and percentiles. NaNs are counted and left out. All
are exact, but for percentiles without --exact, whose error is told.

Of texts and bytes it tells how many there are and how many different ones, the
first and the last in order, and how long they are.`,
		Example: `  dosna stats /tmp/pool#/scan/raw
  dosna stats /tmp/pool#/scan/raw '100' --histogram 10 --percentiles 5,50,95
  dosna stats /tmp/pool#/scan/raw --percentiles 50 --exact --json`,
		Args: rangeArgs(1, "the dataset's address", "the selection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sel, err := selection(argument(args, 1))
			if err != nil {
				return err
			}
			if o.Exact && percentiles.values == nil {
				return usagef("stats: --exact is for --percentiles")
			}
			o.Percentiles, o.Range = percentiles.values, between.values
			return a.stats(cmd.Context(), args[0], sel, o)
		},
	}
	f := cmd.Flags()
	f.Var(intFlag[int]{&o.Bins, "BINS", 1, 1_000_000}, "histogram", "count numbers in so many bins")
	f.Var(&between, "range", "where the histogram begins and ends (default: minimum and maximum)")
	f.Var(&percentiles, "percentiles", "percentiles to take: 5,50,95")
	f.BoolVar(&o.Exact, "exact", false, "take percentiles exactly, which reads the data several times")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// statsInfo are statistics in JSON.
type statsInfo struct {
	Path        string           `json:"path"`
	Count       int              `json:"count"`
	NaNs        int              `json:"nans"`
	Min         any              `json:"min"`
	Max         any              `json:"max"`
	Mean        number           `json:"mean"`
	Std         number           `json:"std"`
	Percentiles []percentileInfo `json:"percentiles,omitempty"`
	Histogram   *histogramInfo   `json:"histogram,omitempty"`
}

type percentileInfo struct {
	P     float64 `json:"p"`
	Value number  `json:"value"`
	Error number  `json:"error"`
}

type histogramInfo struct {
	Edges  []number `json:"edges"`
	Counts []int    `json:"counts"`
	Below  int      `json:"below"`
	Above  int      `json:"above"`
}

func (a *app) stats(ctx context.Context, address string, sel nd.Selection, o ops.StatsOptions) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		d, err := p.dataset(ctx)
		if err != nil {
			return err
		}
		if isText(d.Type()) {
			if o.Bins > 0 || o.Percentiles != nil || o.Range != nil {
				return fmt.Errorf("%s: %w: there are no percentiles and no histogram of texts", d, dosna.ErrInvalid)
			}
			return a.textStats(ctx, d, sel)
		}
		opts, finish := a.progress("reading", p.Options())
		s, err := ops.Stats(ctx, d.With(opts), sel, o)
		finish()
		if err != nil {
			return err
		}
		extreme := func(v any) any {
			if v == nil {
				return nil
			}
			elem, err := d.Type().Encode(v)
			if err != nil {
				return nil
			}
			return d.Type().FormatFill(elem)
		}
		info := statsInfo{
			Path: d.Path(), Count: s.Count, NaNs: s.NaNs, Min: extreme(s.Min), Max: extreme(s.Max), Mean: number(s.Mean), Std: number(s.Std),
		}
		for _, q := range s.Percentiles {
			info.Percentiles = append(info.Percentiles, percentileInfo{q.P, number(q.Value), number(q.Error)})
		}
		if h := s.Histogram; h != nil {
			info.Histogram = &histogramInfo{numbers(h.Edges), h.Counts, h.Below, h.Above}
		}
		return a.show(info, func(w *strings.Builder) {
			table(w, statsRows(s))
			if s.Histogram != nil {
				fmt.Fprintln(w)
				table(w, histogramRows(s.Histogram))
			}
		})
	})
}

func statsRows(s ops.Statistics) [][]string {
	rows := [][]string{{"count", fmt.Sprint(s.Count)}}
	if s.NaNs > 0 {
		rows = append(rows, []string{"nan", fmt.Sprint(s.NaNs)})
	}
	if s.Count > 0 {
		rows = append(rows, []string{"min", fmt.Sprint(s.Min)}, []string{"max", fmt.Sprint(s.Max)},
			[]string{"mean", fmt.Sprint(s.Mean)}, []string{"std", fmt.Sprint(s.Std)})
	}
	for _, q := range s.Percentiles {
		row := []string{fmt.Sprintf("%v %%", q.P), fmt.Sprint(q.Value)}
		if q.Error > 1e-9*math.Abs(q.Value) {
			row[1] = fmt.Sprintf("%.6g ± %.1g", q.Value, q.Error)
		}
		rows = append(rows, row)
	}
	return rows
}

// histogramWidth is the length of the longest bar in characters.
const histogramWidth = 40

func histogramRows(h *ops.Histogram) [][]string {
	most := 1
	for _, n := range h.Counts {
		most = max(most, n)
	}
	var rows [][]string
	if h.Below > 0 {
		rows = append(rows, []string{fmt.Sprintf("below %.6g", h.Edges[0]), fmt.Sprint(h.Below)})
	}
	for i, n := range h.Counts {
		bar := strings.Repeat("█", int(math.Ceil(float64(n)/float64(most)*histogramWidth)))
		rows = append(rows, []string{fmt.Sprintf("%.6g … %.6g", h.Edges[i], h.Edges[i+1]), fmt.Sprint(n), bar})
	}
	if h.Above > 0 {
		rows = append(rows, []string{fmt.Sprintf("above %.6g", h.Edges[len(h.Edges)-1]), fmt.Sprint(h.Above)})
	}
	return rows
}
