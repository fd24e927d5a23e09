package dosna

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dosna/dosna/zarr"
)

// attempt is one try at making a copy. Until they are complete, the nodes that it
// makes carry its mark: they are absent for everybody but the attempt, as a node
// that is being deleted is, so that what an attempt leaves that died is removed by
// who creates something in its place, or taken over by another attempt.
type attempt struct {
	id    string
	to    *Connection // which sees the nodes with the mark
	plain *Connection // which does not
	o     *CopyOptions

	top  Node   // that is copied
	full string // where
	more []Node // copied together with top
	axis string // along which datasets are put together then
}

func newAttempt(to *Connection, o *CopyOptions) *attempt {
	c := *to
	c.attempt = rand.Text()
	return &attempt{id: c.attempt, to: &c, o: o}
}

// hides reports whether a node is to be treated as absent.
func (c *Connection) hides(head *zarr.Header) bool {
	return head.Deleting && (head.Copy == "" || head.Copy != c.attempt)
}

// document returns the document of the copy of a node, with the mark.
func (a *attempt) document(ctx context.Context, src Node, full string) (zarr.Document, error) {
	format := a.o.Format
	if format == 0 {
		format = a.to.formatFor(ctx, full)
	}
	var doc zarr.Document
	switch src := src.(type) {
	case *Group:
		doc = zarr.NewGroup(src.Attrs())
		doc.Head().Format = format
	case *Link:
		attrs, err := a.linkAttrs(src, full)
		if err != nil {
			return nil, fmt.Errorf("copy %s: %w", src.Path(), err)
		}
		doc = zarr.NewGroup(attrs)
		doc.Head().Format = format
	case *Dataset:
		s, err := a.o.Spec(src)
		if err != nil {
			return nil, src.errorf("copy", err)
		}
		if s.Format = format; format == 2 {
			a.o.inV2(src, &s)
		}
		if a.more != nil {
			if err = a.extend(ctx, src, &s); err != nil {
				return nil, err
			}
		}
		array, err := a.to.arrayDocument(full, s)
		if err != nil {
			return nil, err
		}
		if doc = array; a.o.Refer {
			if format == 2 {
				return nil, src.errorf("refer to", fmt.Errorf("%w: a dataset of Zarr v2 cannot have references, which other programs would not see to be there; make it in a group of Zarr v3", ErrInvalid))
			}
			array.References = referencesName()
		}
	default:
		return nil, fmt.Errorf("copy %s: %w: a node of type %T", src.Path(), ErrInvalid, src)
	}
	a.hide(doc)
	return doc, nil
}

// hide gives a document the mark.
func (a *attempt) hide(doc zarr.Document) {
	if formatOf(doc) == 2 {
		claim(doc, a.id)
	}
	doc.Head().Deleting, doc.Head().Copy = true, a.id
}

// begin makes the copy of a node, with the mark and without its content. Where an
// earlier attempt has left what may be gone on with, it is taken over; mine says
// that all that is there is of earlier attempts. It reports whether anything may
// be there already.
func (a *attempt) begin(ctx context.Context, src Node, full string, mine bool) (n Node, resumed bool, err error) {
	doc, err := a.document(ctx, src, full)
	if err != nil {
		return nil, false, err
	}
	if a.o.Resume {
		n, err := a.takeOver(ctx, full, doc, mine)
		if n != nil || err != nil {
			return n, n != nil, err
		}
	}
	n, err = a.to.createFrom(ctx, "", full, doc)
	return n, false, err
}

// takeOver puts a document in the place of that of an earlier attempt. It returns
// nil if there is nothing to go on with, and anything may be created there.
func (a *attempt) takeOver(ctx context.Context, full string, doc zarr.Document, mine bool) (Node, error) {
	old, v, err := a.to.loadAny(ctx, full)
	switch {
	case isNotExist(err):
		return nil, nil
	case err == nil && old.Head().Copy == "" && !mine:
		return nil, nil // createFrom sees to it
	case err != nil && !(mine && errors.Is(err, errUnreadable)):
		return nil, err
	case err != nil || formatOf(old) == 2 || !goesOn(old, doc):
		return nil, a.to.deleteFrom(ctx, "", full)
	}
	if b, ok := doc.(*zarr.Array); ok && b.References != "" {
		b.References = old.(*zarr.Array).References
	}
	raw, doc, err := encode(doc)
	if err != nil {
		return nil, err
	}
	if v, err = a.to.putIfMatch(ctx, documentKey(full), [][]byte{raw}, v, true); err != nil {
		return nil, fmt.Errorf("take over the copy %s in %s: %w", nodeName(full), a.to.url, err)
	}
	return a.to.nodeSeen(full, doc, v)
}

// goesOn reports whether what is stored under one document may be under another.
func goesOn(old, doc zarr.Document) bool {
	a, ok := old.(*zarr.Array)
	b, same := doc.(*zarr.Array)
	if !ok || !same {
		return ok == same && isLink(old) == isLink(doc)
	}
	return slices.Equal(a.Shape, b.Shape) && sameLayout(a, b) && a.Keys == b.Keys && !isCut(a) && (a.References == "") == (b.References == "")
}

// finish takes the mark off a node that is complete.
func (a *attempt) finish(ctx context.Context, full string) error {
	return a.to.keeping(ctx, change{path: full, deep: true}, func(ctx context.Context) error {
		doc, v, err := a.to.loadV3(ctx, full)
		if err == nil && doc.Head().Becomes == 2 && doc.Head().Copy == a.id {
			head := doc.Head()
			head.Format, head.Deleting, head.Copy, head.Becomes = 2, false, "", 0
			_, err = a.to.complete(ctx, full, doc, v)
			return err
		}
		return a.to.rewrite(ctx, full, revision{
			change: func(doc zarr.Document) (bool, error) {
				head := doc.Head()
				if head.Copy != a.id {
					return false, fmt.Errorf("the copy %s in %s: %w: another attempt has taken it over", nodeName(full), a.to.url, ErrConflict)
				}
				head.Deleting, head.Copy = false, ""
				return true, nil
			},
			assigns: true,
		})
	})
}

// tree copies a node and all that were below it before.
func (a *attempt) tree(ctx context.Context, src Node, full string) error {
	below, err := a.below(ctx, src)
	if err != nil {
		return err
	}
	if full == "" {
		return a.intoRoot(ctx, src, below)
	}
	top, resumed, err := a.begin(ctx, src, full, false)
	if err != nil {
		return err
	}
	if err := a.content(ctx, src, top, resumed); err != nil {
		return err
	}
	for _, o := range below {
		if err := a.child(ctx, o, join(full, o.rel)); err != nil {
			return err
		}
	}
	if resumed {
		if err := a.prune(ctx, full, below); err != nil {
			return err
		}
	}
	// nothing of it may be missing after a loss of power, when it is there
	if err := a.to.Sync(ctx); err != nil {
		return err
	}
	return a.finish(ctx, full)
}

// child copies a node in a group that carries the mark.
func (a *attempt) child(ctx context.Context, o original, full string) error {
	src, err := o.c.entry(ctx, o.path)
	if isNotExist(err) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	n, resumed, err := a.begin(ctx, src, full, true)
	if err == nil {
		err = a.content(ctx, src, n, resumed)
	}
	if err != nil {
		return err
	}
	return a.finish(ctx, full)
}

// content copies the elements of a dataset.
func (a *attempt) content(ctx context.Context, src, dst Node, resumed bool) error {
	from, ok := src.(*Dataset)
	if !ok {
		return nil
	}
	to := dst.(*Dataset)
	if !a.o.Refer {
		return from.copyTo(ctx, to, resumed)
	}
	parts, axis, err := a.parts(ctx, from)
	if err != nil {
		return err
	}
	return refer(ctx, to, parts, max(axis, 0))
}

// prune removes the nodes that an earlier attempt has copied, and that are in the
// source no more.
func (a *attempt) prune(ctx context.Context, full string, below []original) error {
	wanted := map[string]bool{}
	groups := []string{full}
	for _, o := range below {
		wanted[join(full, o.rel)] = true
		groups = append(groups, join(full, o.rel))
	}
	for _, path := range groups {
		n, err := a.to.entry(ctx, path)
		if isNotExist(err) {
			continue
		}
		g, ok := n.(*Group)
		if err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		names, err := g.Names(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			child := join(path, name)
			if wanted[child] || checkPath(child) != nil {
				continue
			}
			if err := a.to.deleteFrom(ctx, "", child); err != nil && !isNotExist(err) {
				return err
			}
		}
	}
	return nil
}

// intoRoot copies what is in a group, or a dataset, into the root of a tree, where
// nothing can be hidden but the nodes in it.
func (a *attempt) intoRoot(ctx context.Context, src Node, below []original) error {
	if l, ok := src.(*Link); ok {
		return fmt.Errorf("copy %s: %w: the root of a tree is no link", l.Path(), ErrInvalid)
	}
	g, ok := src.(*Group)
	if !ok {
		return a.asRoot(ctx, src.(*Dataset))
	}
	for _, o := range below {
		if strings.Contains(o.rel, "/") {
			continue // with what it is in
		}
		if a.o.Resume {
			_, err := a.to.entry(ctx, o.rel)
			if err == nil {
				continue // an earlier attempt has completed it
			}
			if !isNotExist(err) {
				return err
			}
		}
		n, err := o.c.entry(ctx, o.path)
		if isNotExist(err) {
			continue
		}
		if err == nil {
			err = a.tree(ctx, n, o.rel)
		}
		if err != nil {
			return err
		}
	}
	root, err := a.to.Root(ctx)
	if err != nil {
		return err
	}
	return root.UpdateAttrs(ctx, func(attrs Attributes) error {
		maps.Copy(attrs, g.Attrs())
		return nil
	})
}

// asRoot makes a copy of a dataset the root of a tree. It carries the mark
// meanwhile, too.
func (a *attempt) asRoot(ctx context.Context, src *Dataset) error {
	doc, err := a.document(ctx, src, "")
	if err != nil {
		return err
	}
	n, err := a.to.createFrom(ctx, "", "", doc)
	if err != nil {
		return err
	}
	if err = a.content(ctx, src, n, false); err == nil {
		err = a.to.Sync(ctx)
	}
	if err == nil {
		err = a.finish(ctx, "")
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		return errors.Join(err, a.discard(ctx, ""))
	}
	return nil
}
