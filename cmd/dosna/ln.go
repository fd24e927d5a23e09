package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
)

func (a *app) lnCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "ln TARGET LINK",
		Short: "Make a link to a node",
		Long: `Make a link: a node that names another one, like a symbolic link. TARGET is the
address of a node, STORE#/NODE, or a path in the tree of the link: one that begins
with a slash is from its root ("/scan/raw", or "#/scan/raw"), any other from the
group that the link is in ("raw", "../other/raw"). It need not exist. Within a tree
the link holds the way from itself to the target, so that both can move together.

Commands follow links in addresses and at their ends; ls, mv, cp and rm take a link
that they are given for what it is. Links into other trees are followed from local
files to local files, and otherwise to what --allow names.`,
		Example: `  dosna ln raw /tmp/pool#/scan/latest
  dosna ln /tmp/pool#/scan/raw '#/newest'
  dosna ln -f /scan/raw /tmp/pool#/newest
  dosna ln https://data.example.org/pool#/brain /tmp/pool#/brain`,
		Args: exactArgs("the target", "the link's address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.ln(cmd.Context(), args[0], args[1], force) },
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "let a link that is there lead to the target instead")
	cmd.ValidArgsFunction = a.completeAddress(2)
	return cmd
}

// linkMade is a link that ln has made.
type linkMade struct {
	Path    string   `json:"path"`
	Target  string   `json:"target"`
	LeadsTo *leadsTo `json:"leads_to"`
}

func (a *app) ln(ctx context.Context, target, address string, force bool) error {
	target, address, err := linkAddresses(target, address)
	if err != nil {
		return err
	}
	if err := namesNode(address); err != nil {
		return err
	}
	return a.at(ctx, address, dosna.ReadWrite, func(p place) error {
		l, err := link(ctx, p, target, force)
		if err != nil {
			return err
		}
		to, err := follow(ctx, l)
		if err != nil {
			return err
		}
		return a.confirm(linkMade{l.Path(), l.Target(), to}, "linked %s%s%s", placeOf(l), arrow(l), elsewhere(to))
	})
}

// link makes a link, or changes the one that is there.
func link(ctx context.Context, p place, target string, force bool) (*dosna.Link, error) {
	for {
		l, err := p.CreateLink(ctx, p.path, target)
		if !errors.Is(err, dosna.ErrExist) {
			return l, err
		}
		n, err := p.entry(ctx)
		l, ok := n.(*dosna.Link)
		switch {
		case errors.Is(err, dosna.ErrNotExist):
			continue // which somebody has removed
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("%s: there is a %s (%w), which a link does not replace; name another place, or remove it with dosna rm", p, kindOf(n), dosna.ErrExist)
		case !force:
			return nil, fmt.Errorf("%s: there is a link (%w), to %s; change it with: dosna ln -f", p, dosna.ErrExist, targetText(l))
		}
		if err = l.SetTarget(ctx, target); !errors.Is(err, dosna.ErrNotExist) {
			return l, err
		}
	}
}

// linkAddresses turns what is given to ln into a target as the library has it, and the
// address of the link.
func linkAddresses(target, address string) (string, string, error) {
	path, short := strings.CutPrefix(target, "#/")
	switch {
	case short:
		return "/" + path, address, nil
	case !strings.Contains(target, "#/") && !strings.Contains(target, "://"):
		return target, address, nil
	}
	to, at, err := addresses(target, address)
	if err != nil {
		return "", "", err
	}
	if to.Root == at.Root {
		return "/" + to.Node, at.String(), nil
	}
	if !strings.Contains(to.Root, "://") {
		abs, err := filepath.Abs(to.Path)
		if err != nil {
			return "", "", err
		}
		to.Root = (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String()
	}
	return store.URL{Root: to.Root, Node: to.Node}.String(), at.String(), nil
}
