package dosna

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// verifiedNode is what Verify knows of a folder.
type verifiedNode struct {
	path    string
	key     string // of the object that makes it a node
	version store.Version
	state   nodeState
	d       *Dataset // of an array
	link    *Link    // of a link, which is a group otherwise
	err     error    // why it is unreadable
}

type nodeState int

const (
	nodeAbsent nodeState = iota // the folder has no metadata
	nodeGroup
	nodeArray
	nodeDeleting
	nodeCopying
	nodeUnreadable
)

// documentOf returns the path of the node whose metadata has the key.
func documentOf(key string) (path string, ok bool) {
	name := lastName(key)
	if name != zarr.Key && !isDocumentV2(name) {
		return "", false
	}
	path = parent(key)
	return path, path == "" || checkPath(path) == nil
}

// node returns what a folder is, as it was when it was first asked for.
func (v *verifier) node(ctx context.Context, path string) (*verifiedNode, error) {
	if n := v.nodes[path]; n != nil {
		return n, nil
	}
	n, err := v.load(ctx, path)
	if err == nil {
		v.nodes[path] = n
	}
	return n, err
}

// load finds out what a folder is.
func (v *verifier) load(ctx context.Context, path string) (*verifiedNode, error) {
	n := &verifiedNode{path: path, key: documentKey(path)}
	if path != "" && checkPath(path) != nil {
		return n, nil // no node can have this name
	}
	doc, version, err := v.c.loadAny(ctx, path)
	n.version = version
	if err == nil {
		n.key = keyOf(path, doc)
	} else if at, ok := errors.AsType[*store.Error](err); ok && parent(at.Key) == path && isDocumentV2(at.Key) {
		n.key = at.Key
	}
	switch {
	case isNotExist(err):
		return n, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, store.ErrTemporary) || errors.Is(err, store.ErrClosed):
		return nil, err
	case err != nil:
		n.state, n.err = nodeUnreadable, err
		return n, nil
	case doc.Head().Copy != "":
		n.state = nodeCopying
		return n, nil
	case doc.Head().Deleting:
		n.state = nodeDeleting
		return n, nil
	}
	made, err := v.c.node(path, doc)
	if err != nil {
		n.state, n.err = nodeUnreadable, err
		return n, nil
	}
	n.state = nodeGroup
	n.link, _ = made.(*Link)
	if d, ok := made.(*Dataset); ok {
		n.state, n.d = nodeArray, d
	}
	return n, nil
}

// verifyCheck is a stored object to be looked at.
type verifyCheck struct {
	info   store.Info
	node   *verifiedNode // that it belongs to, or not
	as     objectRole
	coords []int
	bare   string        // a folder above it that ought to have metadata
	broken *verifiedNode // above it, the first that cannot be read
	found  []Finding
}

// objectRole is what an object is.
type objectRole int

const (
	asUnknown    objectRole = iota // not to be looked at: it belongs to a node that is going, or not understood
	asDocument                     // metadata
	asChunk                        // of a dataset
	asReferences                   // of a dataset
	asOutside                      // of its shape
	asStray
)

// classify finds out what an object is from the metadata of the folders above it,
// which node returns.
func (v *verifier) classify(ctx context.Context, info store.Info, node func(ctx context.Context, path string) (*verifiedNode, error)) (verifyCheck, error) {
	k := verifyCheck{info: info}
	path, rest := v.root, strings.TrimPrefix(info.Key, folder(v.root))
	lost := false // below a node that cannot be read
	for {
		n, err := node(ctx, path)
		if err != nil {
			return k, err
		}
		k.node = n
		name, below, deeper := strings.Cut(rest, "/")
		switch {
		case n.state == nodeDeleting || n.state == nodeCopying:
			if info.Key == n.key {
				k.as = asDocument
			}
			return k, nil
		case info.Key == n.key && n.state != nodeAbsent:
			k.as = asDocument
			return k, nil
		case zarr.IsMetadata(rest) && n.state != nodeAbsent:
			return k, nil // a part of it, or what another format says of it
		case n.state == nodeArray && rest == n.d.doc.References:
			k.as = asReferences
			return k, nil
		case n.state == nodeArray:
			if coords, ok := n.d.doc.Keys.Coords(rest, n.d.NDim()); !ok {
				k.as = asStray
			} else if k.coords, k.as = coords, asOutside; n.d.inGrid(coords) {
				k.as = asChunk
			}
			if n.d.doc.References != "" && !v.referred { // the dataset has none of its own
				k.as = asStray
			}
			return k, nil
		case n.state == nodeUnreadable:
			if !lost {
				k.broken, lost = n, true
			}
		case n.state == nodeAbsent && !lost && k.bare == "":
			k.bare = folder(path)
		}
		if !deeper {
			if n.state != nodeUnreadable && !lost {
				k.as = asStray
			}
			return k, nil
		}
		path, rest = join(path, name), below
	}
}

// check looks at an object. Before something is held to be wrong, it is looked at
// once more, with the metadata of that moment.
func (v *verifier) check(ctx context.Context, k *verifyCheck) error {
	fresh := func(ctx context.Context, path string) (*verifiedNode, error) { return v.load(ctx, path) }
	for range maxTries {
		if err := v.look(ctx, k); err != nil || len(k.found) == 0 {
			return err
		}
		s := v.c.store
		if v.referred {
			s = k.node.d.c.store
		}
		switch _, err := s.Stat(ctx, k.info.Key); {
		case isNotExist(err):
			*k = verifyCheck{info: k.info}
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		again, err := v.classify(ctx, k.info, fresh)
		if err != nil {
			return err
		}
		if again.node.path == k.node.path && again.node.state == k.node.state && again.node.version == k.node.version {
			return nil
		}
		*k = again
	}
	return nil
}

// look fills in what is found of an object.
func (v *verifier) look(ctx context.Context, k *verifyCheck) error {
	k.found = nil
	add := func(kind FindingKind, key string, err error) {
		k.found = append(k.found, Finding{Kind: kind, Key: key, Err: err})
	}
	if k.broken != nil {
		add(Unreadable, k.broken.key, k.broken.err)
	}
	if k.bare != "" && k.as != asUnknown {
		add(Stray, k.bare, errors.New("a folder without metadata: what is in it belongs to no node, and nodes below it are not found from above"))
	}
	switch k.as {
	case asStray:
		_, err := v.c.store.Stat(ctx, k.info.Key)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !isNotExist(err): // perhaps a folder, with objects behind it
			add(Unread, k.info.Key, err)
		case k.bare == "":
			add(Stray, k.info.Key, fmt.Errorf("it belongs to nothing: %s has no such object", nodeName(k.node.path)))
		}
	case asOutside:
		add(Outside, k.info.Key, nil) // to be told of with others
	case asChunk:
		err := k.node.d.chunk(k.coords).Verify(ctx)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, store.ErrTemporary) || errors.Is(err, store.ErrClosed):
			return err
		case errors.Is(err, ErrCorrupt):
			add(Damaged, k.info.Key, err)
		default:
			add(Unread, k.info.Key, err)
		}
	case asReferences:
		return k.sources(ctx, add)
	case asDocument:
		k.describe(add)
		return k.follow(ctx, add)
	}
	return nil
}

// describe adds what there is to say of a node.
func (k *verifyCheck) describe(add func(kind FindingKind, key string, err error)) {
	name, key := nodeName(k.node.path), k.info.Key
	switch n := k.node; n.state {
	case nodeUnreadable:
		add(Unreadable, key, n.err)
	case nodeDeleting:
		add(Deleting, key, fmt.Errorf("the deletion of %s was interrupted, or is under way; delete it again, or create another node in its place", name))
	case nodeCopying:
		add(Copying, key, fmt.Errorf("%s is not complete: making it was interrupted, or is under way; go on with a copy by Copy with Resume, delete it, or create another node in its place", name))
	case nodeArray:
		if isCut(n.d.doc) {
			add(Cut, key, fmt.Errorf("%s has been cut: old elements may lie outside its shape, until it grows", name))
		}
		if !n.d.Checked() {
			add(Unchecked, key, fmt.Errorf("%s has no checksum: only damage that keeps it from being decoded is found", name))
		}
	}
}

// follow adds that a link leads nowhere. That where it leads may not be asked, or
// cannot be now, is none of its faults.
func (k *verifyCheck) follow(ctx context.Context, add func(kind FindingKind, key string, err error)) error {
	if k.node.link == nil {
		return nil
	}
	_, err := k.node.link.Follow(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case isNotExist(err) || errors.Is(err, ErrLoop) || errors.Is(err, ErrInvalid):
		add(Dangling, k.info.Key, err)
	}
	return nil
}
