package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/ops"
)

func (a *app) diffCommand() *cobra.Command {
	var o ops.DiffOptions
	abs, rel, both := numbersFlag{least: 1, most: 1}, numbersFlag{least: 1, most: 1}, numbersFlag{least: 1, most: 1}
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare nodes, also between stores and with other chunks or codecs",
		Long: `Compare two datasets, or two groups with everything below them: which nodes there
are, attributes, shapes, types, fill values, names of dimensions, and the elements,
whatever they are stored like. Every difference is a line; of elements it tells how
many differ, the first of them, and by how much they differ at most.

Numbers are compared as numbers, also of different types, and exactly, unless there is
a tolerance: a and b are then equal if |a-b| is at most ATOL + RTOL·|b|, as in
numpy.isclose. A NaN equals a NaN. Structs are compared byte by byte.

The exit code is 0 if there are no differences, 1 if there are, and 2 if something
cannot be compared. With -q it is the only answer, and the first difference ends the
comparison. With --json every difference is a line of JSON, and so is the summary, the
last line.`,
		Example: `  dosna diff /tmp/pool /tmp/backup
  dosna diff /tmp/pool#/scan/raw /tmp/backup#/scan/raw --atol 1e-6
  dosna diff /tmp/pool#/scan /tmp/backup#/scan --metadata --json`,
		Args: exactArgs("the first address", "the second address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, t := range []struct {
				flag numbersFlag
				to   []*float64
			}{{both, []*float64{&o.Abs, &o.Rel}}, {abs, []*float64{&o.Abs}}, {rel, []*float64{&o.Rel}}} {
				for _, x := range t.flag.values {
					if !(x >= 0) || math.IsInf(x, 0) {
						return usagef("diff: the tolerance %v is not a finite number from 0", x)
					}
					for _, to := range t.to {
						*to = x
					}
				}
			}
			return a.diff(cmd.Context(), args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	f.Var(&abs, "atol", "how far apart numbers may be to count as equal (default 0)")
	f.Var(&rel, "rtol", "how far apart, as a multiple of B's number (default 0)")
	f.Var(&both, "tolerance", "both of these, where they are not given")
	f.BoolVar(&o.NaNDiffers, "nan-differs", false, "a NaN, or NaT, equals no other")
	f.BoolVar(&o.Metadata, "metadata", false, "compare chunks, shards, codecs and chunk keys as well")
	cmd.ValidArgsFunction = a.completeAddress(2)
	return cmd
}

// diffInfo is a difference in JSON.
type diffInfo struct {
	Kind   ops.DiffKind    `json:"difference"`
	Path   string          `json:"path"`
	Name   string          `json:"name,omitempty"`
	A      json.RawMessage `json:"a,omitempty"`
	B      json.RawMessage `json:"b,omitempty"`
	Values *diffValues     `json:"values,omitempty"`
}

type diffValues struct {
	Count int     `json:"count"`
	Size  int     `json:"of"`
	First []int   `json:"first"`
	A     string  `json:"a"`
	B     string  `json:"b"`
	Abs   *number `json:"max_abs"` // null: there is none to be told, as of texts
	Rel   *number `json:"max_rel"`
}

// diffSummary is the last line in JSON.
type diffSummary struct {
	Differences int `json:"differences"`
	Nodes       int `json:"nodes"`
	Datasets    int `json:"datasets"`
	Elements    int `json:"elements"`
}

func (a *app) diff(ctx context.Context, addressA, addressB string, o ops.DiffOptions) error {
	from, to, err := addresses(addressA, addressB)
	if err != nil {
		return statusError{exitTrouble, err}
	}
	var sum ops.DiffSummary
	silent := a.quiet && !a.json
	o.First = silent
	o.Report = func(d ops.Difference) {
		if !silent {
			a.tellDifference(d)
		}
	}
	err = a.at(ctx, from.String(), dosna.ReadOnly, func(x place) error {
		return a.at(ctx, to.String(), dosna.ReadOnly, func(y place) error {
			opts, finish := a.progress("comparing", x.Options())
			defer finish()
			nodeA, err := x.With(opts).Open(ctx, x.path)
			if err != nil {
				return err
			}
			nodeB, err := y.node(ctx)
			if err != nil {
				return err
			}
			sum, err = ops.Diff(ctx, nodeA, nodeB, o)
			return err
		})
	})
	if err == nil && !silent {
		err = a.tellDiff(sum)
	}
	switch {
	case err != nil:
		return statusError{exitTrouble, err}
	case sum.Differences > 0:
		return statusError{code: exitDifferent}
	}
	return nil
}

// The codes that diff exits with, which are those of diff(1).
const (
	exitDifferent = 1
	exitTrouble   = 2
)

// tellDifference prints a difference in a line. That it cannot be printed is found
// when the summary cannot be, either.
func (a *app) tellDifference(d ops.Difference) {
	info := diffInfo{d.Kind, d.Path, d.Name, d.A, d.B, nil}
	if v := d.Values; v != nil {
		info.Values = &diffValues{v.Count, v.Size, v.First, v.A, v.B, measure(v.Abs), measure(v.Rel)}
	}
	line := differenceText(d)
	if a.json {
		line = jsonLine(info)
	}
	_, _ = io.WriteString(a.out, line+"\n")
}

func measure(x float64) *number {
	if math.IsNaN(x) {
		return nil
	}
	n := number(x)
	return &n
}

// maxTold is about how many characters of a value are printed.
const maxTold = 100

// differenceText puts a difference in a line.
func differenceText(d ops.Difference) string {
	side := func(raw json.RawMessage) string {
		if raw == nil {
			return "has none"
		}
		return clipped(string(raw), maxTold)
	}
	switch d.Kind {
	case ops.DiffOnlyA:
		return fmt.Sprintf("%s: only in A, a %s", d.Path, strings.Trim(string(d.A), `"`))
	case ops.DiffOnlyB:
		return fmt.Sprintf("%s: only in B, a %s", d.Path, strings.Trim(string(d.B), `"`))
	case ops.DiffValues:
		v := d.Values
		text := fmt.Sprintf("%s: %d of %s differ, the first at %s: A %s, B %s",
			d.Path, v.Count, count(v.Size, "element"), indexText(v.First), clipped(v.A, maxTold), clipped(v.B, maxTold))
		if !math.IsNaN(v.Abs) {
			text += fmt.Sprintf("; by up to %.6g", v.Abs)
		}
		if !math.IsNaN(v.Rel) && !math.IsInf(v.Rel, 0) {
			text += fmt.Sprintf(", relative to B up to %.6g", v.Rel)
		}
		return text
	case ops.DiffAttribute:
		return fmt.Sprintf("%s: attribute %s: A %s, B %s", d.Path, d.Name, side(d.A), side(d.B))
	}
	return fmt.Sprintf("%s: %s: A %s, B %s", d.Path, d.Kind, side(d.A), side(d.B))
}

// indexText prints an index: "[3, 0, 5]".
func indexText(at []int) string {
	return "[" + strings.ReplaceAll(strings.Trim(fmt.Sprint(at), "[]"), " ", ", ") + "]"
}

func (a *app) tellDiff(s ops.DiffSummary) error {
	info := diffSummary{s.Differences, s.Nodes, s.Datasets, s.Elements}
	if a.json {
		_, err := io.WriteString(a.out, jsonLine(info)+"\n")
		return err
	}
	return a.show(info, func(w *strings.Builder) {
		result := "no differences"
		if s.Differences > 0 {
			result = count(s.Differences, "difference")
		}
		fmt.Fprintf(w, "compared %s, %s of %s: %s\n", count(s.Nodes, "node"), count(s.Elements, "element"), count(s.Datasets, "dataset"), result)
	})
}
