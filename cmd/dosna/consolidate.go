package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) consolidateCommand() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "consolidate ADDRESS",
		Short: "Put copies of all metadata in one place",
		Long: `Put copies of the metadata of all nodes below a group into that of the group, as
zarr.consolidate_metadata does, so that readers find them with one request, and
where a store cannot list what it has, such as a web server, at all. Commands that
change something below keep the copies true, however many there are at a time; while
they are at work nobody sees the copies, nor after one has died: then this command
makes them anew. Other programs may not keep them true.`,
		Example: `  dosna consolidate /tmp/pool
  dosna consolidate /tmp/pool#/scan
  dosna consolidate /tmp/pool --remove`,
		Args: exactArgs("the group's address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.consolidate(cmd.Context(), args[0], remove)
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "remove the copies in the group, and in groups below it")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// consolidated is what consolidate has done.
type consolidated struct {
	Path         string `json:"path"`
	Consolidated bool   `json:"consolidated"`
}

func (a *app) consolidate(ctx context.Context, address string, remove bool) error {
	return a.at(ctx, address, dosna.ReadWrite, func(p place) error {
		g, err := p.OpenGroup(ctx, p.path)
		if err != nil {
			return err
		}
		done, did := consolidated{g.Path(), !remove}, "consolidated the metadata below"
		if remove {
			did = "removed the consolidated metadata below"
			err = g.Unconsolidate(ctx)
		} else {
			err = g.Consolidate(ctx)
		}
		if err != nil {
			return err
		}
		return a.confirm(done, "%s %s", did, fmt.Sprint(p))
	})
}
