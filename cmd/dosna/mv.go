package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) mvCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "mv SOURCE DESTINATION",
		Short: "Rename a node within its tree",
		Long: `Rename a dataset, or a group with everything below it, within its tree. Groups
above the destination are made if they are missing; a node that is there is never
replaced. A link that moves, alone or in a group, still leads to the same node; links to what
moves do not follow it. From one tree to another: dosna cp -r, then dosna rm -r.`,
		Example: `  dosna mv /tmp/pool#/scan/raw /tmp/pool#/old/raw
  dosna mv /tmp/pool#/old '#/older' --dry-run`,
		Args: exactArgs("the source", "the destination"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.mv(cmd.Context(), args[0], args[1], dryRun) },
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only tell what would be moved")
	cmd.ValidArgsFunction = a.completeAddress(2)
	return cmd
}

// moved is what mv has moved, or would.
type moved struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Nodes     int    `json:"nodes"`
	Objects   int    `json:"objects"`
	Documents int    `json:"documents"`
	Bytes     int64  `json:"bytes"`
	DryRun    bool   `json:"dry_run"`
}

func (a *app) mv(ctx context.Context, from, to string, dryRun bool) error {
	src, dst, err := addresses(from, to)
	if err != nil {
		return err
	}
	if src.Root != dst.Root {
		return fmt.Errorf("move %s to %s: %w: they are different trees; a node in that of the source is written '#/NAME', and to another one: dosna cp -r, then dosna rm -r", from, to, dosna.ErrInvalid)
	}
	mode := dosna.ReadWrite
	if dryRun {
		mode = dosna.ReadOnly
	}
	return a.at(ctx, from, mode, func(p place) error {
		target := place{p.Connection, "/" + dst.Node}
		r, err := content(ctx, p)
		if err != nil {
			return err
		}
		if err := target.vacant(ctx); err != nil {
			return err
		}
		done := moved{p.path, target.path, r.Nodes, r.Objects, r.Documents, r.Bytes, dryRun}
		what := fmt.Sprintf("%s to %s: %s, %s", p, target.path, count(r.Nodes, "node"), storedIn(r.Objects, r.Documents, r.Bytes))
		if dryRun {
			return a.show(done, dryRunText("move %s", what))
		}
		if err := p.Move(ctx, p.path, target.path); err != nil {
			return err
		}
		return a.confirm(done, "moved %s", what)
	})
}
