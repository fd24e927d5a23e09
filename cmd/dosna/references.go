package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) referencesCommand() *cobra.Command {
	var o dosna.ReferencesOptions
	cmd := &cobra.Command{
		Use:   "references NODE FILE",
		Short: "Write references to a tree, as kerchunk does",
		Long: `Write references to the stored objects of a node and of all below it, in the form
of kerchunk: a .json file, or a .parq folder of Parquet files for trees of Zarr v2.
Whoever has the references opens the tree by them: fsspec, with it zarr-python and
xarray, VirtualiZarr, and dosna. Metadata is in them, chunks stay where they are;
to read them from elsewhere dosna wants --allow ADDRESS. Addresses in buckets are
without options: readers know the server and the keys by themselves, dosna from
AWS_ENDPOINT_URL and its like. What was there is replaced.

References have copies of all metadata of Zarr v3 in one place, for programs that cannot
list them, zarr-python among them; of Zarr v2 if the tree has: dosna consolidate. Datasets
with codecs that no other program has, or chunks of several lengths, are left out of them. A .refs file is in a form of our own, which
only dosna reads, and says what the chunks were: changed ones are errors then.`,
		Example: `  dosna references /tmp/pool scan.json
  dosna references /tmp/pool#/scan /tmp/scan.json --base https://data.example/pool`,
		Args: exactArgs("the node's address", "the file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.references(cmd.Context(), args[0], args[1], &o)
		},
	}
	cmd.Flags().StringVar(&o.Base, "base", "", "`ADDRESS` by which readers find the tree's root (default: the one given)")
	_ = cmd.RegisterFlagCompletionFunc("base", words())
	cmd.ValidArgsFunction = a.completeFile(1, 2)
	return cmd
}

// referencesTo is what the command has written.
type referencesTo struct {
	To      string `json:"to"`
	Objects int    `json:"objects"`
	Inline  int    `json:"inline"`

	Left []string `json:"left,omitempty"` // paths of datasets
}

func (a *app) references(ctx context.Context, address, file string, o *dosna.ReferencesOptions) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		n, err := p.node(ctx)
		if err != nil {
			return err
		}
		done, err := dosna.WriteReferences(ctx, n, file, o)
		if err != nil {
			return err
		}
		for _, path := range done.Left {
			fmt.Fprintf(a.err, "dosna: note: %s is left out: most programs that read such references do not know its codecs, or chunks of several lengths, and would not open its group\n", path)
		}
		return a.confirm(referencesTo{file, done.Objects, done.Inline, done.Left}, "wrote references to %s in %s, with %s inline", count(done.Objects, "object"), file, count(done.Inline, "document"))
	})
}
