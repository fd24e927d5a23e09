// Command dosna puts N-dimensional arrays into object stores, looks at them,
// slices them and works on them, chunk by chunk.
//
// It exits with 0 if all went well, 1 if something failed or a check found
// damage or differences, 2 if the command line makes no sense (with diff, also if
// something failed), and 130 if it was interrupted (143 if it was terminated); what
// it was making is removed then. Results go to the standard output, progress and
// errors (one line that begins with "dosna: ") to the standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna/engine"
)

func main() {
	engine.Spare()
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The codes that the command exits with.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitSignalled = 128 // plus the signal's number
)

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := untilSignal(ctx)
	defer stop()
	began := time.Now()
	a := &app{in: in, out: out, err: errOut}
	root := newRoot(a)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	root.SetArgs(shieldNumbers(args))
	code := conclude(ctx, root.ExecuteContext(ctx), errOut)
	a.tellStats(began)
	return code
}

// conclude says how a command has failed, if it has, and returns its exit code.
func conclude(ctx context.Context, err error, errOut io.Writer) int {
	if err == nil {
		return exitOK
	}
	var sig signalError
	if errors.As(context.Cause(ctx), &sig) && ctx.Err() != nil {
		complain(errOut, sig)
		return exitSignalled + int(sig.Signal)
	}
	var status statusError
	if errors.As(err, &status) {
		if status.err != nil {
			complain(errOut, status.err)
		}
		return status.code
	}
	complain(errOut, err)
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// statusError ends a command with an exit code that is its answer.
type statusError struct {
	code int
	err  error // nil: nothing more is to be said
}

func (e statusError) Error() string { return fmt.Sprint(e.err) }
func (e statusError) Unwrap() error { return e.err }

// signalError is why a context ends when the process is asked to stop.
type signalError struct{ syscall.Signal }

func (e signalError) Error() string {
	if e.Signal == syscall.SIGINT {
		return "interrupted"
	}
	return "stopped by a signal: " + e.Signal.String()
}

// untilSignal returns a context that ends with the first interruption. The
// second one ends the process at once, as if nobody had listened.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			sig, ok := s.(syscall.Signal)
			if !ok {
				sig = syscall.SIGINT
			}
			cancel(signalError{sig})
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func isUsage(err error) bool {
	var u usageError
	return errors.As(err, &u)
}

// exactArgs wants one argument for each name.
func exactArgs(names ...string) cobra.PositionalArgs { return rangeArgs(len(names), names...) }

// rangeArgs wants at least least of the arguments named; a last name that ends
// in "..." stands for any number of them.
func rangeArgs(least int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		endless := len(names) > 0 && strings.HasSuffix(names[len(names)-1], "...")
		switch {
		case len(args) < least:
			return usagef("%s: %s is missing; see %s --help", cmd.Name(), names[len(args)], cmd.CommandPath())
		case len(args) > len(names) && !endless:
			return usagef("%s: %q is one argument too many; see %s --help", cmd.Name(), args[len(names)], cmd.CommandPath())
		}
		return nil
	}
}

// shieldNumbers puts a space before arguments that are negative numbers, or
// selections that begin with one, so that they do not count as flags. After -- nothing does.
func shieldNumbers(args []string) []string {
	out := slices.Clone(args)
	for i, a := range args {
		if a == "--" {
			break
		}
		if len(a) > 1 && a[0] == '-' && (a[1] >= '0' && a[1] <= '9' || a[1] == '.' || a == "-inf") {
			a = " " + a
		}
		out[i] = a
	}
	return out
}

// oneLine writes an error, of however many parts, in one line.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// required makes a command refuse to run without some flags.
func (a *app) required(cmd *cobra.Command, flags ...string) {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range flags {
			if !cmd.Flags().Changed(name) {
				return usagef("%s: --%s is missing; see %s --help", cmd.Name(), name, cmd.CommandPath())
			}
		}
		return nil
	}
}
