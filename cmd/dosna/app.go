package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
)

// app is one run of the command: its streams, and the flags that all commands
// have.
type app struct {
	in       io.Reader
	out, err io.Writer

	json, quiet  bool
	lazy, unsafe bool
	allow        allowFlag
	engine       engineFlag
	requests     int
	accounts     statsFlag
	format       int // of Zarr, of a tree that is created; 0: 3
}

func (a *app) globalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "print results as one JSON document")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "print no progress and no confirmations")
	f.Var(&a.engine, "engine", "what works on chunks: cpu (one at a time), threads, threads:N")
	f.Var(intFlag[int]{&a.requests, "N", 1, 1024}, "requests", "requests under way at a time, at most, at stores behind a network; as many as are worth it without this")
	f.BoolVar(&a.lazy, "lazy", false, "read parts of chunks without checking their checksums")
	f.BoolVar(&a.unsafe, "unsafe", false, "change parts of chunks on stores that cannot keep several writers apart")
	f.Var(&a.allow, "allow", "also open what references in a tree lead to at or below this address; may be given several times; https:// is all there is by https")
	f.Var(&a.accounts, "stats", "tell at the end, on the standard error, of requests, bytes and time: --stats, --stats=json")
	f.Lookup("stats").NoOptDefVal = "text"
	_ = root.RegisterFlagCompletionFunc("engine", words("cpu", "threads", "threads:2", "threads:4", "threads:8"))
	_ = root.RegisterFlagCompletionFunc("stats", words("text", "json"))
}

// options returns those that the global flags ask for.
func (a *app) options(mode dosna.Mode) *dosna.Options {
	o := &dosna.Options{Mode: mode, Engine: a.engine.Engine, Requests: a.requests, Unsafe: a.unsafe, Allow: a.allow.policy, Profile: a.accounts.profile, Format: a.format}
	if a.lazy {
		o.Verify = dosna.VerifyLazy
	}
	return o
}

// place is a node's path in an opened tree.
type place struct {
	*dosna.Connection
	path string
}

func (p place) String() string {
	if p.path == "/" {
		return p.URL()
	}
	return p.URL() + "#" + p.path
}

func (p place) node(ctx context.Context) (dosna.Node, error) { return p.Open(ctx, p.path) }

// entry is what is at the place itself, should it be a link.
func (p place) entry(ctx context.Context) (dosna.Node, error) { return p.OpenEntry(ctx, p.path) }

// placeOf is where a node is.
func placeOf(n dosna.Node) place { return place{n.Connection(), n.Path()} }

func (p place) dataset(ctx context.Context) (*dosna.Dataset, error) {
	n, err := p.node(ctx)
	if err != nil {
		return nil, err
	}
	d, ok := n.(*dosna.Dataset)
	if !ok {
		return nil, fmt.Errorf("%w: %s is a group, and a dataset is wanted; what is in it is shown by: dosna ls -r %s", dosna.ErrInvalid, p, shellWord(p.String()))
	}
	return d, nil
}

// fieldOf opens the dataset at p, or if a field is named, of that field alone.
func (p place) fieldOf(ctx context.Context, field string) (*dosna.Dataset, error) {
	d, err := p.dataset(ctx)
	if err != nil || field == "" {
		return d, err
	}
	return d.Field(field)
}

// at opens the tree that an address names, does what is to be done there, makes
// it last and closes the tree. If that fails, the tree and the groups that were made
// for it go again.
func (a *app) at(ctx context.Context, address string, mode dosna.Mode, do func(p place) error) (err error) {
	back := beforeOpening(address, mode)
	c, err := dosna.Open(ctx, address, a.options(mode))
	if err != nil {
		return unopened(address, err)
	}
	back.opened(ctx, c, mode)
	defer func() {
		if err != nil {
			back.groupsBack(ctx, c)
		}
		failed := err != nil
		if err = errors.Join(err, c.Close()); failed {
			back.dirBack()
		}
	}()
	if err := do(place{c, "/" + c.Start()}); err != nil || mode == dosna.ReadOnly {
		return err
	}
	if !c.Store().Guarantees().Shared && !a.quiet {
		fmt.Fprintf(a.err, "dosna: note: %s is in the memory of this process, and is gone when it ends\n", c.URL())
	}
	return c.Sync(ctx)
}

// addresses takes those of a source and of a destination apart. A destination
// "#/NODE" is one in the source's tree; one that spells the same root in another
// way gets the source's spelling.
func addresses(from, to string) (src, dst store.URL, err error) {
	if src, err = store.ParseURL(from); err != nil {
		return src, dst, err
	}
	if strings.HasPrefix(to, "#/") {
		to = src.Root + to
	}
	if dst, err = store.ParseURL(to); err == nil && sameRoot(src, dst) {
		dst.Root = src.Root
	}
	return src, dst, err
}

func sameRoot(a, b store.URL) bool {
	if a.Scheme != "file" || b.Scheme != "file" || len(a.Query)+len(b.Query) > 0 {
		return a.Root == b.Root
	}
	abs := func(u store.URL) string {
		if path, err := filepath.Abs(u.Path); err == nil {
			return path
		}
		return u.Path
	}
	return a.Host == b.Host && abs(a) == abs(b)
}

// between opens the trees of a source and of a destination, which are one if
// their addresses say so; the destination's is created if it does not exist.
func (a *app) between(ctx context.Context, from, to string, do func(src, dst place) error) error {
	src, dst, err := addresses(from, to)
	if err != nil {
		return err
	}
	if src.Root == dst.Root {
		return a.at(ctx, from, dosna.ReadWrite, func(p place) error {
			return do(p, place{p.Connection, "/" + dst.Node})
		})
	}
	return a.at(ctx, from, dosna.ReadOnly, func(s place) error {
		if _, err := s.entry(ctx); err != nil {
			return err
		}
		return a.at(ctx, to, dosna.Create, func(d place) error { return do(s, d) })
	})
}

// taken is the error of a destination where there is something.
func (p place) taken() error {
	if p.path == "/" {
		return fmt.Errorf("%w: %s is the root of a tree, which has a node already; name one in it: %s#/NAME", dosna.ErrExist, p, p.URL())
	}
	return fmt.Errorf("%w: there is a node already at %s; name another one, replace it with --overwrite, or remove it with dosna rm", dosna.ErrExist, p)
}

// fresh reports whether the root of a tree is as it was when the tree was made.
func fresh(ctx context.Context, root dosna.Node) bool {
	g, ok := root.(*dosna.Group)
	if !ok || len(g.Attrs()) > 0 {
		return false
	}
	names, err := g.Names(ctx)
	return err == nil && len(names) == 0
}

// namesNode is an error unless an address names a node below the root.
func namesNode(address string) error {
	u, err := store.ParseURL(address)
	if err == nil && u.Node == "" {
		return usagef("%s is the root of a tree; name a dataset in it: %s#/name", address, u.Root)
	}
	return err
}

// vacant is an error unless there is no node at p.
func (p place) vacant(ctx context.Context) error {
	_, err := p.entry(ctx)
	switch {
	case errors.Is(err, dosna.ErrNotExist):
		return nil
	case err == nil:
		return p.taken()
	}
	return err
}

// cleanUp bounds the time spent on removing what an interrupted command made.
const cleanUp = time.Minute

// produce makes a node at p by a function that is told the path. With overwrite
// an older one is replaced when the new one is complete, and stays if it does
// not get that far.
func produce[N dosna.Node](ctx context.Context, p place, overwrite bool, make func(path string) (N, error)) (N, error) {
	var none N
	old, err := p.entry(ctx)
	switch {
	case errors.Is(err, dosna.ErrNotExist):
		return make(p.path)
	case err != nil:
		return none, err
	case p.path == "/" && fresh(ctx, old):
		return make(p.path)
	case !overwrite:
		return none, p.taken()
	}
	switch old.(type) {
	case *dosna.Group:
		return none, fmt.Errorf("%s: there is a group, which --overwrite does not replace; remove it with: dosna rm -r", p)
	case *dosna.Link:
		return none, fmt.Errorf("%s: there is a link, which --overwrite does not replace; remove it with dosna rm, or name what it leads to", p)
	}
	temporary := p.path + ".new-" + strings.ToLower(rand.Text()[:8])
	if _, err := make(temporary); err != nil {
		return none, err
	}
	ctx = context.WithoutCancel(ctx) // not to be left between the two
	if err := p.Delete(ctx, p.path); err != nil {
		return none, err
	}
	if err := p.Move(ctx, temporary, p.path); err != nil {
		return none, err
	}
	n, err := p.entry(ctx)
	if err != nil {
		return none, err
	}
	made, ok := n.(N)
	if !ok {
		return none, fmt.Errorf("%s: somebody else has put something else there", p)
	}
	return made, nil
}
