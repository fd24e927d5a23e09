//go:build unix

// Command scale measures how the time of this project's operations grows: with
// the size of a dataset, with the number of its chunks, with workers; and what a
// nearly empty dataset of 1 TiB costs. It prints a line of JSON for each figure.
//
//	scale --dir DIR --data DIR size GIB
//	scale --dir DIR chunks COUNT
//	scale --dir DIR sparse
//	scale --dir DIR --data DIR workers COUNT
//
// DIR is emptied first, and left to the caller to remove. The directory of data is
// that of bench/gen.py.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/bench/internal/usage"
	"github.com/dosna/dosna/engine"
)

func main() {
	engine.Spare()
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench/scale:", err)
		os.Exit(1)
	}
}

// bench is one measurement of several figures.
type bench struct {
	dir, data string
	kind      string
	x         int // what is varied
	out       io.Writer
}

// figure is a line that is printed.
type figure struct {
	Library string  `json:"library"`
	Kind    string  `json:"kind"`
	X       int     `json:"x"`
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_s"`
	RSS     float64 `json:"rss_mib"`
}

func run(ctx context.Context, args []string, out io.Writer) error {
	b := bench{out: out}
	flags := flag.NewFlagSet("bench/scale", flag.ContinueOnError)
	flags.StringVar(&b.dir, "dir", "", "directory to work in, emptied first")
	flags.StringVar(&b.data, "data", "", "directory with f4.bin and ref")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.dir == "" || flags.NArg() == 0 {
		return errors.New("--dir and what to measure are needed: size GIB, chunks COUNT, sparse, workers COUNT")
	}
	b.kind = flags.Arg(0)
	if b.kind != "sparse" {
		x, err := strconv.Atoi(flags.Arg(1))
		if err != nil || x < 1 {
			return fmt.Errorf("%s %q: a number above zero is needed", b.kind, flags.Arg(1))
		}
		b.x = x
	}
	if err := errors.Join(os.RemoveAll(b.dir), os.MkdirAll(b.dir, 0o777)); err != nil {
		return err
	}
	switch b.kind {
	case "size":
		return b.size(ctx)
	case "chunks":
		return b.chunks(ctx)
	case "sparse":
		return b.sparse(ctx)
	case "workers":
		return b.workers(ctx)
	default:
		return fmt.Errorf("unknown measurement %q", b.kind)
	}
}

// time measures f and prints what it took.
func (b *bench) time(what string, f func() error) error {
	m := usage.Start()
	err := f()
	seconds, cpu := m.Stop()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return b.tell(what, seconds, cpu)
}

func (b *bench) tell(what string, seconds, cpu float64) error {
	return json.NewEncoder(b.out).Encode(figure{"dosna", b.kind, b.x, what, seconds, cpu, usage.Peak()})
}

// path is where the dataset lies.
func (b *bench) path() string { return filepath.Join(b.dir, "x.zarr") }

func (b *bench) create(ctx context.Context, spec dosna.DatasetSpec) (d *dosna.Dataset, err error) {
	err = b.time("create", func() error {
		c, err := dosna.Open(ctx, b.path(), &dosna.Options{Mode: dosna.Create})
		if err != nil {
			return err
		}
		d, err = c.CreateDataset(ctx, "", spec)
		return err
	})
	return d, err
}

// reopen opens the dataset as a program does that only reads it.
func (b *bench) reopen(ctx context.Context) (d *dosna.Dataset, err error) {
	err = b.time("open", func() error {
		c, err := dosna.Open(ctx, b.path(), nil)
		if err != nil {
			return err
		}
		d, err = c.OpenDataset(ctx, "")
		return err
	})
	return d, err
}

// list counts what is stored.
func (b *bench) list(ctx context.Context, d *dosna.Dataset, want int) error {
	return b.time("list", func() error {
		u, err := d.Usage(ctx)
		if err == nil && u.Objects != want {
			err = fmt.Errorf("%d objects are stored, and %d were written", u.Objects, want)
		}
		return err
	})
}
