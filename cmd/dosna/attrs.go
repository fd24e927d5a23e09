package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) attrsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "attrs",
		Short: "Show and change attributes",
		Long:  `Show and change the attributes of groups and datasets, which are JSON.`,
		Example: `  dosna attrs set /tmp/pool#/scan/raw voxel_um=0.65 sample='"bone, left"' roi='[10, 20]'
  dosna attrs get /tmp/pool#/scan/raw
  dosna attrs get /tmp/pool#/scan/raw voxel_um
  dosna attrs rm /tmp/pool#/scan/raw roi`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("attrs: there is no command %q; it is attrs get, attrs set or attrs rm", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.attrsGetCommand(), a.attrsSetCommand(), a.attrsRmCommand())
	return cmd
}

func (a *app) attrsGetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get ADDRESS [NAME]",
		Short: "Print all attributes, or one",
		Long:  `Print the attributes of a node as a JSON object, or the value of one of them.`,
		Example: `  dosna attrs get /tmp/pool#/scan/raw
  dosna attrs get /tmp/pool#/scan/raw voxel_um`,
		Args: rangeArgs(1, "the address", "the name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.attrsGet(cmd.Context(), args[0], args[1:])
		},
	}
	cmd.ValidArgsFunction = a.completeAttr
	return cmd
}

func (a *app) attrsGet(ctx context.Context, address string, names []string) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		n, err := p.node(ctx)
		if err != nil {
			return err
		}
		attrs := n.Attrs()
		var v any = attrs
		for _, name := range names {
			var ok bool
			if v, ok = attrs[name]; !ok {
				return fmt.Errorf("%s has no attribute %q", p, name)
			}
		}
		return a.show(v, func(w *strings.Builder) {
			raw, err := json.MarshalIndent(v, "", "  ")
			if err != nil {
				raw = []byte(err.Error())
			}
			fmt.Fprintf(w, "%s\n", raw)
		})
	})
}

func (a *app) attrsSetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "set ADDRESS NAME=JSON…",
		Short: "Set attributes",
		Long: `Set attributes of a node; the others stay. A value is JSON; a word that could not
be meant as JSON is a text and needs no quotes. All are set at once, or none.`,
		Example: `  dosna attrs set /tmp/pool#/scan/raw voxel_um=0.65 sample='"bone, left"' roi='[10, 20]'
  dosna attrs set /tmp/pool#/scan operator=Ada`,
		Args: rangeArgs(2, "the address", "NAME=JSON", "..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f attrsFlag
			for _, arg := range args[1:] {
				if err := f.Set(arg); err != nil {
					return usageError{err}
				}
			}
			return a.changeAttrs(cmd.Context(), args[0], func(attrs dosna.Attributes) error { return setAttrs(attrs, f.attrs) })
		},
		ValidArgsFunction: a.completeAttr,
	}
}

func setAttrs(attrs, values dosna.Attributes) error {
	for name, v := range values {
		attrs[name] = v
	}
	return nil
}

func (a *app) attrsRmCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rm ADDRESS NAME…",
		Short:   "Remove attributes",
		Long:    `Remove attributes of a node. If one is not there, none is removed.`,
		Example: `  dosna attrs rm /tmp/pool#/scan/raw roi`,
		Args:    rangeArgs(2, "the address", "the name", "..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeAttrs(cmd.Context(), args[0], func(attrs dosna.Attributes) error {
				for _, name := range args[1:] {
					if _, ok := attrs[name]; !ok {
						return fmt.Errorf("%s has no attribute %q", args[0], name)
					}
					delete(attrs, name)
				}
				return nil
			})
		},
		ValidArgsFunction: a.completeAttr,
	}
}

// changeAttrs changes attributes by a function and, with --json, prints them.
func (a *app) changeAttrs(ctx context.Context, address string, change func(dosna.Attributes) error) error {
	return a.at(ctx, address, dosna.ReadWrite, func(p place) error {
		n, err := p.node(ctx)
		if err != nil {
			return err
		}
		if err := n.UpdateAttrs(ctx, change); err != nil || !a.json {
			return err
		}
		return a.show(n.Attrs(), nil)
	})
}

// completeAttr completes an address, and then names of attributes.
func (a *app) completeAttr(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.addresses(cmd, text)
	}
	var names []string
	_ = a.at(cmd.Context(), args[0], dosna.ReadOnly, func(p place) error { // without an answer there is nothing to offer
		n, err := p.node(cmd.Context())
		if err == nil {
			names = sortedNames(n.Attrs())
		}
		return err
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
