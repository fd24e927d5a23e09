package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/ops"
)

func (a *app) cpCommand() *cobra.Command {
	var s storing
	var recursive, overwrite, resume, dryRun, follow bool
	var format formatFlag
	cmd := &cobra.Command{
		Use:   "cp SOURCE DESTINATION",
		Short: "Copy nodes, also between stores and with other chunks or codecs",
		Long: `Copy a dataset, or with -r a group with everything below it, within a tree or to
another one. Datasets are stored as they were, or with the chunks and codecs that
flags ask for. The copy is seen, by any program, when it is complete. If copying
fails or is interrupted, what there is of it is removed; with --resume it stays,
unseen, and the same command goes on with it: what is there already is compared with
the source, byte by byte, and only what is missing or differs is copied. That works
after a loss of power or a killed process, too.

A whole tree, or anything in it, can be copied into a tree that is new or empty. There it is
seen node by node.

Links are copied as links: to the copy of what is copied with them, and else to the
same node as before, by its address if the copy is in another tree. With --follow it
is what they lead to that is copied.`,
		Example: `  dosna cp /tmp/pool#/scan/raw '#/scan/copy'
  dosna cp /tmp/pool#/scan/raw '#/scan/planes' --access planes:0 --codec blosc:lz4:5:shuffle
  dosna cp -r /tmp/pool#/scan /tmp/archive#/scan --codec gzip:9
  dosna cp -r /tmp/pool#/scan /tmp/archive#/again --resume
  dosna cp -r /tmp/pool /tmp/another
  dosna cp /tmp/pool#/scan/raw '#/scan/copy' --overwrite --dry-run`,
		Args: exactArgs("the source", "the destination"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := s.options()
			o.Format, o.Follow = format.number(), follow
			a.format = o.Format
			if o.Resume = resume; resume && overwrite {
				return usagef("cp: --resume goes on with a copy that is not complete, and --overwrite replaces one that is; give one of them")
			}
			return a.cp(cmd.Context(), args[0], args[1], copying{o, recursive, overwrite, dryRun})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&recursive, "recursive", "r", false, "copy groups with everything below")
	f.BoolVar(&overwrite, "overwrite", false, "replace a dataset that is there, when the copy is complete")
	f.BoolVarP(&follow, "follow", "L", false, "copy what links lead to, in the place of the links")
	f.BoolVar(&resume, "resume", false, "go on with a copy that was interrupted, and keep what there is if this one is")
	f.BoolVar(&dryRun, "dry-run", false, "only tell what would be copied and replaced")
	s.flags(cmd, "as the source")
	format.flag(cmd, "format of Zarr (default: that of the group that the copy is in)")
	cmd.ValidArgsFunction = a.completeAddress(2)
	return cmd
}

// copying says how to copy.
type copying struct {
	*dosna.CopyOptions
	recursive, overwrite, dryRun bool
}

// copied is what cp has copied, or would.
type copied struct {
	moved
	Replaces *removed `json:"replaces,omitempty"`
	Seconds  float64  `json:"seconds"`

	elsewhere bool // what is copied lies elsewhere, and only the copy says how much it is
}

func (c copied) what() string {
	if c.Documents == 0 { // the source has no listing
		return count(c.Nodes, "node")
	}
	return count(c.Nodes, "node") + ", " + storedIn(c.Objects, c.Documents, c.Bytes)
}

func (a *app) cp(ctx context.Context, from, to string, o copying) error {
	if o.dryRun {
		return a.cpDryRun(ctx, from, to, o)
	}
	start := time.Now()
	return a.between(ctx, from, to, func(src, dst place) error {
		n, done, err := source(ctx, src, o)
		if err != nil {
			return err
		}
		opts, finish := a.progress("copying", src.Options())
		if n, err = n.Connection().With(opts).OpenEntry(ctx, n.Path()); err != nil {
			return err
		}
		copy := func(path string) (dosna.Node, error) {
			defer finish()
			return copyNode(ctx, n, place{dst.Connection, path}, o.CopyOptions)
		}
		var made dosna.Node
		if o.Resume && dst.path == "/" {
			made, err = copy(dst.path) // of which some may be there
		} else {
			made, err = produce(ctx, dst, o.overwrite, copy)
		}
		if o.Resume && errors.Is(err, dosna.ErrExist) {
			var same bool
			if same, err = a.same(ctx, n, dst, err); same {
				took := time.Since(start)
				done.To, done.Seconds = dst.path, took.Seconds()
				return a.confirm(done, "nothing was left to copy: %s is there, and equal to %s; %s", dst, src, seconds(took))
			}
		}
		if err != nil {
			return err
		}
		if err := dst.Sync(ctx); err != nil {
			return err
		}
		if o.Follow || done.elsewhere { // which is more than the source has in itself
			if r, err := content(ctx, placeOf(made)); err == nil {
				done.Nodes, done.Objects, done.Documents, done.Bytes = r.Nodes, r.Objects, r.Documents, r.Bytes
			}
		}
		took := time.Since(start)
		done.To, done.Seconds = made.Path(), took.Seconds()
		return a.confirm(done, "copied %s to %s: %s; %s, %s", src, dst, done.what(), seconds(took), speed(done.Bytes, took))
	})
}

// same reports whether what is at the destination, which is in the way, is the copy already; if it
// is not, inTheWay is the error.
func (a *app) same(ctx context.Context, src dosna.Node, dst place, inTheWay error) (bool, error) {
	made, err := dst.entry(ctx)
	if err != nil {
		return false, errors.Join(inTheWay, err)
	}
	opts, finish := a.progress("comparing", src.Connection().Options())
	defer finish()
	if src, err = src.Connection().With(opts).OpenEntry(ctx, src.Path()); err != nil {
		return false, err
	}
	sum, err := ops.Diff(ctx, src, made, ops.DiffOptions{First: true})
	if err != nil {
		return false, fmt.Errorf("compare %s with the source: %w", dst, err)
	}
	if sum.Differences > 0 {
		return false, fmt.Errorf("%w; it is not equal to the source, so it is no copy to go on with", inTheWay)
	}
	return true, nil
}

// source looks at what is to be copied.
func source(ctx context.Context, src place, o copying) (dosna.Node, copied, error) {
	done := copied{moved: moved{From: src.path, DryRun: o.dryRun}}
	n, err := src.entry(ctx)
	if err == nil && o.Follow {
		n, err = src.node(ctx)
	}
	if err != nil {
		return nil, done, err
	}
	if _, ok := n.(*dosna.Group); ok && !o.recursive {
		return nil, done, fmt.Errorf("%s is a group; copy it and everything below it with: dosna cp -r", src)
	}
	r, err := content(ctx, placeOf(n))
	if errors.Is(err, errors.ErrUnsupported) { // how much it is, a store without a listing cannot say
		err = nil
	}
	done.Nodes, done.Objects, done.Documents, done.Bytes, done.elsewhere = r.Nodes, r.Objects, r.Documents, r.Bytes, r.elsewhere
	return n, done, err
}

// copyNode copies a node, and removes the copy if that fails, unless it is to be
// gone on with.
func copyNode(ctx context.Context, n dosna.Node, to place, o *dosna.CopyOptions) (dosna.Node, error) {
	inside := n.Connection().Store() == to.Store() && strings.HasPrefix(to.path+"/", strings.TrimRight(n.Path(), "/")+"/")
	made, err := dosna.Copy(ctx, n, to.Connection, to.path, o)
	if err == nil || inside || o.Resume || to.path == "/" || errors.Is(err, dosna.ErrExist) || errors.Is(err, dosna.ErrConflict) {
		return made, err // there is no copy of ours to be removed, or it is to stay
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	if clean := to.Delete(ctx, to.path); !errors.Is(clean, dosna.ErrNotExist) {
		err = errors.Join(err, clean)
	}
	return nil, err
}

// cpDryRun tells what would be copied, and what replaced.
func (a *app) cpDryRun(ctx context.Context, from, to string, o copying) error {
	_, dst, err := addresses(from, to)
	if err != nil {
		return err
	}
	return a.at(ctx, from, dosna.ReadOnly, func(src place) error {
		_, done, err := source(ctx, src, o)
		if err != nil {
			return err
		}
		done.To = "/" + dst.Node
		replaced := ""
		err = a.at(ctx, dst.String(), dosna.ReadOnly, func(p place) error {
			if !o.overwrite {
				return p.vacant(ctx)
			}
			r, err := content(ctx, p)
			if err == nil {
				done.Replaces = &r
				replaced = fmt.Sprintf(", replacing %s, %s", count(r.Nodes, "node"), storedIn(r.Objects, r.Documents, r.Bytes))
			}
			return err
		})
		if err != nil && !errors.Is(err, dosna.ErrNotExist) {
			return err
		}
		return a.show(done, dryRunText("copy %s to %s: %s%s", src, dst, done.what(), replaced))
	})
}
