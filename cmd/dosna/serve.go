package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/serve"
)

func (a *app) serveCommand() *cobra.Command {
	var r serveRun
	cmd := &cobra.Command{
		Use:   "serve [SOCKET]",
		Short: "Serve arrays to programs in other languages on this machine",
		Long: `Serve trees and datasets on a Unix socket to programs in other languages, such as the
Python package dosna, which starts one of its own unless DOSNA_SERVER names the socket
of another. Elements pass through shared memory. Processes that use one server share
its cache, and need no credentials for buckets themselves.

Only processes of the same user are served, and those of users that --user names: they
can do whatever this one can. Without SOCKET it is in a new directory that nobody else
can enter, and goes with it at the end. The line that is printed when clients may come
has the path of the socket.`,
		Example: `  dosna serve --idle 100ms
  dosna serve /tmp/dosna.sock --cache 1GiB --memory 4GiB --idle 100ms`,
		Args: rangeArgs(0, "the socket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				r.socket = args[0]
			}
			return a.serve(cmd.Context(), r)
		},
	}
	f := cmd.Flags()
	f.Var(&r.cache, "cache", "keep so many bytes of decoded chunks, such as 1GiB")
	f.Var(&r.memory, "memory", "share no more than so many bytes with all clients together")
	f.Var(&r.idle, "idle", "end when there has been no client for so long")
	f.IntSliceVar(&r.users, "user", nil, "the number of a user to be served besides one's own")
	f.BoolVar(&r.untilEOF, "until-eof", false, "end when the standard input does")
	return cmd
}

// serveRun says how to serve.
type serveRun struct {
	socket        string
	cache, memory bytesFlag
	idle          durationFlag
	users         []int
	untilEOF      bool
}

// bytesFlag is a number of bytes: "64MiB", "1e9".
type bytesFlag struct {
	text  string
	bytes int
}

func (f *bytesFlag) Type() string   { return "BYTES" }
func (f *bytesFlag) String() string { return f.text }
func (f *bytesFlag) Set(s string) error {
	n, err := parseRate(s)
	if err != nil || n > math.MaxInt64/2 {
		return fmt.Errorf("%q is not a number of bytes, such as 512MiB or 4GB", s)
	}
	f.text, f.bytes = s, int(n)
	return nil
}

func (a *app) serve(ctx context.Context, r serveRun) (err error) {
	if r.socket == "" {
		dir, err := os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), "dosna-")
		if err != nil {
			dir, err = os.MkdirTemp("", "dosna-")
		}
		if err != nil {
			return fmt.Errorf("make a directory for the socket: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		r.socket = filepath.Join(dir, "socket")
	}
	l, err := listen(ctx, r.socket)
	if err != nil {
		return err
	}
	o := serve.Options{Memory: r.memory.bytes, Users: r.users, Idle: r.idle.d, Name: "dosna " + versionName()}
	if n := r.cache.bytes; n > 0 {
		o.Cache = dosna.NewCache(n)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if r.untilEOF {
		go func() { // ends with the process at the latest
			_, _ = io.Copy(io.Discard, a.in)
			cancel()
		}()
	}
	if err := a.tellSocket(r.socket); err != nil {
		return errors.Join(err, l.Close())
	}
	s := serve.New(o)
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Serve(ctx, l)
}

func (a *app) tellSocket(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string]any{"socket": path, "pid": os.Getpid(), "protocol": serve.Version})
	}
	_, err = fmt.Fprintf(a.out, "serving at %s\n", path)
	return err
}

// listen listens at a socket. One that a server has left behind that is no more is
// replaced.
func listen(ctx context.Context, path string) (*net.UnixListener, error) {
	address := &net.UnixAddr{Name: path, Net: "unix"}
	l, err := net.ListenUnix("unix", address)
	if err != nil && isSocket(path) {
		c, dead := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
		if dead == nil {
			return nil, errors.Join(fmt.Errorf("%w: there is a server already at %s", dosna.ErrExist, path), c.Close())
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		l, err = net.ListenUnix("unix", address)
	}
	if err != nil {
		return nil, fmt.Errorf("wait for clients at %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == os.ModeSocket
}
