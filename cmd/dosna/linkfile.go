package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
)

func (a *app) linkFileCommand() *cobra.Command {
	var axis string
	cmd := &cobra.Command{
		Use:   "link-file SOURCE... DESTINATION",
		Short: "Make a tree over HDF5 and other files, which stay where they are",
		Long: `Make a node at DESTINATION that has the groups, datasets and attributes of SOURCE, and
whose values stay where they are: only references to them are written, byte ranges of the
file. SOURCE is the address of an HDF5 or netCDF file or of a node in one, of a folder with such
files in it (not those in folders below), or of any other tree. All commands and programs of DosNa read the node as any
other, through many requests at a time; cp makes a copy that has the values.

Several files become nodes of a group. With --concat they are put one behind the
other along an axis: a dimension's name, or a number from 0. Datasets that have no such
axis must be equal in all of them.

A file that changes later, or vanishes, makes reads fail, and dosna verify finds it.
References from a tree in local files lead to local files, and otherwise to
what --allow names. References for other programs are written by dosna references.`,
		Example: `  dosna link-file scan.h5 /tmp/pool#/linked
  dosna link-file 'scan.h5#/a/b' /tmp/pool#/data
  dosna link-file --concat 0 'scan.h5#/c' 'scan.h5#/c' /tmp/pool#/twice`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("link-file: give a source, or several, and the destination; see dosna link-file --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			last := len(args) - 1
			return a.linkFile(cmd.Context(), args[:last], args[last], axis)
		},
	}
	cmd.Flags().StringVar(&axis, "concat", "", "put datasets one behind the other along `AXIS`")
	_ = cmd.RegisterFlagCompletionFunc("concat", words())
	return cmd
}

// linkedFiles is what link-file has made.
type linkedFiles struct {
	To       string   `json:"to"`
	Files    []string `json:"files"`
	Groups   int      `json:"groups"`
	Datasets int      `json:"datasets"`
	Bytes    int64    `json:"bytes"` // of the elements
	Seconds  float64  `json:"seconds"`
}

func (a *app) linkFile(ctx context.Context, sources []string, address, axis string) error {
	start := time.Now()
	return a.at(ctx, address, dosna.Create, func(p place) error {
		n, files, err := dosna.LinkFiles(ctx, sources, p.Connection, p.path, axis)
		if err != nil {
			return err
		}
		done := linkedFiles{To: n.Path(), Files: files}
		count1 := func(n dosna.Node) {
			switch n := n.(type) {
			case *dosna.Group:
				done.Groups++
			case *dosna.Dataset:
				done.Datasets++
				done.Bytes += int64(n.Bytes())
			}
		}
		count1(n)
		if g, ok := n.(*dosna.Group); ok {
			for child, err := range g.Walk(ctx) {
				if err != nil {
					return err
				}
				count1(child)
			}
		}
		a.noteAllowing(ctx, n)
		took := time.Since(start)
		done.Seconds = took.Seconds()
		from := sources[0]
		if len(files) > 1 {
			from = count(len(files), "file")
		}
		return a.confirm(done, "linked %s as %s: %s of %s, which stay where they are; %s",
			from, placeOf(n), count(done.Datasets, "dataset"), size(done.Bytes), seconds(took))
	})
}

// noteAllowing says, if it is so, that what has been linked to is not read without being allowed.
func (a *app) noteAllowing(ctx context.Context, n dosna.Node) {
	c, err := dosna.Open(ctx, n.Connection().URL(), nil) // as somebody opens it who knows nothing
	if err != nil {
		return
	}
	defer c.Close()
	again, err := c.Open(ctx, n.Path())
	if err != nil {
		return
	}
	refused := func(n dosna.Node) bool {
		d, ok := n.(*dosna.Dataset)
		if !ok {
			return false
		}
		for k, err := range d.StoredChunks(ctx) {
			if err == nil {
				_, err = k.Stat(ctx)
			}
			if err == nil {
				return false // what is in the references themselves
			}
			if errors.Is(err, store.ErrNotAllowed) {
				fmt.Fprintf(a.err, "dosna: note: to read it takes --allow ADDRESS, with the address that was linked, its options included, or one above it\n")
				return true
			}
			return false
		}
		return false
	}
	if refused(again) {
		return
	}
	if g, ok := again.(*dosna.Group); ok {
		for child, err := range g.Walk(ctx) {
			if err != nil || refused(child) {
				return
			}
		}
	}
}
