package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
)

func (a *app) createCommand() *cobra.Command {
	var l layout
	var shape shapeFlag
	var t typeFlag
	var order orderFlag
	cmd := &cobra.Command{
		Use:   "create DATASET --shape SHAPE --dtype TYPE",
		Short: "Create a dataset",
		Long: `Create a dataset, and the groups above it that are missing. No element is
stored: all of them have the fill value until they are written. The directory of
the tree is made if it is missing, but not those above it (see dosna init).`,
		Example: `  dosna create /tmp/pool#/scan/raw --shape 512,512,512 --dtype float32 --chunks 64,64,64 --codec zstd:3
  dosna create /tmp/pool#/spectra --shape 500,500,20000 --dtype '<f4' --access lines:2 --fill nan
  dosna create /tmp/pool#/sharded --shape 1000,1000,1000 --dtype uint16 --chunks 50,50,50 --shards 500,500,500 --dims z,y,x --attr voxel_um=0.65`,
		Args: exactArgs("the dataset's address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s := l.spec()
			a.format = s.Format
			s.Shape, s.Type = shape.shape, t.t
			var err error
			if s.Order, err = order.of(t, dtype.Little); err != nil {
				return err
			}
			if text, ok := s.Fill.(string); ok {
				if s.Fill, err = t.t.ParseScalar(text); err != nil {
					return fmt.Errorf("fill value: %w", err)
				}
			}
			return a.create(cmd.Context(), args[0], s)
		},
	}
	cmd.Flags().Var(&shape, "shape", "lengths of the axes, 512,512,512; '()' for none")
	t.flag(cmd, "type of the elements: float32, uint16, '<f4', bfloat16, 'M8[ns]', U10, string, 'struct{x: f4, y: i2}', …")
	order.flag(cmd, "byte order of stored elements (default little)")
	l.flags(cmd)
	a.required(cmd, "shape", "dtype")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

func (a *app) create(ctx context.Context, address string, s dosna.DatasetSpec) error {
	return a.at(ctx, address, dosna.Create, func(p place) error {
		d, err := p.CreateDataset(ctx, p.path, s) // "/": the tree is to be one dataset
		if err != nil {
			return err
		}
		return a.confirm(describe(d), "created %s: %s %s in %s", p, d.Type(), tuple(d.Shape()), chunking(d))
	})
}
