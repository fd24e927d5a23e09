package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/zarr"
)

func (a *app) verifyCommand() *cobra.Command {
	var o verifying
	cmd := &cobra.Command{
		Use:   "verify ADDRESS",
		Short: "Check stored objects for damage",
		Long: `Read every stored object of a dataset, or with -r of everything below a group, and
check that it decodes, with all checksums; the metadata of nodes is checked as
well. What is damaged is named as it is found, and the exit code is then 1. Objects
that belong to nothing, and what interrupted commands have left, are told of too, but
not where nothing can be listed: a web server is asked for every chunk, and for nodes
below a group if it has consolidated metadata.

With --resume the state is kept in a file: the same command goes on where it was
interrupted, and removes the file at its end. With --json every finding is a line of
JSON, and so is the summary, the last line.`,
		Example: `  dosna verify /tmp/pool#/scan/raw
  dosna verify -r /tmp/pool --json
  dosna verify -r /tmp/pool --rate 100MB/s --resume /tmp/verify.state`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.recursive, "recursive", "r", false, "check everything below a group")
	f.Var(&o.rate, "rate", "read at most so many bytes a second: 100MB/s, 20MiB/s")
	f.Var(&o.requests, "requests", "make at most so many requests a second")
	f.StringVar(&o.resume, "resume", "", "keep the state in `FILE`, and go on from there if it exists")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// verifying says how to verify.
type verifying struct {
	recursive bool
	rate      rateFlag
	requests  perSecondFlag
	resume    string
}

// limited returns the tree at p through limits, if any are asked for.
func (v verifying) limited(ctx context.Context, p place) (*dosna.Connection, error) {
	if v.rate.perSecond == 0 && v.requests.perSecond == 0 {
		return p.Connection, nil
	}
	o := p.Options()
	return dosna.OpenStore(ctx, layer.Limit(p.Store(), layer.LimitOptions{BytesPerSecond: v.rate.perSecond, OpsPerSecond: v.requests.perSecond}), &o)
}

// findingInfo is a finding in JSON.
type findingInfo struct {
	Kind   dosna.FindingKind `json:"finding"`
	Object string            `json:"object"`
	Count  int               `json:"count,omitempty"` // of objects, if it is about several; Object is the first
	Error  string            `json:"error"`
	Loss   bool              `json:"loss"`
}

// verified is the summary.
type verified struct {
	Nodes    int                       `json:"nodes"`
	Datasets int                       `json:"datasets"`
	Objects  int                       `json:"objects"`
	Bytes    int64                     `json:"bytes"`
	Findings map[dosna.FindingKind]int `json:"findings"`
	Losses   int                       `json:"losses"`
	Seconds  float64                   `json:"seconds"`
}

// plus adds what one more run has verified.
func (v verified) plus(n dosna.Verified) verified {
	sum := verified{Nodes: v.Nodes + n.Nodes, Datasets: v.Datasets + n.Datasets, Objects: v.Objects + n.Objects, Bytes: v.Bytes + n.Bytes, Losses: v.Losses + n.Losses()}
	sum.Findings = map[dosna.FindingKind]int{}
	for _, counts := range []map[dosna.FindingKind]int{v.Findings, n.Findings} {
		for kind, count := range counts {
			sum.Findings[kind] += count
		}
	}
	return sum
}

// mostUnchecked is how many datasets without checksums are named, which would hide other findings.
const mostUnchecked = 5

func (a *app) verify(ctx context.Context, address string, o verifying) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		start := time.Now()
		n, err := p.entry(ctx) // one that cannot be opened is a finding
		if l, ok := n.(*dosna.Link); ok {
			if to, err := l.Follow(ctx); err == nil { // that it leads nowhere is one, too
				n, p = to, placeOf(to)
			}
		}
		if errors.Is(err, dosna.ErrNotExist) && !errors.Is(err, dosna.ErrUnfinished) || errors.Is(err, dosna.ErrInvalid) {
			return err
		}
		if _, ok := n.(*dosna.Group); ok && !o.recursive {
			return fmt.Errorf("%s is a group; check everything below it with: dosna verify -r", p)
		}
		state, err := openVerifyState(o.resume, p)
		if err != nil {
			return err
		}
		c, err := o.limited(ctx, p)
		if err != nil {
			return err
		}
		for _, f := range state.Findings {
			a.tell(f)
		}
		unchecked := 0 // datasets, of which a few are named
		opts, finish := a.progress("verifying "+p.path, p.Options())
		done, err := c.With(opts).Verify(ctx, p.path, dosna.VerifyOptions{
			After: state.After,
			Report: func(f dosna.Finding) {
				info := findingInfo{f.Kind, f.Key, f.Count, findingText(p, f), f.Kind.Loss()}
				state.add(info)
				if f.Kind == dosna.Unchecked {
					unchecked++
				}
				if f.Kind != dosna.Unchecked || a.json || unchecked <= mostUnchecked {
					a.tell(info)
				}
			},
			Passed: state.passed,
		})
		finish()
		if more := unchecked - mostUnchecked; more > 0 && !a.json {
			fmt.Fprintf(a.out, "%s: %s more without checksums\n", dosna.Unchecked, count(more, "dataset"))
		}
		if err != nil {
			return errors.Join(err, state.save())
		}
		sum := state.before.plus(done)
		sum.Seconds = time.Since(start).Seconds()
		if err := a.tellSum(sum); err != nil {
			return err
		}
		if err := state.remove(); err != nil {
			return err
		}
		if sum.Losses > 0 {
			return fmt.Errorf("%s: %s of %s: %w", p, count(sum.Losses, "fault"), count(sum.Objects, "object"), errDamaged)
		}
		return nil
	})
}

// findingText puts a finding in a line, with what can be done about it.
func findingText(p place, f dosna.Finding) string {
	text := oneLine(f.Err)
	if f.Kind == dosna.Copying {
		there := place{p.Connection, "/" + strings.TrimSuffix(strings.TrimSuffix(f.Key, zarr.Key), "/")}
		text = fmt.Sprintf("it is not complete: a copy, an import or another command that makes it was interrupted, or is at work; resume a copy with: dosna cp --resume SOURCE %[1]s; or remove what there is with: dosna rm %[1]s", shellWord(there.String()))
	}
	return text
}

var errDamaged = errors.New("there is damage")

// tell prints a finding in a line. That it cannot be printed is found when the
// summary cannot be, either.
func (a *app) tell(f findingInfo) {
	line := fmt.Sprintf("%s: %s: %s", f.Kind, f.Object, f.Error)
	if f.Loss {
		line = fmt.Sprintf("BAD %s: %s", f.Object, f.Error)
	}
	if a.json {
		line = jsonLine(f)
	}
	_, _ = io.WriteString(a.out, line+"\n")
}

func (a *app) tellSum(v verified) error {
	if a.json {
		_, err := io.WriteString(a.out, jsonLine(v)+"\n")
		return err
	}
	return a.show(v, func(w *strings.Builder) {
		result := "all right"
		copies, dangling := v.Findings[dosna.Copying], v.Findings[dosna.Dangling]
		switch {
		case v.Losses > 0:
			result = count(v.Losses, "fault")
		case copies+dangling > 0:
			result = "no damage"
		}
		if copies > 0 {
			result += fmt.Sprintf(", but %s not complete", count(copies, "node"))
		}
		if dangling > 0 {
			result += fmt.Sprintf(", but %s to no node", count(dangling, "link"))
		}
		fmt.Fprintf(w, "checked %s of %s: %s\n", count(v.Objects, "object"), count(v.Datasets, "dataset"), result)
	})
}
