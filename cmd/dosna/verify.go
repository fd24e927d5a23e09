package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) verifyCommand() *cobra.Command {
	var recursive bool
	cmd := &cobra.Command{
		Use:   "verify ADDRESS",
		Short: "Check stored objects for damage",
		Long: `Read every stored object of a dataset, or with -r of all datasets below a group,
and check that it decodes, with all checksums; the metadata of nodes is checked as
well. Objects that are damaged are named, and the exit code is 1.`,
		Example: `  dosna verify /tmp/pool#/scan/raw
  dosna verify -r /tmp/pool
  dosna verify -r /tmp/pool --json`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), args[0], recursive) },
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, "check everything below a group")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// verified is what verify has found.
type verified struct {
	Datasets  int           `json:"datasets"`
	Objects   int           `json:"objects"`
	Unchecked []string      `json:"datasets_without_checksum"`
	Faults    []verifyFault `json:"faults"`
}

type verifyFault struct {
	Object string `json:"object"`
	Error  string `json:"error"`
}

func (v *verified) fault(object string, err error) {
	v.Faults = append(v.Faults, verifyFault{object, oneLine(err)})
}

func (a *app) verify(ctx context.Context, address string, recursive bool) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		v := verified{Unchecked: []string{}, Faults: []verifyFault{}}
		n, err := p.node(ctx)
		if err != nil {
			return err
		}
		nodes := []dosna.Node{n}
		if g, ok := n.(*dosna.Group); ok {
			if !recursive {
				return fmt.Errorf("%s is a group; check everything below it with: dosna verify -r", p)
			}
			tree, err := below(ctx, g, true)
			if err != nil {
				return err
			}
			nodes = tree.nodes
			for _, b := range tree.broken {
				v.fault(b.path, b.err)
			}
		}
		for _, n := range nodes {
			if err := a.verifyNode(ctx, p, n, &v); err != nil {
				return err
			}
		}
		if err := a.show(v, v.print); err != nil {
			return err
		}
		if len(v.Faults) > 0 {
			return fmt.Errorf("%s: %s of %d: %w", p, count(len(v.Faults), "fault"), v.Objects, errDamaged)
		}
		return nil
	})
}

var errDamaged = errors.New("there is damage")

func (a *app) verifyNode(ctx context.Context, p place, n dosna.Node, v *verified) error {
	d, ok := n.(*dosna.Dataset)
	if !ok {
		return nil
	}
	opts, finish := a.progress("verifying "+d.Path(), p.Options())
	defer finish()
	checked, err := d.With(opts).Verify(ctx, func(f dosna.Fault) { v.fault(f.Key, f.Err) })
	if err != nil {
		return err
	}
	v.Datasets++
	v.Objects += checked
	if !d.Checked() {
		v.Unchecked = append(v.Unchecked, d.Path())
	}
	return nil
}

func (v *verified) print(w *strings.Builder) {
	for _, f := range v.Faults {
		fmt.Fprintf(w, "BAD %s: %s\n", f.Object, f.Error)
	}
	for _, path := range v.Unchecked {
		fmt.Fprintf(w, "%s has no checksum: only damage that keeps it from being decoded is found\n", path)
	}
	result := "all right"
	if n := len(v.Faults); n > 0 {
		result = count(n, "fault")
	}
	fmt.Fprintf(w, "checked %s of %s: %s\n", count(v.Objects, "object"), count(v.Datasets, "dataset"), result)
}
