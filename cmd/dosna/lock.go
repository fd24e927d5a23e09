package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/lock"
)

// exitNotLocked is the exit code when a lock was not got, or lost: that of
// EX_TEMPFAIL in sysexits.h.
const exitNotLocked = 75

func (a *app) lockCommand() *cobra.Command {
	var run lockRun
	cmd := &cobra.Command{
		Use:   "lock ADDRESS -- COMMAND…",
		Short: "Run a command while nobody else has a lock",
		Long: `Run a command while holding the lock of a node, for which it waits. Locks are leases
in the store itself, which keep those apart who ask for them, on any number of hosts,
and end by themselves when their holder dies. They do not keep others from changing
the node, and that of a group says nothing of what is in it.

If the lock is lost, because the store is out of reach for three quarters of its
time to live or somebody broke it, the command is sent SIGTERM, and SIGKILL an
eighth of the time to live later: by then nobody else has the lock, unless it was
broken with --now. Processes that the command has started are its own affair. It
finds in its environment DOSNA_LOCK, the address, and DOSNA_LOCK_FENCE, a number
that grows with each lock.

The exit code is that of the command (128 and the signal if it died of one), 126 or
127 if it could not be started, and 75 if the lock was not got in time, or lost.`,
		Example: `  dosna lock /tmp/pool#/scan/raw -- dosna set /tmp/pool#/scan/raw '0, 0' 1
  dosna lock /tmp/pool#/scan/raw --wait 10s --ttl 1m --note import -- sh -c 'echo "this is $DOSNA_LOCK_FENCE"'
  dosna lock --shared /tmp/pool#/scan -- dosna stats /tmp/pool#/scan/raw`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || cmd.ArgsLenAtDash() != 1 || len(args) == 1 {
				return usagef("lock: it takes an address and, after --, a command; see %s --help", cmd.CommandPath())
			}
			return a.lock(cmd.Context(), args[0], args[1:], run)
		},
	}
	run.ttl.d = lock.DefaultTTL
	f := cmd.Flags()
	f.BoolVar(&run.shared, "shared", false, "share the lock with others who do")
	f.Var(&run.ttl, "ttl", "time to live: how long others wait if this process dies")
	f.Var(&run.wait, "wait", "wait no longer than so; 0s: not at all (as long as it takes if not given)")
	f.StringVar(&run.note, "note", "", "what it is for, which others see")
	cmd.ValidArgsFunction = a.completeAddress(1)
	cmd.AddCommand(a.lockListCommand(), a.lockBreakCommand())
	return cmd
}

// lockRun says how a command is run under a lock.
type lockRun struct {
	shared    bool
	ttl, wait durationFlag
	note      string
}

func (r lockRun) options() *dosna.LockOptions {
	o := &dosna.LockOptions{Shared: r.shared, TTL: r.ttl.d, Wait: r.wait.d, Note: r.note}
	if r.wait.said && r.wait.d == 0 {
		o.Wait = -1
	}
	return o
}

// durationFlag is a length of time: "10s", "1m30s".
type durationFlag struct {
	d    time.Duration
	said bool
}

func (f *durationFlag) Type() string { return "DURATION" }
func (f *durationFlag) String() string {
	if f.d == 0 && !f.said {
		return ""
	}
	return f.d.String()
}

func (f *durationFlag) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a length of time, such as 10s, 500ms or 1h30m", s)
	}
	f.d, f.said = d, true
	return nil
}

func (a *app) lock(ctx context.Context, address string, command []string, r lockRun) error {
	return a.at(ctx, address, dosna.ReadWrite, func(p place) error {
		n, err := p.entry(ctx)
		if err != nil {
			return err
		}
		l, err := a.acquire(ctx, n, r.options())
		if errors.Is(err, dosna.ErrHeld) {
			return statusError{exitNotLocked, err}
		}
		if err != nil {
			return err
		}
		code, err := a.under(ctx, l, placeOf(n), command, r.ttl.d/8)
		lost := l.Err()
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
		defer cancel()
		released := l.Release(release)
		switch {
		case err != nil:
			return statusError{code, err}
		case lost != nil:
			return statusError{exitNotLocked, lost}
		case released != nil && !a.quiet:
			fmt.Fprintf(a.err, "dosna: note: %s\n", oneLine(released))
		}
		if code != 0 {
			return statusError{code, nil}
		}
		return nil
	})
}

// acquire gets a lease, which an interruption keeps it from, but which outlasts
// one: then the command is still under way.
func (a *app) acquire(ctx context.Context, n dosna.Node, o *dosna.LockOptions) (*lock.Lease, error) {
	held, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer stop()
	try := *o
	try.Wait = -1
	l, err := n.Lock(held, &try)
	if !errors.Is(err, dosna.ErrHeld) || o.Wait < 0 {
		return l, err
	}
	if !a.quiet {
		fmt.Fprintf(a.err, "dosna: waiting: %s\n", oneLine(err))
	}
	return n.Lock(held, o)
}

// under runs a command until it or the lease ends, and returns its exit code.
func (a *app) under(ctx context.Context, l *lock.Lease, p place, command []string, grace time.Duration) (int, error) {
	runtime.LockOSThread() // with which the command ends, see dieTogether
	defer runtime.UnlockOSThread()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.err
	cmd.Env = append(os.Environ(), "DOSNA_LOCK="+p.String(), "DOSNA_LOCK_FENCE="+strconv.FormatUint(l.Fence(), 10))
	dieTogether(cmd)
	if err := cmd.Start(); err != nil {
		code := 126
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = 127
		}
		return code, fmt.Errorf("run %s: %w", command[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	signalled, lost := ctx.Done(), l.Context().Done()
	var kill <-chan time.Time
	for {
		select {
		case err := <-ended:
			return exitCode(cmd, err)
		case <-signalled:
			signalled = nil
			if sig := signalOf(ctx); sig != syscall.SIGINT || !a.fromTerminal() { // which sends that to both
				a.send(cmd, sig)
			}
		case <-lost:
			lost = nil
			a.send(cmd, syscall.SIGTERM)
			kill = time.After(grace)
		case <-kill:
			_ = cmd.Process.Kill()
		}
	}
}

// send sends a signal; where there are none, the command is killed.
func (a *app) send(cmd *exec.Cmd, sig syscall.Signal) {
	if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = cmd.Process.Kill()
	}
}

func signalOf(ctx context.Context) syscall.Signal {
	var sig signalError
	if errors.As(context.Cause(ctx), &sig) {
		return sig.Signal
	}
	return syscall.SIGTERM
}

func (a *app) fromTerminal() bool {
	f, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// exitCode returns the exit code that a command's end stands for.
func exitCode(cmd *exec.Cmd, err error) (int, error) {
	if err == nil {
		return 0, nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return exitFailed, err
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignalled + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
