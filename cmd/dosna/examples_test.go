package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna/dtype"
)

// Every line of every example in the help texts is run as it stands, but for /tmp,
// which is a directory of the test's own.
func TestExamples(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("the examples are lines for a POSIX shell, and there is none here")
	}
	empty := []string{"dosna", "dosna create", "dosna import", "dosna init", "dosna demo", "dosna version"}
	original := originalWorld(t)
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		name := cmd.CommandPath()
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if cmd.Example == "" || cmd.Long == "" || cmd.Short == "" {
				t.Fatal("its help lacks a text or an example")
			}
			dir := world(t, original, slices.Contains(empty, name))
			server := example
			if strings.Contains(cmd.Example, server) {
				server = firstDosNa(t)
			}
			for line := range strings.Lines(cmd.Example) {
				if testing.Short() && strings.TrimSpace(line) == "dosna demo" {
					continue // a second or two, and demo.txtar runs a smaller one
				}
				runLine(t, dir, strings.ReplaceAll(strings.TrimSpace(line), example, server), name)
			}
		})
	}
	walk(newRoot(&app{}))
}

// example is the server in the examples that has what the first DosNa stored.
const example = "http://s3.example.org"

func runLine(t *testing.T, dir, line, name string) {
	t.Helper()
	if !strings.HasPrefix(line, name) && !strings.Contains(line, "| "+name) {
		t.Errorf("%q is not an example of %s", line, name)
	}
	sh := exec.Command("sh", "-c", strings.ReplaceAll(line, "/tmp", dir))
	sh.Dir = dir
	var out, errOut bytes.Buffer
	sh.Stdout, sh.Stderr = &out, &errOut
	if err := sh.Run(); err != nil || errOut.Len() > 0 {
		t.Fatalf("%s: %v\n%s", line, err, errOut.String())
	}
	if out.Len() == 0 && !strings.HasPrefix(line, "dosna attrs") {
		t.Errorf("%s: prints nothing", line)
	}
}

// world returns a directory with the files that the examples speak of and, unless
// it is to be empty, a tree "pool" with the dataset /scan/raw.
func world(t *testing.T, original string, empty bool) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	if empty {
		if err := os.RemoveAll(filepath.Join(dir, "pool")); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func originalWorld(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	volume := []int{128, 64, 100}
	for name, shape := range map[string][]int{"volume.npy": volume, "plane.npy": volume[1:]} {
		if err := writeArray(in(name), shape, dtype.Float32); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeArray(in("mask.npy"), volume, dtype.Bool); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("frames.bin"), make([]byte, 64+2*16*128*128), 0o666); err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile("../../hdf5/testdata/small-latest.h5")
	if err == nil {
		err = os.WriteFile(in("scan.h5"), sample, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(in("slices"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"import", "mask.npy", "scratch#/mask"},
		{"export", "scratch#/mask", "arrays.npz", "--member", "mask"},
		{"export", "scratch#/mask", "slices/s_%03d.tif"},
		{"import", "volume.npy", "pool#/scan/raw", "--chunks", "64,64,64", "--attr", "voxel_um=0.65", "--attr", "roi=[10,20]"},
		{"create", "sky#/stars", "--shape", "100", "--dtype", "struct{name: S8, magnitude: f4}"},
		{"cp", "-r", "pool#/scan", "backup#/scan"},
	} {
		if _, errOut, code := command(t, dir, args...); code != 0 {
			t.Fatalf("%v: %s", args, errOut)
		}
	}
	return dir
}
