package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

func (a *app) treeCommand() *cobra.Command {
	var o drawing
	cmd := &cobra.Command{
		Use:   "tree ADDRESS",
		Short: "Draw what is in a group, and below",
		Long: `Draw a group and all nodes below it: shape, type and chunks of datasets; groups end
in a slash. Lines come as nodes are found. With --json it is one document, of nodes
in nodes.`,
		Example: `  dosna tree /tmp/pool
  dosna tree /tmp/pool#/scan --depth 1 --sizes
  dosna tree /tmp/pool --limit 20 --ascii`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.drawTree(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.VarP(intFlag[int]{&o.depth, "LEVELS", 1, 1 << 20}, "depth", "d", "go down so many levels only")
	f.Var(intFlag[int]{&o.limit, "COUNT", 1, 1 << 30}, "limit", "show so many nodes of each group only")
	f.BoolVarP(&o.sizes, "sizes", "s", false, "tell what datasets occupy, which takes a listing of each")
	f.BoolVar(&o.ascii, "ascii", false, "draw lines with characters that every terminal has")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// drawing says how to draw a tree; zero numbers are no bound.
type drawing struct {
	depth, limit int
	sizes, ascii bool
}

// The strokes of a drawing: before a node, before the last one of a group, and
// below these two; and what stands for nodes left out.
var (
	strokes      = [5]string{"├── ", "└── ", "│   ", "    ", "… "}
	asciiStrokes = [5]string{"|-- ", "`-- ", "|   ", "    ", "... "}
)

func (a *app) drawTree(ctx context.Context, address string, o drawing) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		n, err := p.node(ctx)
		if err != nil {
			return err
		}
		w := &treeWriter{out: a.out, json: a.json, o: o, strokes: strokes}
		if o.ascii {
			w.strokes = asciiStrokes
		}
		if err := w.root(ctx, p, n); err != nil {
			return err
		}
		return w.broken.err()
	})
}

// treeWriter draws a tree, line by line.
type treeWriter struct {
	out     io.Writer
	json    bool
	o       drawing
	strokes [5]string

	groups, datasets int
	broken           tree
}

func (w *treeWriter) print(parts ...string) error {
	_, err := io.WriteString(w.out, strings.Join(parts, ""))
	return err
}

func (w *treeWriter) root(ctx context.Context, p place, n dosna.Node) error {
	if err := w.node(ctx, n, nil, p.String(), "", "", 0); err != nil {
		return err
	}
	if w.json {
		return w.print("\n")
	}
	return w.print("\n", count(w.groups, "group"), ", ", count(w.datasets, "dataset"), "\n")
}

// treeNode is a node in JSON, but for what is in it.
type treeNode struct {
	Name string `json:"name"`
	nodeInfo
	Objects     *int   `json:"objects,omitempty"`
	StoredBytes *int64 `json:"stored_bytes,omitempty"`
	Error       string `json:"error,omitempty"`
}

// node draws a node, or says why it cannot be opened, and what is below it. first
// stands before its line, and below before those below it.
func (w *treeWriter) node(ctx context.Context, n dosna.Node, broken *dosna.NodeError, name, first, below string, level int) error {
	info, text := treeNode{Name: name}, ""
	switch n := n.(type) {
	case *dosna.Dataset:
		w.datasets++
		info.nodeInfo = nodeInfos([]dosna.Node{n})[0]
		text = fmt.Sprintf("  %s %s, %s", tuple(n.Shape()), n.Type(), chunking(n))
		if w.o.sizes {
			u, err := occupied(ctx, n)
			if err != nil {
				return err
			}
			info.Objects, info.StoredBytes = &u.Objects, &u.Stored
			text += ", " + objects(u.Objects, u.Stored)
		}
	case *dosna.Group:
		if level > 0 {
			w.groups++
			text = "/"
		}
		info.nodeInfo = nodeInfos([]dosna.Node{n})[0]
	case *dosna.Link:
		info.nodeInfo = nodeInfos([]dosna.Node{n})[0]
		text = arrow(n)
	default:
		w.broken.broken = append(w.broken.broken, broken)
		info.Path, info.Kind, info.Error = broken.Path, "broken", oneLine(broken)
		if text = "  cannot be opened: " + info.Error; name == "" {
			text = info.Error
		}
	}
	g, isGroup := n.(*dosna.Group)
	if w.json {
		line := jsonLine(info)
		if !isGroup || w.o.depth > 0 && level == w.o.depth {
			return w.print(first, line)
		}
		if err := w.print(first, strings.TrimSuffix(line, "}"), `,"children":[`); err != nil {
			return err
		}
		more, err := w.children(ctx, g, below, level+1)
		if err != nil {
			return err
		}
		if more > 0 {
			return w.print("],", fmt.Sprintf(`"more":%d}`, more))
		}
		return w.print("]}")
	}
	if err := w.print(first, name, text, "\n"); err != nil || !isGroup || w.o.depth > 0 && level == w.o.depth {
		return err
	}
	more, err := w.children(ctx, g, below, level+1)
	if err == nil && more > 0 {
		err = w.print(below, w.strokes[1], w.strokes[4], grouped(more), " more\n")
	}
	return err
}

// children draws what is in a group, and returns how many nodes it leaves out.
func (w *treeWriter) children(ctx context.Context, g *dosna.Group, prefix string, level int) (more int, err error) {
	draw := func(c treeChild, n int, last bool) error {
		first, below := prefix+w.strokes[0], prefix+w.strokes[2]
		if last {
			first, below = prefix+w.strokes[1], prefix+w.strokes[3]
		}
		if w.json {
			first = "\n" + strings.Repeat(" ", level)
			if n > 0 {
				first = "," + first
			}
		}
		name := c.name()
		if c.broken != nil && c.broken.Path == g.Path() { // it is the group itself that cannot be listed
			name = ""
		}
		return w.node(ctx, c.node, c.broken, name, first, below, level)
	}
	var held *treeChild // until it is known whether it is the last
	n := 0
	for node, err := range g.Children(ctx) {
		c := treeChild{node: node}
		switch {
		case err != nil && !errors.As(err, &c.broken):
			return 0, err
		}
		if held != nil {
			if err := draw(*held, n, false); err != nil {
				return 0, err
			}
			n++
		}
		if held = &c; n == w.o.limit && n > 0 {
			return beyond(ctx, g, c.name())
		}
	}
	if held == nil {
		return 0, nil
	}
	return 0, draw(*held, n, true)
}

// treeChild is a node in a group, or one that cannot be opened.
type treeChild struct {
	node   dosna.Node
	broken *dosna.NodeError
}

func (c treeChild) name() string {
	if c.node != nil {
		return c.node.Name()
	}
	return c.broken.Path[strings.LastIndexByte(c.broken.Path, '/')+1:]
}

// beyond counts the names in a group from one on.
func beyond(ctx context.Context, g *dosna.Group, from string) (int, error) {
	names, err := g.Names(ctx)
	n := 0
	for _, name := range names {
		if name >= from {
			n++
		}
	}
	return n, err
}

// grouped prints a number with commas between thousands.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
