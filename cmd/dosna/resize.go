package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) resizeCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "resize DATASET SHAPE",
		Short: "Change the shape of a dataset",
		Long: `Change the lengths of a dataset's axes. What is cut off is gone: growing again
shows fill values. --dry-run tells what would be lost.`,
		Example: `  dosna resize /tmp/pool#/scan/raw 600,512,512
  dosna resize /tmp/pool#/scan/raw 100,512,512 --dry-run`,
		Args: exactArgs("the dataset's address", "the shape"),
		RunE: func(cmd *cobra.Command, args []string) error {
			shape, err := parseShape(args[1])
			if err != nil {
				return usageError{err}
			}
			return a.resize(cmd.Context(), args[0], shape, dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only tell what would be lost")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// resized is what a change of shape removes.
type resized struct {
	Path        string `json:"path"`
	From        []int  `json:"from"`
	To          []int  `json:"to"`
	Objects     int    `json:"removed_objects"`
	StoredBytes int64  `json:"removed_bytes"`
	Cut         int    `json:"cut_objects"`
	DryRun      bool   `json:"dry_run"`
}

func (a *app) resize(ctx context.Context, address string, shape []int, dryRun bool) error {
	mode := dosna.ReadWrite
	if dryRun {
		mode = dosna.ReadOnly
	}
	return a.at(ctx, address, mode, func(p place) error {
		d, err := p.dataset(ctx)
		if err != nil {
			return err
		}
		done, err := losses(ctx, d, shape)
		if err != nil {
			return err
		}
		done.DryRun = dryRun
		lost := ""
		if done.Objects > 0 || done.Cut > 0 {
			lost = fmt.Sprintf(": %s removed, %s cut", objects(done.Objects, done.StoredBytes), count(done.Cut, "object"))
		}
		if dryRun {
			return a.show(done, dryRunText("change %s from %s to %s%s", p, tuple(done.From), tuple(shape), lost))
		}
		if err := d.Resize(ctx, shape); err != nil {
			return err
		}
		return a.confirm(done, "changed %s from %s to %s%s", p, tuple(done.From), tuple(shape), lost)
	})
}

// losses tells what a change of shape removes.
func losses(ctx context.Context, d *dosna.Dataset, shape []int) (resized, error) {
	done := resized{Path: d.Path(), From: d.Shape(), To: shape}
	if len(shape) != d.NDim() {
		return done, fmt.Errorf("%w: the shape %s has %d axes, and %s has %d", dosna.ErrInvalid, tuple(shape), len(shape), d, d.NDim())
	}
	shrinks := false
	for i, n := range shape {
		shrinks = shrinks || n < done.From[i]
	}
	if !shrinks {
		return done, nil
	}
	for k, err := range d.StoredChunks(ctx) {
		if err != nil {
			return done, err
		}
		box := k.Box()
		outside, cut := false, false
		for i, n := range shape {
			outside = outside || box.Start[i] >= n
			cut = cut || box.Stop(i) > n
		}
		switch {
		case outside:
			info, err := k.Stat(ctx)
			if err != nil {
				return done, err
			}
			done.Objects++
			done.StoredBytes += info.Size
		case cut:
			done.Cut++
		}
	}
	return done, nil
}
