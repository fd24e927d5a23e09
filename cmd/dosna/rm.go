package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

func (a *app) rmCommand() *cobra.Command {
	var recursive, dryRun bool
	cmd := &cobra.Command{
		Use:   "rm ADDRESS…",
		Short: "Remove datasets and groups",
		Long: `Remove nodes: datasets, links (never what they lead to) and empty groups, or with -r also groups with everything
below them. What an interrupted command has left unseen at an address goes too.
--dry-run tells what would be removed.`,
		Example: `  dosna rm /tmp/pool#/scan/raw --dry-run
  dosna rm /tmp/pool#/scan/raw
  dosna rm -r /tmp/pool#/scan`,
		Args: rangeArgs(1, "the address", "..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.rm(cmd.Context(), args, recursive, dryRun)
		},
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, "remove groups with everything below")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only tell what would be removed")
	cmd.ValidArgsFunction = a.completeAddress(1 << 30)
	return cmd
}

// removed is what rm has removed, or would.
type removed struct {
	Path      string `json:"path"`
	Nodes     int    `json:"nodes"`
	Objects   int    `json:"objects"`
	Documents int    `json:"documents"`
	Bytes     int64  `json:"bytes"`
	DryRun    bool   `json:"dry_run"`

	elsewhere bool // datasets have references to objects that lie elsewhere
}

func (a *app) rm(ctx context.Context, addresses []string, recursive, dryRun bool) error {
	mode := dosna.ReadWrite
	if dryRun {
		mode = dosna.ReadOnly
	}
	all := []removed{}
	for _, address := range addresses {
		err := a.at(ctx, address, mode, func(p place) error {
			r, err := a.rmOne(ctx, p, recursive, dryRun)
			if err == nil {
				all = append(all, r)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if a.json {
		return a.show(all, nil)
	}
	return nil
}

func (a *app) rmOne(ctx context.Context, p place, recursive, dryRun bool) (removed, error) {
	r, err := content(ctx, p)
	unfinished := ""
	if errors.Is(err, dosna.ErrUnfinished) && p.path != "/" { // it goes, whatever is below it
		r, err = left(ctx, p)
		recursive, unfinished = true, "what there is of "
	}
	r.DryRun = dryRun
	switch {
	case err != nil:
		return r, err
	case p.path == "/":
		return r, fmt.Errorf("%s: the root of a tree is not removed; remove its children, or the directory itself by other means", p.URL())
	case r.Nodes > 1 && !recursive:
		return r, fmt.Errorf("%s is a group with %s below it (%s); remove all with: dosna rm -r", p, count(r.Nodes-1, "node"), storedIn(r.Objects, r.Documents, r.Bytes))
	}
	what := fmt.Sprintf("%s%s: %s, %s", unfinished, p, count(r.Nodes, "node"), storedIn(r.Objects, r.Documents, r.Bytes))
	if dryRun {
		if !a.json {
			return r, a.show(nil, dryRunText("remove %s", what))
		}
		return r, nil
	}
	if err := p.Delete(ctx, p.path); err != nil || a.json {
		return r, err
	}
	return r, a.confirm(nil, "removed %s", what)
}

// content counts the nodes, objects and bytes at a place and below.
func content(ctx context.Context, p place) (removed, error) {
	r := removed{Path: p.path, Nodes: 1}
	n, err := p.entry(ctx)
	if err != nil {
		return r, err
	}
	p = placeOf(n) // links lead there
	if g, ok := n.(*dosna.Group); ok {
		t, err := below(ctx, g, true)
		if err != nil {
			return r, err
		}
		r.Nodes += len(t.nodes) + len(t.broken)
	}
	return r, r.add(ctx, p)
}

// left counts what is stored of a node that is not complete, or was not removed
// completely.
func left(ctx context.Context, p place) (removed, error) {
	r := removed{Path: p.path}
	err := r.add(ctx, p)
	r.Nodes = r.Documents
	return r, err
}

// add counts what is stored at a place and below: the metadata of nodes, which are
// documents, apart from the objects of datasets.
func (r *removed) add(ctx context.Context, p place) error {
	prefix := strings.TrimLeft(p.path+"/", "/")
	for info, err := range p.Store().List(ctx, store.ListOptions{Prefix: prefix}) {
		switch {
		case err != nil:
			return err
		case isDocument(path.Base(info.Key)):
			r.Documents++
		case zarr.IsMetadata(path.Base(info.Key)): // which belongs to a document
		case zarr.IsReferences(path.Base(info.Key)):
			r.elsewhere = true
		default:
			r.Objects++
		}
		r.Bytes += info.Size
	}
	return nil
}

// dryRunText says what would be done.
func dryRunText(format string, args ...any) func(*strings.Builder) {
	return func(w *strings.Builder) { fmt.Fprintf(w, "would "+format+"\n", args...) }
}

// isDocument reports whether an object of that name makes a node.
func isDocument(name string) bool {
	return name == zarr.Key || name == zarr.ArrayKey || name == zarr.GroupKey
}
