package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) lsCommand() *cobra.Command {
	var recursive bool
	cmd := &cobra.Command{
		Use:     "ls ADDRESS",
		Aliases: []string{"list"},
		Short:   "List nodes",
		Long: `List the nodes in a group, or with -r all nodes below it: path, shape, type and
chunks of datasets; groups end in a slash.`,
		Example: `  dosna ls /tmp/pool#/scan
  dosna ls -r /tmp/pool
  dosna ls -r /tmp/pool --json`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.ls(cmd.Context(), args[0], recursive) },
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, "list everything below as well")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

func (a *app) ls(ctx context.Context, address string, recursive bool) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		n, err := p.node(ctx)
		if err != nil {
			return err
		}
		t := &tree{nodes: []dosna.Node{n}}
		if g, ok := n.(*dosna.Group); ok {
			if t, err = below(ctx, g, recursive); err != nil {
				return err
			}
		}
		err = a.show(nodeInfos(t.nodes), func(w *strings.Builder) { table(w, listing(t.nodes, dosna.Node.Path)) })
		return errors.Join(err, t.err())
	})
}

// listing makes a row of each node, under the name that name gives it.
func listing(nodes []dosna.Node, name func(dosna.Node) string) [][]string {
	var rows [][]string
	for _, n := range nodes {
		d, ok := n.(*dosna.Dataset)
		if !ok {
			rows = append(rows, []string{name(n) + "/", "", "", ""})
			continue
		}
		rows = append(rows, []string{name(n), tuple(d.Shape()), d.Type().String(), chunking(d)})
	}
	return rows
}

// nodeInfo is a line of a listing.
type nodeInfo struct {
	Path   string `json:"path"`
	Kind   string `json:"kind"`
	Shape  []int  `json:"shape,omitempty"`
	Type   string `json:"dtype,omitempty"`
	Chunks []int  `json:"chunks,omitempty"`
	Shards []int  `json:"shards,omitempty"`
}

func nodeInfos(nodes []dosna.Node) []nodeInfo {
	infos := []nodeInfo{}
	for _, n := range nodes {
		d, ok := n.(*dosna.Dataset)
		if !ok {
			infos = append(infos, nodeInfo{Path: n.Path(), Kind: "group"})
			continue
		}
		infos = append(infos, nodeInfo{d.Path(), "dataset", d.Shape(), d.Type().String(), d.Chunks(), d.Shards()})
	}
	return infos
}
