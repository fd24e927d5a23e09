package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

const rootLong = `dosna stores N-dimensional arrays as chunks in object stores, and slices them as
NumPy does. What it stores is Zarr v3, or v2 on request, which zarr-python, xarray,
Dask and TensorStore open, and it opens theirs.

An address is a store and a node in it, "STORE#/NODE": /data/pool#/scan/raw is
the node /scan/raw of the tree in the directory /data/pool. Without "#/" it is
the root. A destination in the same store as the source is "#/NODE" in short.`

const rootExample = `  dosna demo
  dosna import volume.npy /tmp/pool#/scan/raw
  dosna get /tmp/pool#/scan/raw '100, 0:4, 0:4'
  dosna ls -r /tmp/pool`

// newRoot returns the command with all its subcommands.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "dosna",
		Short:         "N-dimensional arrays in object stores",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return noCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cobra.EnableCommandSorting = false // they are in the order in which one meets them
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return aboutFlag(cmd.Name(), cmd.CommandPath(), err)
	})
	a.globalFlags(root)
	root.AddGroup(
		&cobra.Group{ID: "data", Title: "Arrays:"},
		&cobra.Group{ID: "tree", Title: "Trees:"},
		&cobra.Group{ID: "more", Title: "More:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("data",
		a.createCommand(), a.importCommand(), a.exportCommand(), a.getCommand(), a.showCommand(), a.setCommand(),
		a.blurCommand(), a.castCommand(), a.pyramidCommand(), a.statsCommand(), a.resizeCommand())
	add("tree",
		a.initCommand(), a.infoCommand(), a.lsCommand(), a.treeCommand(), a.duCommand(), a.attrsCommand(),
		a.lnCommand(), a.linkFileCommand(), a.mvCommand(), a.cpCommand(), a.migrateCommand(), a.rmCommand(), a.diffCommand(), a.verifyCommand(), a.consolidateCommand(), a.referencesCommand(), a.lockCommand())
	add("more", a.demoCommand(), a.selftestCommand(), a.serveCommand(), a.versionCommand())
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil && help != root {
		help.Short = "Say how a command is used"
		help.Long = "Say what a command does, what it is given, and show examples."
		help.Example = "  dosna help\n  dosna help lock ls"
		help.Args = func(_ *cobra.Command, args []string) error {
			if cmd, rest, err := root.Find(args); err != nil || len(rest) > 0 {
				return noCommand(cmd, args[len(args)-len(rest)])
			}
			return nil
		}
	}
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	return root
}

// noCommand is the error of a word that is no command of cmd.
func noCommand(cmd *cobra.Command, word string) error {
	hint := ""
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		hint = fmt.Sprintf(", did you mean %s?", near[0])
	}
	return usagef("there is no command %q%s; see dosna --help", word, hint)
}
