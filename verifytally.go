package dosna

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
)

// tally gathers findings that come in large numbers and say the same, to be
// reported as one.
type tally struct {
	Finding
	path  string // of the node that it is about; "" with Unfinished, which is about all
	bytes int64
	text  func(t *tally) string
}

// add adds an object to the tally of its kind and node, for which text is what there
// is to say.
func (v *verifier) add(kind FindingKind, path string, info store.Info, text func(t *tally) string) {
	for _, t := range v.tallies {
		if t.Kind == kind && t.path == path {
			t.Count++
			t.bytes += info.Size
			return
		}
	}
	v.tallies = append(v.tallies, &tally{Finding{Kind: kind, Key: info.Key, Count: 1}, path, info.Size, text})
}

// outside says what there is to say of stored objects outside a dataset's shape.
func outside(d *Dataset) func(t *tally) string {
	cells := fmt.Sprint(d.doc.Chunks)
	if !d.grid.Regular() {
		cells = "at most " + cells
	}
	return func(t *tally) string {
		if t.Count == 1 {
			return fmt.Sprintf("it lies outside the shape %v of %s, and is never read", d.doc.Shape, nodeName(d.path))
		}
		return fmt.Sprintf("%d objects, of which this is the first, lie outside the shape %v of %s, in chunks of %s, and are never read", t.Count, d.doc.Shape, nodeName(d.path), cells)
	}
}

// unfinished says what there is to say of temporary files.
func unfinished(t *tally) string {
	what := "an unfinished object was"
	if t.Count > 1 {
		what = fmt.Sprintf("%d unfinished objects, of which this is the first, were", t.Count)
	}
	return fmt.Sprintf("%s left by writers that died, %d bytes: nobody reads them; writing the same objects again uses them up, and files with names beginning with %s may be removed while nobody writes", what, t.bytes, store.TempPrefix)
}

// settle reports the tallies that are complete when the listing has come to a key;
// "" is its end.
func (v *verifier) settle(last string) {
	v.tallies = slices.DeleteFunc(v.tallies, func(t *tally) bool {
		if last != "" && (t.Kind == Unfinished || !v.sorted || strings.HasPrefix(last, folder(t.path))) {
			return false
		}
		t.Err = errors.New(t.text(t))
		v.report(t.Finding)
		return true
	})
	if len(v.tallies) == 0 {
		v.held = 0
	}
}

// heldAtMost is how many objects are looked at before what has been gathered is
// reported, that somebody may go on from there.
const heldAtMost = 10_000

// list yields what is stored, in order where the store lists in order, and goes on
// behind folders that cannot be listed, which are reported.
func (v *verifier) list(ctx context.Context, prefix, after string, yield func(store.Info) error) error {
	last := after
	failed := error(nil)
	for info, err := range v.c.store.List(ctx, store.ListOptions{Prefix: prefix, After: after, Unfinished: true}) {
		if failed = err; err != nil {
			break
		}
		last = info.Key
		if err := yield(info); err != nil {
			return err
		}
	}
	switch {
	case failed == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(failed, errors.ErrUnsupported):
		return v.ask(ctx, v.root, nil, yield)
	case !v.sorted || errors.Is(failed, store.ErrTemporary) || errors.Is(failed, store.ErrClosed):
		return failed
	}
	return v.listApart(ctx, prefix, last, yield)
}

// listApart yields what follows a key, folder by folder.
func (v *verifier) listApart(ctx context.Context, prefix, last string, yield func(store.Info) error) error {
	for info, err := range v.c.store.List(ctx, store.ListOptions{Prefix: prefix, Shallow: true, Unfinished: true}) {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			v.report(Finding{Kind: Unread, Key: cmp.Or(prefix, "/"), Err: fmt.Errorf("what is in the folder cannot be listed: %w", err)})
			return nil
		case info.Key <= last && !strings.HasPrefix(last, info.Key):
			continue
		case info.Dir:
			err = v.list(ctx, info.Key, last, yield)
		case info.Key > last:
			err = yield(info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
