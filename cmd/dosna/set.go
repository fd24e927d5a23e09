package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/nd"
)

func (a *app) setCommand() *cobra.Command {
	var dryRun bool
	var field string
	cmd := &cobra.Command{
		Use:   "set DATASET SELECTION VALUE",
		Short: "Assign a number, or the array in a file, to a selection",
		Long: `Assign a value to all elements that a selection picks: a number, a text, or the array in
a file (.npy, .npz, .nii), which is broadcast to the selection as NumPy does and
must have the dataset's type. Texts of any length come from the command line alone. '...' selects everything.
With --field one field of structs is set, and the others stay.`,
		Example: `  dosna set /tmp/pool#/scan/raw '0:10, :, :' 5
  dosna set /tmp/pool#/scan/raw '..., 0' nan
  dosna set /tmp/pool#/scan/raw '100' plane.npy --dry-run
  dosna set /tmp/pool#/scan/raw '100' plane.npy
  dosna set /tmp/sky#/stars '10:20' 0.5 --field magnitude`,
		Args: exactArgs("the dataset's address", "the selection", "the value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sel, err := selection(args[1])
			if err != nil {
				return err
			}
			return a.set(cmd.Context(), args[0], sel, field, args[2], dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only tell what would be changed")
	cmd.Flags().StringVar(&field, "field", "", "only the field `NAME` of structs; outer/inner is one in a field")
	_ = cmd.RegisterFlagCompletionFunc("field", words())
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// changed is what set has changed, or would.
type changed struct {
	Path     string `json:"path"`
	Elements int    `json:"elements"`
	Objects  int    `json:"objects"`
	DryRun   bool   `json:"dry_run"`
}

func (a *app) set(ctx context.Context, address string, sel nd.Selection, field, value string, dryRun bool) error {
	mode := dosna.ReadWrite
	if dryRun {
		mode = dosna.ReadOnly
	}
	return a.at(ctx, address, mode, func(p place) error {
		d, err := p.fieldOf(ctx, field)
		if err != nil {
			return err
		}
		r, err := sel.Resolve(d.Shape())
		if err != nil {
			return err
		}
		write, err := a.assignment(ctx, d, sel, r, value)
		if err != nil {
			return err
		}
		done := changed{d.Path(), r.Size(), r.Pieces(d.Grid()).Len(), dryRun}
		if dryRun {
			return a.show(done, dryRunText("set %s in %s of %s", count(r.Size(), "element"), count(done.Objects, "stored object"), p))
		}
		opts, finish := a.progress("writing", p.Options())
		defer finish()
		if err := write(d.With(opts)); err != nil {
			return err
		}
		return a.confirm(done, "set %s of %s", count(r.Size(), "element"), p)
	})
}

// assignment returns what assigns a value to a selection.
func (a *app) assignment(ctx context.Context, d *dosna.Dataset, sel nd.Selection, r *nd.Region, value string) (func(d *dosna.Dataset) error, error) {
	if d.Type().Variable() {
		elem, err := d.Type().ParseScalar(value)
		b := codec.Block{Data: elem, Ends: []int64{int64(len(elem))}}
		return func(d *dosna.Dataset) error { return d.WriteBlock(ctx, sel, b) }, err
	}
	view, err := a.value(ctx, d, value)
	if err != nil {
		return nil, err
	}
	if _, err := view.Broadcast(r.Shape); err != nil {
		return nil, fmt.Errorf("set [%s] of %s: %w", sel, d, err)
	}
	return func(d *dosna.Dataset) error { return d.WriteView(ctx, sel, view) }, nil
}

// value reads what is to be assigned: an element, or the array in a file.
func (a *app) value(ctx context.Context, d *dosna.Dataset, text string) (nd.View, error) {
	elem, err := d.Type().ParseScalar(text)
	if err == nil {
		return nd.NewView(elem, nil, d.Type().Size()), nil
	}
	if _, statErr := os.Stat(text); errors.Is(statErr, fs.ErrNotExist) && !strings.Contains(text, ".npz:") && text != "-" {
		return nd.View{}, fmt.Errorf("%w, nor is it a file", err)
	}
	f, err := a.openArray(ctx, text, &convert.OpenOptions{})
	if err != nil {
		return nd.View{}, err
	}
	defer f.Close()
	if f.Type() != d.Type() {
		return nd.View{}, fmt.Errorf("%s has elements of %s, and %s of %s; import it as a dataset, and use dosna cast", text, f.Type(), d, d.Type())
	}
	shape := f.Shape()
	view := nd.NewView(make([]byte, nd.Full(shape).Size()*f.Type().Size()), shape, f.Type().Size())
	return view, f.ReadBox(ctx, nd.Full(shape), view)
}
