//go:build unix

// Command dosna is this project's side of the comparison in the directory above:
// it does one operation on one of the layouts there, as every peer does, and
// prints one line of JSON about it.
//
//	dosna --root DIR --op OP --layout LAYOUT [--data DIR] [--cache BYTES [--max-age TIME]]
//	      [--repeat N] [--cpuprofile FILE] [--memprofile FILE]
//
// Operations and layouts are described in bench/README.md. It uses the public API
// only, and but for the cache with the options of a program that sets none; as
// the command dosna does, it calls engine.Spare first.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
)

func main() {
	engine.Spare()
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench/dosna:", err)
		os.Exit(1)
	}
}

// params are what a run is asked to do.
type params struct {
	root, data, layout, op, name string

	cache  int // bytes of decoded chunks to keep; zero: no cache
	maxAge time.Duration
}

// result is the line that is printed; the runner knows what its members mean.
type result struct {
	Peer    string   `json:"peer"`
	Layout  string   `json:"layout"`
	Op      string   `json:"op"`
	Seconds float64  `json:"seconds"`
	CPU     float64  `json:"cpu_s"`
	Rate    float64  `json:"mib_s"`
	RSS     float64  `json:"rss_mib"`
	RSS0    float64  `json:"rss0_mib"`
	Check   *float64 `json:"check"`
}

func run(args []string, out io.Writer) (err error) {
	var p params
	flags := flag.NewFlagSet("bench/dosna", flag.ContinueOnError)
	flags.StringVar(&p.root, "root", "", "directory, or URL, with the stores: ref to read, out to write")
	flags.StringVar(&p.data, "data", "", "directory with f4.bin, u2.bin and sel.json (default: root)")
	flags.StringVar(&p.layout, "layout", "", "element type and layout, such as f4_zstd3")
	flags.StringVar(&p.op, "op", "", "what to do: "+strings.Join(opNames, ", "))
	flags.StringVar(&p.name, "peer-name", "dosna", "name to report")
	flags.IntVar(&p.cache, "cache", 0, "keep so many bytes of decoded chunks")
	flags.DurationVar(&p.maxAge, "max-age", 0, "believe the cache for so long without asking the store")
	repeat := flags.Int("repeat", 1, "do it so many times, with a line for each")
	cpuProfile := flags.String("cpuprofile", "", "write a CPU profile to this file")
	memProfile := flags.String("memprofile", "", "write a profile of allocations to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.root == "" || p.layout == "" || p.op == "" {
		return errors.New("--root, --op and --layout are needed")
	}
	p.data = cmp.Or(p.data, p.root)
	if *memProfile != "" {
		runtime.MemProfileRate = 4096
		defer func() { err = errors.Join(err, writeProfile(*memProfile)) }()
	}
	if *cpuProfile != "" {
		f, err := os.Create(*cpuProfile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for range *repeat {
		r, err := measure(p)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func measure(p params) (result, error) {
	switch name, _, _ := strings.Cut(p.layout, "_"); name {
	case "f4":
		return bench[float32](p, dtype.Float32)
	case "u2":
		return bench[uint16](p, dtype.Uint16)
	default:
		return result{}, fmt.Errorf("layout %q: its name begins with f4_ or u2_", p.layout)
	}
}

func writeProfile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
