package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
)

func (a *app) initCommand() *cobra.Command {
	var attrs attrsFlag
	var format formatFlag
	cmd := &cobra.Command{
		Use:   "init ADDRESS",
		Short: "Make a store, or a group",
		Long: `Make the root of a tree with all that it needs: the directories of a path, also
those that other commands do not make, so that a mistyped address says so. With a
node in the address the group there is made too. What exists is left as it is.`,
		Example: `  dosna init /tmp/data/2024/pool
  dosna init /tmp/pool#/scan --attr 'instrument="I13"'`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.format = format.number()
			return a.init(cmd.Context(), args[0], attrs.attrs)
		},
	}
	cmd.Flags().Var(&attrs, "attr", "an attribute of the group; may be repeated")
	format.flag(cmd, "format of Zarr of a tree that is made, and so of what is created in it (default 3)")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

func (a *app) init(ctx context.Context, address string, attrs dosna.Attributes) error {
	u, err := store.ParseURL(address)
	if err != nil {
		return err
	}
	if err := dosna.Init(ctx, u.Root); err != nil {
		return err
	}
	return a.at(ctx, address, dosna.Create, func(p place) error {
		g, err := p.CreateGroup(ctx, p.path, attrs)
		if errors.Is(err, dosna.ErrExist) {
			g, err = p.OpenGroup(ctx, p.path)
			if err == nil && attrs != nil {
				err = g.UpdateAttrs(ctx, func(a dosna.Attributes) error { return setAttrs(a, attrs) })
			}
		}
		if err != nil {
			return err
		}
		return a.confirm(groupInfo{Path: g.Path(), Kind: "group", Format: g.Format(), Children: []string{}, Attrs: g.Attrs()}, "ready: %s", p)
	})
}
