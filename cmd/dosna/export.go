package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/nd"
)

func (a *app) exportCommand() *cobra.Command {
	var text, member, field string
	var pictures picturesFlags
	var format choiceFlag
	cmd := &cobra.Command{
		Use:   "export DATASET FILE",
		Short: "Write a dataset, or a part of it, to a file or pipe",
		Long: `Write a dataset, or what --select picks of it, to a file: .npy, .npz, .raw (the
elements alone, in this machine's byte order), .json (nested lists), .tif (pages
of rows and columns) or .png (a plane in grey). A name with a number in it, as of
slices/s_%04d.tif (.png, .jpg), asks for a file for each position along the first
axis. "-" is the standard output, which gets .npy unless --format says
otherwise. An existing file is replaced when the new one is complete.`,
		Example: `  dosna export /tmp/pool#/scan/raw out.npy --select '10:20, :, ::-2'
  dosna export /tmp/pool#/scan/raw - --select '0, :4, :4' --format json
  dosna export /tmp/pool#/scan/raw out.npz --member raw
  dosna export /tmp/pool#/scan/raw 'slice_%04d.png' --bits 8 --range 0,1`,
		Args: exactArgs("the dataset's address", "the file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sel, err := selection(text)
			if err != nil {
				return err
			}
			if format.value != "" && args[1] != "-" {
				return usagef("export: --format is for the standard output; a file's name tells its format")
			}
			o := &convert.Options{Name: member, Compression: pictures.compression.value}
			if err := pictures.levels(o, args[1], format.value); err != nil {
				return err
			}
			return a.export(cmd.Context(), args[0], sel, field, args[1], convert.Format(format.value), o)
		},
	}
	for _, f := range convert.Formats {
		format.of = append(format.of, string(f))
	}
	f := cmd.Flags()
	f.StringVar(&text, "select", "", "the part to write, a `SELECTION` as in NumPy: '10:20, :, ::-2' (default: all)")
	f.StringVar(&field, "field", "", "only the field `NAME` of structs; outer/inner is one in a field")
	f.Var(&format, "format", "format of the standard output (default npy)")
	f.StringVar(&member, "member", "", "`NAME` of the array in an archive (default arr_0)")
	pictures.flags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("format", words(format.of...))
	_ = cmd.RegisterFlagCompletionFunc("select", words())
	cmd.ValidArgsFunction = a.completeFile(1, 2)
	return cmd
}

func (a *app) export(ctx context.Context, address string, sel nd.Selection, field, path string, format convert.Format, o *convert.Options) error {
	start := time.Now()
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		d, err := p.fieldOf(ctx, field)
		if err != nil {
			return err
		}
		r, err := sel.Resolve(d.Shape())
		if err != nil {
			return err
		}
		if err := a.findLevels(ctx, d, sel, o.Levels); err != nil {
			return err
		}
		opts, done := a.progress("exporting", p.Options())
		defer done()
		if err := a.write(ctx, d.With(opts), sel, path, format, o); err != nil || path == "-" {
			return err
		}
		n, took := int64(r.Size()*d.Type().Size()), time.Since(start)
		return a.confirm(written{path, r.Shape, d.Type().String(), n, took.Seconds()},
			"exported %s %s to %s: %s; %s, %s", d.Type(), tuple(r.Shape), path, amount(d, r.Size()), seconds(took), pace(d, r.Size(), took))
	})
}

// written is a file that a command has written.
type written struct {
	File    string  `json:"file"`
	Shape   []int   `json:"shape"`
	Type    string  `json:"dtype"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// write writes a selection to a file or, if that is "-", to standard output.
func (a *app) write(ctx context.Context, d *dosna.Dataset, sel nd.Selection, path string, format convert.Format, o *convert.Options) error {
	if path != "-" {
		return convert.ExportFile(ctx, d, sel, path, o)
	}
	return convert.Export(ctx, d, sel, a.out, cmp.Or(format, convert.NPY), o)
}
