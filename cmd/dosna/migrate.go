package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/ops"
)

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate SOURCE DESTINATION",
		Short: "Move data of the first DosNa to a tree of this one",
		Long: `Copy what the first DosNa, the Python package of 2016 to 2022, stored in a bucket of S3,
or in a folder as HDF5 files, to a new tree, and compare the two, element by element: groups with their attributes and
links, and datasets with their chunks, in Zarr version 3 and compressed. The source stays
as it is. If copying is interrupted the same command goes on with it.

Such a bucket or folder can be used without moving it, too: its address opens like that of
any other tree, for reading. The bucket's name is that of the connection in lower case,
with - for _; the folder is that of the connection, with one for each dataset in it.`,
		Example: `  dosna migrate 's3://my-connection?endpoint=http://s3.example.org' /tmp/moved
  dosna migrate 's3://my-connection?endpoint=http://s3.example.org#/scan' /tmp/moved2#/old/scan`,
		Args:              exactArgs("the source", "the destination"),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.migrate(cmd.Context(), args[0], args[1]) },
		ValidArgsFunction: a.completeAddress(2),
	}
}

// migrated is what migrate has done.
type migrated struct {
	From     string  `json:"from"`
	To       string  `json:"to"`
	Nodes    int     `json:"nodes"`
	Datasets int     `json:"datasets"`
	Elements int     `json:"elements"`
	Seconds  float64 `json:"seconds"`
}

func (a *app) migrate(ctx context.Context, from, to string) error {
	start := time.Now()
	return a.between(ctx, from, to, func(src, dst place) error {
		n, err := src.entry(ctx)
		if err != nil {
			return err
		}
		opts, finish := a.progress("copying", src.Options())
		if n, err = n.Connection().With(opts).OpenEntry(ctx, n.Path()); err != nil {
			return err
		}
		made, err := dosna.Copy(ctx, n, dst.Connection, dst.path, &dosna.CopyOptions{Format: 3, Resume: true, Codec: "zstd", Checksum: "crc32c"})
		finish()
		if err == nil {
			err = dst.Sync(ctx)
		}
		if err != nil {
			return err
		}
		opts, finish = a.progress("comparing", src.Options())
		if n, err = n.Connection().With(opts).OpenEntry(ctx, n.Path()); err != nil {
			return err
		}
		var first string
		sum, err := ops.Diff(ctx, n, made, ops.DiffOptions{First: true, Report: func(d ops.Difference) { first = differenceText(d) }})
		finish()
		switch {
		case err != nil:
			return fmt.Errorf("compare the copy with the source: %w", err)
		case sum.Differences > 0:
			return fmt.Errorf("%w: the copy at %s is not what is at %s: %s", dosna.ErrCorrupt, dst, src, first)
		}
		took := time.Since(start)
		done := migrated{src.path, made.Path(), sum.Nodes, sum.Datasets, sum.Elements, took.Seconds()}
		return a.confirm(done, "moved %s to %s: %s, %s with %s; compared, and equal; %s",
			src, dst, count(sum.Nodes, "node"), count(sum.Datasets, "dataset"), count(sum.Elements, "element"), seconds(took))
	})
}
