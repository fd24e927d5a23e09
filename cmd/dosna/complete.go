package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

// completer completes the arguments of a command.
type completer = func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective)

// completeAddress completes the first n arguments as addresses, and the others
// not at all.
func (a *app) completeAddress(n int) completer {
	return func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.addresses(cmd, text)
	}
}

// completeFile completes argument i as a file's name, and the others as
// addresses.
func (a *app) completeFile(i, n int) completer {
	return func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		switch {
		case len(args) == i:
			return nil, cobra.ShellCompDirectiveDefault
		case len(args) >= n:
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.addresses(cmd, text)
	}
}

// addresses returns those that a text may be the beginning of: directories, and
// right of "#/" the nodes of the tree.
func (a *app) addresses(cmd *cobra.Command, text string) ([]string, cobra.ShellCompDirective) {
	i := strings.LastIndex(text, "#/")
	if i < 0 {
		if c, err := dosna.Open(cmd.Context(), text, nil); text != "" && err == nil {
			_ = c.Close() // nothing was written
			return []string{text + "#/"}, cobra.ShellCompDirectiveNoSpace
		}
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	root, path := text[:i], text[i+2:]
	folder, start := "", path
	if j := strings.LastIndexByte(path, '/'); j >= 0 {
		folder, start = path[:j], path[j+1:]
	}
	var found []string
	groups := false
	err := a.at(cmd.Context(), root, dosna.ReadOnly, func(p place) error {
		g, err := p.OpenGroup(cmd.Context(), "/"+folder)
		if err != nil {
			return err
		}
		t, err := below(cmd.Context(), g, false)
		if err != nil {
			return err
		}
		for _, n := range t.nodes {
			if strings.HasPrefix(n.Name(), start) {
				_, group := n.(*dosna.Group)
				groups = groups || group
				found = append(found, root+"#"+n.Path())
			}
		}
		return nil
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	directive := cobra.ShellCompDirectiveNoFileComp
	if groups {
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return found, directive
}

// words completes a flag's value from a list.
func words(list ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// files completes a flag's value as a file's name with one of some endings.
func files(endings ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}
