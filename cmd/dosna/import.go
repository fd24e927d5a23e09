package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/dtype"
)

func (a *app) importCommand() *cobra.Command {
	var l layout
	var shape shapeFlag
	var t typeFlag
	var order orderFlag
	var in convert.OpenOptions
	var fortran, overwrite bool
	cmd := &cobra.Command{
		Use:   "import FILE DATASET",
		Short: "Store an array from a file or pipe",
		Long: `Store an array from a file as a new dataset. The file's name tells the format:

  .npy              NumPy; also from a pipe, or "-"
  .npz[:MEMBER]     an array in an archive by NumPy
  .nii, .nii.gz     NIfTI, axes x, y, z; scaled if its header says so
  .tif, .png, .jpg  a picture, the pages of a TIFF file, or a stack of pictures:
                    a directory, or a pattern in quotes ('slices/*.tif')
  any other, or -   elements alone, with --shape and --dtype

A dataset of the same shape and type that has been created, and is still empty,
is filled. Without a node in the address the array becomes the root of the tree,
which has to be new or empty. The file is read once, in pieces; it may be larger than memory. The
dataset is seen, by any program, when it is complete; if the import fails or is
interrupted, all that it has created is removed. One that was filled is empty again.`,
		Example: `  dosna import volume.npy /tmp/pool#/scan/raw --chunks 64,64,64
  dosna import volume.npy /tmp/pool#/scan/sharded --chunks 64,64,64 --shards 256,256,256
  dosna import arrays.npz:mask /tmp/pool#/scan/mask --codec blosc:zstd:5:bitshuffle
  dosna import 'slices/*.tif' /tmp/pool#/scan/slices
  cat volume.npy | dosna import - /tmp/pool#/scan/piped
  dosna import frames.bin /tmp/pool#/frames --shape 16,128,128 --dtype '>u2' --offset 64`,
		Args: exactArgs("the file", "the dataset's address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case shape.shape != nil && t.t != dtype.Type{}:
				o, err := order.of(t, dtype.Native)
				if err != nil {
					return err
				}
				in.Raw = &convert.Layout{Shape: shape.shape, Type: t.t, Order: o, Fortran: fortran}
			case t.t.Variable() && shape.shape == nil && !order.said && !fortran && in.Offset == 0: // what texts are to become
			case shape.shape != nil || t.t != dtype.Type{} || order.said || fortran || in.Offset != 0:
				return usagef("import: a file of elements alone needs both --shape and --dtype; other files say them themselves")
			}
			a.format = l.format.number()
			s := l.spec()
			if t.t.Variable() {
				s.Type = t.t
			}
			return a.importFile(cmd.Context(), args[0], args[1], &in, s, overwrite)
		},
	}
	f := cmd.Flags()
	f.Var(&shape, "shape", "lengths of the axes, of elements alone")
	t.flag(cmd, "type of the elements, of elements alone; or string (bytes) for texts of a fixed length in NumPy's format")
	order.flag(cmd, "byte order of the elements alone (default: this machine's)")
	f.BoolVar(&fortran, "fortran", false, "in elements alone, the first axis varies fastest")
	f.Var(intFlag[int64]{&in.Offset, "BYTES", 0, 1<<63 - 1}, "offset", "bytes before the first of elements alone")
	f.BoolVar(&in.Stored, "stored", false, "take a NIfTI file's numbers as they are stored, not scaled")
	f.BoolVar(&overwrite, "overwrite", false, "replace a dataset that is there, when the new one is complete")
	l.flags(cmd)
	cmd.ValidArgsFunction = a.completeFile(0, 2)
	return cmd
}

// stored is what a command has made.
type stored struct {
	datasetInfo
	Objects     int     `json:"objects"`
	StoredBytes int64   `json:"stored_bytes"`
	Seconds     float64 `json:"seconds"`
}

func (a *app) importFile(ctx context.Context, path, address string, o *convert.OpenOptions, s dosna.DatasetSpec, overwrite bool) error {
	start := time.Now()
	f, err := a.openArray(ctx, path, o)
	if err != nil {
		return err
	}
	defer f.Close()
	if gaps := f.Gaps(); gaps != "" && !a.quiet {
		fmt.Fprintf(a.err, "dosna: note: %s: %s; the slices are stored without gaps\n", path, gaps)
	}
	return a.at(ctx, address, dosna.Create, func(p place) error {
		opts, done := a.progress("importing", p.Options())
		d, err := p.waiting(ctx, s, f)
		switch {
		case err != nil:
			done()
			return err
		case d != nil && !overwrite:
			err = loadWaiting(ctx, d.With(opts), f)
			done()
		case p.path == "/": // the tree is to be one dataset
			if d, err = convert.Import(ctx, p.With(opts), p.path, s, f, nil); errors.Is(err, dosna.ErrExist) {
				err = fmt.Errorf("%w; name a dataset in the tree: %s#/name", err, p)
			}
			done()
		default:
			d, err = produce(ctx, p, overwrite, func(path string) (*dosna.Dataset, error) {
				defer done()
				return convert.Import(ctx, p.With(opts), path, s, f, nil)
			})
		}
		if err != nil {
			return err
		}
		return a.confirmStored(ctx, "imported", place{p.Connection, d.Path()}, d, start)
	})
}

// waiting returns the dataset at p if it has been created for what f holds and
// nothing is stored in it yet; nil otherwise.
func (p place) waiting(ctx context.Context, s dosna.DatasetSpec, f *convert.File) (*dosna.Dataset, error) {
	n, err := p.node(ctx)
	if errors.Is(err, dosna.ErrNotExist) {
		return nil, nil
	}
	d, ok := n.(*dosna.Dataset)
	if err != nil || !ok {
		return nil, err
	}
	want := f.Type()
	if s.Type.Variable() {
		want = s.Type
	}
	rest := s // what is said beyond what may be said again
	rest.Chunks, rest.Shards, rest.Edges, rest.Type = nil, nil, nil, dtype.Type{}
	if len(rest.Attrs) == 0 {
		rest.Attrs = nil
	}
	if !reflect.DeepEqual(rest, dosna.DatasetSpec{}) || !cutAs(d, s) ||
		!slices.Equal(f.Shape(), d.Shape()) || want != d.Type() {
		return nil, nil
	}
	u, err := d.Usage(ctx)
	if err != nil || u.Objects > 0 {
		return nil, err
	}
	return d, nil
}

// cutAs reports whether a dataset has the chunks and shards that a spec asks for, if it
// does.
func cutAs(d *dosna.Dataset, s dosna.DatasetSpec) bool {
	if s.Chunks == nil && s.Shards == nil {
		return true
	}
	same := func(want, have []int) bool {
		return want == nil || slices.EqualFunc(want, have, func(w, h int) bool { return w == h || w == 0 && s.Edges != nil })
	}
	return reflect.DeepEqual(s.Edges, d.Edges()) && same(s.Chunks, d.Chunks()) && same(s.Shards, d.Shards())
}

// loadWaiting fills a dataset that was empty, and leaves it so if it fails.
func loadWaiting(ctx context.Context, d *dosna.Dataset, f *convert.File) error {
	err := convert.Load(ctx, d, f, nil)
	if err != nil {
		err = errors.Join(err, d.Clear(context.WithoutCancel(ctx)))
	}
	return err
}

// confirmStored says what has been made of how many bytes, and how fast.
func (a *app) confirmStored(ctx context.Context, done string, p place, d *dosna.Dataset, start time.Time) error {
	if a.quiet && !a.json {
		return nil
	}
	if err := p.Sync(ctx); err != nil { // it belongs to the time taken
		return err
	}
	took := time.Since(start)
	u, err := d.Usage(ctx)
	if err != nil {
		return err
	}
	return a.confirm(stored{describe(d), u.Objects, u.Stored, took.Seconds()},
		"%s %s: %s %s, %s\n%s stored as %s; %s, %s", done, p, d.Type(), tuple(d.Shape()), chunking(d),
		amount(d, d.Size()), storedText(d, u), seconds(took), pace(d, d.Size(), took))
}

// openArray opens an array in a file. Standard input, "-", and pipes by other names
// hold NumPy's format if o does not say otherwise; reading from them ends with ctx.
func (a *app) openArray(ctx context.Context, path string, o *convert.OpenOptions) (*convert.File, error) {
	in := a.in
	name := "standard input"
	if path != "-" {
		if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() || info.IsDir() {
			return convert.Open(path, o)
		}
		f, err := os.Open(path) // closed when the process ends: it may be stuck in a read
		if err != nil {
			return nil, err
		}
		in, name = f, path
	}
	r := interruptible(ctx, in)
	if o.Raw != nil {
		return convert.OpenRaw(name, r, *o.Raw, o.Offset)
	}
	return convert.OpenNPY(name, r)
}
