package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) lsCommand() *cobra.Command {
	var recursive, long bool
	cmd := &cobra.Command{
		Use:     "ls ADDRESS",
		Aliases: []string{"list"},
		Short:   "List nodes",
		Long: `List the nodes in a group, or with -r all nodes below it: path, shape, type and
chunks of datasets; groups end in a slash, and links are followed by an arrow and
where they lead. With -l that is looked at, too. Links below the address are not
followed.`,
		Example: `  dosna ls /tmp/pool#/scan
  dosna ls -r /tmp/pool
  dosna ls -lr /tmp/pool
  dosna ls -r /tmp/pool --json`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.ls(cmd.Context(), args[0], recursive, long) },
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, "list everything below as well")
	cmd.Flags().BoolVarP(&long, "long", "l", false, "tell what is where links lead")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

func (a *app) ls(ctx context.Context, address string, recursive, long bool) error {
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
		infos, rows := nodeInfos(t.nodes), listing(t.nodes, dosna.Node.Path)
		for i, n := range t.nodes {
			if l, ok := n.(*dosna.Link); ok && long {
				if infos[i].LeadsTo, err = follow(ctx, l); err != nil {
					return err
				}
				rows[i][1] = infos[i].LeadsTo.String()
			}
		}
		err = a.show(infos, func(w *strings.Builder) { table(w, rows) })
		return errors.Join(err, t.err())
	})
}

// listing makes a row of each node, under the name that name gives it.
func listing(nodes []dosna.Node, name func(dosna.Node) string) [][]string {
	var rows [][]string
	for _, n := range nodes {
		switch n := n.(type) {
		case *dosna.Dataset:
			rows = append(rows, []string{name(n), tuple(n.Shape()), n.Type().String(), chunking(n)})
		case *dosna.Link:
			rows = append(rows, []string{name(n) + arrow(n), "", "", ""})
		default:
			rows = append(rows, []string{name(n) + "/", "", "", ""})
		}
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

	Target  string   `json:"target,omitempty"` // of a link
	LeadsTo *leadsTo `json:"leads_to,omitempty"`
}

func nodeInfos(nodes []dosna.Node) []nodeInfo {
	infos := []nodeInfo{}
	for _, n := range nodes {
		info := nodeInfo{Path: n.Path(), Kind: kindOf(n)}
		switch n := n.(type) {
		case *dosna.Dataset:
			info.Shape, info.Type, info.Chunks, info.Shards = n.Shape(), n.Type().String(), n.Chunks(), n.Shards()
		case *dosna.Link:
			info.Target = n.Target()
		}
		infos = append(infos, info)
	}
	return infos
}
