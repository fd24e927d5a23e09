//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"testing"
)

func TestFigures(t *testing.T) {
	for _, c := range []struct {
		args []string
		what []string
	}{
		{[]string{"chunks", "60"}, []string{"create", "write", "open", "read", "list"}},
		{[]string{"sparse"}, []string{"create", "write 100 boxes of 64³", "open", "read them", "read 256³ where nothing is stored", "list"}},
	} {
		if testing.Short() && c.args[0] == "sparse" {
			continue
		}
		var out bytes.Buffer
		dir := filepath.Join(t.TempDir(), "work")
		if err := run(context.Background(), append([]string{"--dir", dir}, c.args...), &out); err != nil {
			t.Fatalf("%v: %v", c.args, err)
		}
		var what []string
		for d := json.NewDecoder(&out); d.More(); {
			var f figure
			if err := d.Decode(&f); err != nil {
				t.Fatal(err)
			}
			if f.Seconds <= 0 || f.RSS <= 0 || f.Kind != c.args[0] {
				t.Errorf("%v: %+v", c.args, f)
			}
			what = append(what, f.What)
		}
		if !slices.Equal(what, c.what) {
			t.Errorf("%v: figures for %q, want %q", c.args, what, c.what)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{}, {"--dir", dir}, {"--dir", dir, "size"}, {"--dir", dir, "chunks", "0"}, {"--dir", dir, "chunks", "many"}, {"--dir", dir, "luck", "7"},
		{"--dir", dir, "--data", dir, "workers", "2"},
	} {
		if err := run(context.Background(), args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
