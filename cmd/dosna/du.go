package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) duCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "du ADDRESS",
		Short: "Tell what datasets occupy",
		Long: `Tell what each dataset at or below an address occupies: bytes stored, bytes of its
elements in memory, how many times smaller that is, and how many objects.`,
		Example: `  dosna du /tmp/pool
  dosna du /tmp/pool#/scan --json`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.du(cmd.Context(), args[0]) },
	}
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// usageInfo is what a dataset occupies.
type usageInfo struct {
	Path        string `json:"path"`
	StoredBytes int64  `json:"stored_bytes"`
	Bytes       int64  `json:"bytes"`
	Objects     int    `json:"objects"`
}

type usageReport struct {
	Datasets []usageInfo `json:"datasets"`
	Total    usageInfo   `json:"total"`
}

func (a *app) du(ctx context.Context, address string) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		n, err := p.node(ctx)
		if err != nil {
			return err
		}
		report, broken, err := usage(ctx, n)
		if err != nil {
			return err
		}
		err = a.show(report, func(w *strings.Builder) {
			rows := [][]string{{"STORED", "IN MEMORY", "RATIO", "OBJECTS", "PATH"}}
			for _, u := range append(report.Datasets, report.Total) {
				memory, times := size(u.Bytes), ratio(u.Bytes, u.StoredBytes)
				if u.Bytes == 0 && u.StoredBytes > 0 { // elements of any length
					memory, times = "?", ""
				}
				rows = append(rows, []string{size(u.StoredBytes), memory, times, fmt.Sprint(u.Objects), u.Path})
			}
			table(w, rows, 0, 1, 2, 3)
		})
		return errors.Join(err, broken)
	})
}

// occupied tells what a dataset occupies, also in a store that cannot list.
func occupied(ctx context.Context, d *dosna.Dataset) (dosna.Usage, error) {
	u, err := d.Usage(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return d.Probe(ctx)
	}
	return u, err
}

// usage adds up what a node and all below it occupy. Broken names nodes that are
// left out because they cannot be opened.
func usage(ctx context.Context, n dosna.Node) (report usageReport, broken, err error) {
	report = usageReport{Datasets: []usageInfo{}, Total: usageInfo{Path: "total"}}
	t := &tree{nodes: []dosna.Node{n}}
	if g, ok := n.(*dosna.Group); ok {
		var err error
		if t, err = below(ctx, g, true); err != nil {
			return report, nil, err
		}
	}
	for _, n := range t.nodes {
		d, ok := n.(*dosna.Dataset)
		if !ok {
			continue
		}
		u, err := occupied(ctx, d)
		if err != nil {
			return report, nil, err
		}
		one := usageInfo{d.Path(), u.Stored, int64(d.Bytes()), u.Objects}
		report.Datasets = append(report.Datasets, one)
		report.Total.StoredBytes += one.StoredBytes
		report.Total.Bytes += one.Bytes
		report.Total.Objects += one.Objects
	}
	return report, t.err(), nil
}
