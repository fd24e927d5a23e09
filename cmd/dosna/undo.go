package main

import (
	"context"
	"os"
	"strings"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
)

// undo takes back what opening a tree to create something in it has made, and what
// was created above that, should the command fail.
type undo struct {
	dir    string   // of the tree, which was not there; or ""
	groups []string // that were not there, the innermost last
}

// beforeOpening notes whether a tree's directory is there.
func beforeOpening(address string, mode dosna.Mode) undo {
	u, err := store.ParseURL(address)
	if err != nil || mode != dosna.Create || u.Scheme != "file" {
		return undo{}
	}
	if _, err := os.Lstat(u.Path); os.IsNotExist(err) {
		return undo{dir: u.Path}
	}
	return undo{}
}

// opened notes which groups above a node are missing.
func (u *undo) opened(ctx context.Context, c *dosna.Connection, mode dosna.Mode) {
	if mode != dosna.Create {
		return
	}
	if c.Created() {
		u.groups = append(u.groups, "/")
	}
	path := "/" + c.Start()
	for i := 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		if len(u.groups) == 0 {
			if _, err := c.Open(ctx, path[:i]); err == nil {
				continue
			}
		}
		u.groups = append(u.groups, path[:i])
	}
}

// groupsBack removes the groups again that are empty. That something else is in
// them, or that they never came to be, is no error.
func (u *undo) groupsBack(ctx context.Context, c *dosna.Connection) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	for i := len(u.groups) - 1; i >= 0; i-- {
		_ = c.DeleteEmpty(ctx, u.groups[i])
	}
}

// dirBack removes the tree's directory again if it is empty.
func (u *undo) dirBack() {
	if u.dir != "" {
		_ = os.Remove(strings.TrimRight(u.dir, "/"))
	}
}
