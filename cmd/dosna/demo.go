package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/phantom"
)

func (a *app) demoCommand() *cobra.Command {
	var s storing
	d := demo{app: a}
	sigma := numbersFlag{least: 1, values: []float64{2}}
	cmd := &cobra.Command{
		Use:   "demo [FILE]",
		Short: "Store, blur, check and look at a volume",
		Long: `Take a volume through all that dosna does: store it compressed and checksummed,
blur it chunk by chunk, check every stored object, print a part of it as NumPy
does, and draw a plane before and after. The volume is that of a file, as import
reads it, or a phantom of a head (Shepp and Logan's, in three dimensions, with
noise). Everything goes into one directory, which can be looked at with the other
commands afterwards. A demo that is there already is replaced; anything else is
not.`,
		Example: `  dosna demo
  dosna demo volume.npy --out /tmp/look
  dosna demo --size 128 --sigma 3 --codec blosc:zstd:5:bitshuffle --out /tmp/small`,
		Args: rangeArgs(0, "the file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.sigma, d.spec = sigma.values, dosna.DatasetSpec{
				Chunks: s.chunks.shape, Shards: s.shards.shape, Edges: s.edges(), Access: s.access, Codec: s.codec.text, Checksum: s.checksum.value,
			}
			return d.run(cmd.Context(), argument(args, 0))
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.dir, "out", "dosna-demo", "the `DIRECTORY` for everything")
	d.size = 256
	f.Var(intFlag[int]{&d.size, "LENGTH", 1, 1 << 20}, "size", "length of the phantom's axes")
	f.Var(&sigma, "sigma", "standard deviation of the blur in elements: one, or one for each axis")
	s.flags(cmd, "")
	_ = cmd.RegisterFlagCompletionFunc("out", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	cmd.ValidArgsFunction = a.completeFile(0, 1)
	return cmd
}

// demo is one run of the demo.
type demo struct {
	*app
	dir   string
	size  int
	sigma []float64
	spec  dosna.DatasetSpec

	title   string // what the volume is
	phantom bool
	source  dosna.Array
	load    func(ctx context.Context, d *dosna.Dataset) error
	report  demoReport
	failed  error // to print
}

// demoReport is what the demo tells.
type demoReport struct {
	Directory string      `json:"directory"`
	Tree      string      `json:"tree"`
	Volume    string      `json:"volume"`
	Steps     []demoStep  `json:"steps"`
	Raw       datasetInfo `json:"raw"`
	Blurred   datasetInfo `json:"blurred"`
	Before    string      `json:"before"`
	After     string      `json:"after"`
}

type demoStep struct {
	Name           string  `json:"name"`
	Seconds        float64 `json:"seconds"`
	BytesPerSecond float64 `json:"bytes_per_second"`
	Objects        int     `json:"objects"`
	StoredBytes    int64   `json:"stored_bytes"`
}

// The names of what the demo makes in its directory.
const (
	demoTree   = "volume.zarr"
	demoBefore = "before.png"
	demoAfter  = "after.png"
	demoMark   = "dosna_demo" // the attribute of the root by which an earlier demo is known
)

func (d *demo) run(ctx context.Context, file string) (err error) {
	if err := d.openSource(ctx, file); err != nil {
		return err
	}
	if c, ok := d.source.(io.Closer); ok {
		defer c.Close()
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	d.say("%s: %s %s, %s\n\n", d.title, d.source.Type(), tuple(d.source.Shape()), size(int64(nd.Full(d.source.Shape()).Size()*d.source.Type().Size())))
	d.report.Directory, d.report.Tree, d.report.Volume = d.dir, filepath.Join(d.dir, demoTree), d.title
	err = d.at(ctx, d.report.Tree, dosna.Create, func(p place) error {
		if err := d.begin(ctx, p); err != nil {
			return err
		}
		raw, err := d.store(ctx, p)
		if err != nil {
			return err
		}
		blurred, err := d.blur(ctx, p, raw)
		if err != nil {
			return err
		}
		if err := d.verify(ctx, raw, blurred); err != nil {
			return err
		}
		return d.look(ctx, raw, blurred)
	})
	if err == nil && d.json {
		return d.show(d.report, nil)
	}
	return cmp.Or(err, d.failed)
}

// say prints a part of the story.
func (d *demo) say(format string, args ...any) {
	if !d.json && !d.quiet {
		_, err := fmt.Fprintf(d.out, format, args...)
		d.failed = cmp.Or(d.failed, err)
	}
}

func (d *demo) openSource(ctx context.Context, file string) error {
	if file == "" {
		v, err := phantom.SheppLogan([]int{d.size, d.size, d.size}, phantom.Options{Noise: 0.05, Seed: 1, Step: 1. / 4096})
		if err != nil {
			return usagef("demo: %w", err)
		}
		d.title, d.source, d.phantom = "A head phantom with noise (Shepp–Logan)", v, true
		d.load = func(ctx context.Context, to *dosna.Dataset) error { return to.Load(ctx, v) }
		return nil
	}
	f, err := d.openArray(ctx, file, &convert.OpenOptions{})
	if err != nil {
		return err
	}
	d.title, d.source = file, f
	d.load = func(ctx context.Context, to *dosna.Dataset) error { return convert.Load(ctx, to, f, nil) }
	return nil
}

// prepare makes the directory, and refuses one with anything in it that no demo
// has made.
func (d *demo) prepare(ctx context.Context) error {
	if err := os.MkdirAll(d.dir, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.Contains([]string{demoTree, demoBefore, demoAfter}, e.Name()) {
			return fmt.Errorf("%s holds %s, which no demo has made; choose another directory with --out", d.dir, e.Name())
		}
	}
	if len(entries) == 0 {
		return nil
	}
	err = d.at(ctx, filepath.Join(d.dir, demoTree), dosna.ReadOnly, func(p place) error {
		root, err := p.Root(ctx)
		if err == nil && root.Attrs()[demoMark] != true {
			err = errors.New("it is not of a demo")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s is not what an earlier demo left (%w); choose another directory with --out", d.dir, err)
	}
	return nil
}

// begin marks the tree as one of a demo and removes what an earlier one left.
func (d *demo) begin(ctx context.Context, p place) error {
	root, err := p.Root(ctx)
	if err != nil {
		return err
	}
	err = root.UpdateAttrs(ctx, func(a dosna.Attributes) error {
		a[demoMark] = true
		return nil
	})
	for _, name := range []string{"raw", "blurred"} {
		if err == nil {
			if err = root.Delete(ctx, name); errors.Is(err, dosna.ErrNotExist) {
				err = nil
			}
		}
	}
	return err
}
