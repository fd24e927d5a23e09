package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/storetest/check"
)

func (a *app) selftestCommand() *cobra.Command {
	var o selftest
	cmd := &cobra.Command{
		Use:   "selftest ADDRESS",
		Short: "Check that a store keeps its promises",
		Long: `Run the checks that every store must pass on a live one: what is put is what is got,
listings are complete, and what it promises about conditions holds when many write
at once, also through two openings. Promises that the store does not make are not
checked. The exit code is 1 if a check fails.

All happens in a folder of its own below the address, ` + selftestPrefix + `…, which no reader
of arrays takes for a node, and which is removed at the end, also after ^C. Nothing
else is touched. --clean removes such folders that were left by selftests which
were killed; it does not know whether one is still at work.`,
		Example: `  dosna selftest /tmp/pool
  dosna selftest /tmp/pool#/scratch --quick
  dosna selftest /tmp/pool --json
  dosna selftest /tmp/pool --clean`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.selftest(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.quick, "quick", false, "leave out the checks that make thousands of requests")
	f.BoolVar(&o.clean, "clean", false, "check nothing; remove what killed selftests have left")
	f.DurationVar(&o.patience, "timeout", 5*time.Minute, "how long a check may take")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// opener opens the store that is tested; each call gives another handle of it.
type opener func(ctx context.Context) (store.Store, error)

// selftestPrefix begins the names of the folders that checks run in. Zarr
// reserves names that begin with two underscores, so no node is called so.
const selftestPrefix = "__dosna-selftest-"

// selftest is how to test a store.
type selftest struct {
	quick, clean bool
	patience     time.Duration
}

// selftested is what a selftest has found.
type selftested struct {
	Store       string          `json:"store"`
	Promises    []string        `json:"promises"`
	Checks      []selftestCheck `json:"checks"`
	Passed      int             `json:"passed"`
	Failed      int             `json:"failed"`
	NotPromised int             `json:"not_promised"`
	Seconds     float64         `json:"seconds"`

	lacks []string
}

type selftestCheck struct {
	Check    string  `json:"check"`
	Openings int     `json:"openings"`
	Result   string  `json:"result"` // "ok", "failed", "not promised"
	Error    string  `json:"error,omitempty"`
	Seconds  float64 `json:"seconds"`
}

// Results of a check.
const (
	checkOK          = "ok"
	checkFailed      = "failed"
	checkNotPromised = "not promised"
)

func (a *app) selftest(ctx context.Context, address string, o selftest) error {
	u, err := store.ParseURL(address)
	if err != nil {
		return err
	}
	open := func(ctx context.Context) (store.Store, error) {
		return all.Open(ctx, u.Root, store.OpenOptions{})
	}
	prefix := ""
	if u.Node != "" {
		prefix = u.Node + "/"
	}
	if o.clean {
		return a.selftestClean(ctx, open, prefix)
	}
	return a.selftestIn(ctx, open, prefix+selftestPrefix+strings.ToLower(rand.Text()[:12])+"/", o)
}

// selftestIn runs the checks in a folder that nobody else has, and removes it.
func (a *app) selftestIn(ctx context.Context, open opener, folder string, o selftest) (err error) {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	handles := []store.Store{s}
	if s.Guarantees().Shared {
		second, err := open(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = second.Close() }()
		handles = append(handles, second)
	}
	probe := folder + "probe"
	if _, err := s.Put(ctx, probe, nil, store.Cond{IfAbsent: s.Guarantees().PutIfAbsent}); err != nil {
		return fmt.Errorf("nothing can be put where the checks would run: %w", err)
	}
	defer func() { err = errors.Join(err, a.selftestRemove(ctx, s, folder)) }()

	found := selftested{Store: store.Name(s), Checks: []selftestCheck{}}
	found.Promises, found.lacks = promises(s.Guarantees())
	began := time.Now()
	for i, c := range check.Open() {
		if o.quick && c.Heavy {
			continue
		}
		for n := 1; n <= len(handles); n++ {
			if n > 1 && c.Shared == nil {
				break
			}
			r, err := o.check(ctx, c, handles[:n], fmt.Sprintf("%s%d-%d/", folder, i, n))
			if err != nil {
				return err
			}
			found.add(r)
			if err := a.selftestLine(r); err != nil {
				return err
			}
		}
	}
	found.Seconds = time.Since(began).Seconds()
	if err := a.selftestEnd(&found); err != nil {
		return err
	}
	if found.Failed > 0 {
		return fmt.Errorf("%s: %s of %d failed", found.Store, count(found.Failed, "check"), found.Failed+found.Passed)
	}
	return nil
}

// check runs one check in a folder and empties that. Its error is that of the
// context.
func (o selftest) check(ctx context.Context, c check.Check, handles []store.Store, folder string) (selftestCheck, error) {
	r := selftestCheck{Check: c.String(), Openings: len(handles), Result: checkNotPromised}
	if !c.For(handles[0].Guarantees()) {
		return r, nil
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, o.patience)
	defer cancel()
	inside := make([]store.Store, len(handles))
	for i, s := range handles {
		inside[i] = layer.Prefix(s, folder)
	}
	var err error
	if len(handles) == 1 {
		err = c.Run(limited, inside[0])
	} else {
		err = c.Shared(limited, inside)
	}
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	if r.Result = checkOK; err != nil {
		r.Result, r.Error = checkFailed, oneLine(err)
	}
	if err := store.DeletePrefix(ctx, handles[0], folder); err != nil {
		return r, err
	}
	r.Seconds = time.Since(began).Seconds()
	return r, ctx.Err()
}

func (v *selftested) add(r selftestCheck) {
	v.Checks = append(v.Checks, r)
	switch r.Result {
	case checkOK:
		v.Passed++
	case checkFailed:
		v.Failed++
	default:
		v.NotPromised++
	}
}

// selftestLine prints what a check has found, at once.
func (a *app) selftestLine(r selftestCheck) error {
	name := r.Check
	if r.Openings > 1 {
		name += fmt.Sprintf(" (%d openings)", r.Openings)
	}
	var err error
	switch {
	case a.json:
	case r.Result == checkFailed:
		_, err = fmt.Fprintf(a.out, "FAILED  %s: %s\n", name, r.Error)
	case a.quiet:
	case r.Result == checkOK:
		_, err = fmt.Fprintf(a.out, "OK      %s\n", name)
	default:
		_, err = fmt.Fprintf(a.out, "-       %s: not promised\n", name)
	}
	return err
}

func (a *app) selftestEnd(v *selftested) error {
	return a.show(v, func(w *strings.Builder) {
		for _, p := range []struct {
			what string
			list []string
		}{{"promised", v.Promises}, {"not promised", v.lacks}} {
			if len(p.list) > 0 {
				fmt.Fprintf(w, "%s: %s\n", p.what, strings.Join(p.list, ", "))
			}
		}
		fmt.Fprintf(w, "%s: %s passed, %d failed, %d not promised\n", v.Store, count(v.Passed, "check"), v.Failed, v.NotPromised)
	})
}

// promises lists those that a store makes, and those that it does not.
func promises(g store.Guarantees) (made, not []string) {
	made = []string{}
	for _, p := range []struct {
		made bool
		name string
	}{
		{g.PutIfAbsent, "put if absent"}, {g.PutIfMatch, "put if match"}, {g.DeleteIfMatch, "delete if match"},
		{g.GetIfMatch, "get if match"}, {g.Shared, "shared by processes"}, {g.ListSorted, "sorted listings"},
	} {
		if p.made {
			made = append(made, p.name)
		} else {
			not = append(not, p.name)
		}
	}
	return made, not
}

// selftestRemove removes the folder, also when the command was interrupted. The
// error is said here, because an interrupted command says nothing more.
func (a *app) selftestRemove(ctx context.Context, s store.Store, folder string) error {
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	err := store.DeletePrefix(ctx, s, folder)
	for info, listErr := range s.List(ctx, store.ListOptions{Prefix: folder}) {
		if err == nil {
			err = listErr
		}
		if err == nil {
			err = fmt.Errorf("all was deleted, but it lists %q", info.Key)
		}
		break
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("the folder of the checks, %q in %s, is still there: %w; remove it with: dosna selftest --clean", folder, store.Name(s), err)
	if interrupted {
		complain(a.err, err)
	}
	return err
}

// selftestClean removes the folders of earlier selftests.
func (a *app) selftestClean(ctx context.Context, open opener, prefix string) (err error) {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var left []string
	for info, err := range s.List(ctx, store.ListOptions{Prefix: prefix, Shallow: true}) {
		if err != nil {
			return err
		}
		if info.Dir && strings.HasPrefix(info.Key, prefix+selftestPrefix) {
			left = append(left, info.Key)
		}
	}
	for _, folder := range left {
		if err := store.DeletePrefix(ctx, s, folder); err != nil {
			return err
		}
	}
	if a.quiet && !a.json {
		return nil
	}
	return a.show(map[string]any{"removed": append([]string{}, left...)}, func(w *strings.Builder) {
		for _, folder := range left {
			fmt.Fprintf(w, "removed %s\n", folder)
		}
		if left == nil {
			_, _ = io.WriteString(w, "no selftest has left anything\n")
		}
	})
}
