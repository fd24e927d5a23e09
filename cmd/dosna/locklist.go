package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/lock"
)

func (a *app) lockListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls ADDRESS",
		Short: "List who has locks",
		Long: `List who holds locks of a node and of all below it, and who waits for them, in the
order in which they will get them. Times are by the clocks of their hosts. Who has
died is listed until somebody else takes the lock, or it is broken.`,
		Example: `  dosna lock ls /tmp/pool
  dosna lock ls /tmp/pool#/scan/raw --json`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.lockList(cmd.Context(), args[0]) },
	}
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// lockEntry is somebody who holds a lock, or waits for it.
type lockEntry struct {
	Path    string    `json:"path"`
	Held    bool      `json:"held"` // else waited for
	Shared  bool      `json:"shared"`
	Fence   uint64    `json:"fence,omitempty"`
	User    string    `json:"user"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Note    string    `json:"note,omitempty"`
	Since   time.Time `json:"since"`
	Renewed time.Time `json:"renewed"`
	Seconds float64   `json:"ttl_seconds"`
	Broken  string    `json:"broken_by,omitempty"`
}

func newLockEntry(path string, held bool, c lock.Claim) lockEntry {
	return lockEntry{path, held, c.Shared, c.Fence, c.User, c.Host, c.PID, c.Note, c.Since, c.Renewed, c.TTL().Seconds(), c.Broken}
}

func (e lockEntry) row() []string {
	state, note := "waits", e.Note
	if e.Held {
		state = "holds"
	}
	if e.Shared {
		state += " shared"
	}
	if e.Broken != "" {
		state = "broken"
	}
	return []string{
		e.Path, state, fmt.Sprintf("%s@%s", e.User, e.Host), fmt.Sprint(e.PID), e.Since.Format(time.RFC3339), e.Renewed.Format(time.RFC3339),
		time.Duration(e.Seconds * float64(time.Second)).String(), note,
	}
}

func (a *app) lockList(ctx context.Context, address string) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		n, err := p.entry(ctx)
		if err != nil {
			return err
		}
		nodes := []dosna.Node{n}
		var broken error
		if g, ok := n.(*dosna.Group); ok {
			t, err := below(ctx, g, true)
			if err != nil {
				return err
			}
			nodes, broken = append(nodes, t.nodes...), t.err()
		}
		all := []lockEntry{}
		for _, n := range nodes {
			state, err := n.LockState(ctx)
			if errors.Is(err, dosna.ErrCorrupt) {
				broken = errors.Join(broken, err)
				continue
			}
			if err != nil {
				return err
			}
			for _, c := range state.Holders {
				all = append(all, newLockEntry(n.Path(), true, c))
			}
			for _, c := range state.Waiting {
				all = append(all, newLockEntry(n.Path(), false, c))
			}
		}
		err = a.show(all, func(w *strings.Builder) {
			if len(all) == 0 {
				fmt.Fprintln(w, "nobody has a lock, or waits for one")
				return
			}
			rows := [][]string{{"PATH", "STATE", "WHO", "PROCESS", "SINCE", "RENEWED", "TTL", "NOTE"}}
			for _, e := range all {
				rows = append(rows, e.row())
			}
			table(w, rows, 3)
		})
		return errors.Join(err, broken)
	})
}

func (a *app) lockBreakCommand() *cobra.Command {
	var yes, now bool
	cmd := &cobra.Command{
		Use:   "break ADDRESS",
		Short: "Take a lock from who holds it",
		Long: `Take the lock of a node from those who hold it, after asking on a terminal. Holders
that are alive learn of it within a quarter of their time to live, and stop; then
others get the lock, or when the time to live of one that is dead is over.

--now removes them at once, and those who wait too. That is for holders that are
known to be dead: one that is not goes on until it notices. --now also puts a lock
in order that is damaged.`,
		Example: `  dosna lock break /tmp/pool#/scan/raw --yes`,
		Args:    exactArgs("the address"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.lockBreak(cmd.Context(), args[0], yes, now) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&now, "now", false, "do not let holders end by themselves: they are dead")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

// lockBroken is what break has done.
type lockBroken struct {
	Path   string      `json:"path"`
	Now    bool        `json:"now"`
	Broken []lockEntry `json:"broken"`
}

func (a *app) lockBreak(ctx context.Context, address string, yes, now bool) error {
	return a.at(ctx, address, dosna.ReadWrite, func(p place) error {
		n, err := p.entry(ctx)
		if err != nil {
			return err
		}
		p = placeOf(n)
		state, err := n.LockState(ctx)
		if err != nil && !(now && errors.Is(err, dosna.ErrCorrupt)) {
			return err
		}
		if err == nil && len(state.Holders) == 0 && len(state.Waiting) == 0 {
			return a.confirm(lockBroken{n.Path(), now, []lockEntry{}}, "nobody has the lock of %s", p)
		}
		if !yes {
			if err := a.ask(fmt.Sprintf("break the lock of %s, held by %s?", p, who(state.Holders))); err != nil {
				return err
			}
		}
		holders, err := n.BreakLock(ctx, now)
		if err != nil {
			return err
		}
		done := lockBroken{n.Path(), now, []lockEntry{}}
		most := time.Duration(0)
		for _, c := range holders {
			done.Broken = append(done.Broken, newLockEntry(n.Path(), true, c))
			most = max(most, c.TTL())
		}
		if now {
			return a.confirm(done, "broke the lock of %s, held by %s", p, who(holders))
		}
		return a.confirm(done, "broke the lock of %s: it is free when %s has stopped, or after %v", p, who(holders), most)
	})
}

// who names holders.
func who(claims []lock.Claim) string {
	names := []string{}
	for _, c := range claims {
		names = append(names, c.String())
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// ask is an error unless somebody at a terminal says yes.
func (a *app) ask(question string) error {
	if !a.fromTerminal() {
		return usagef("%s say so with --yes", question)
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil {
		return fmt.Errorf("nothing was done: %w", err)
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}
