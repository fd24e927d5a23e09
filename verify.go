package dosna

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// FindingKind says what Verify has found.
type FindingKind string

// The kinds of findings. Damaged, Unread and Unreadable are of something that is
// lost, or cannot be had; the others do no harm.
const (
	Damaged    FindingKind = "damaged"    // a stored object that does not decode, or fails its checksum
	Unread     FindingKind = "unread"     // a stored object that the store does not give, as for lack of permission
	Unreadable FindingKind = "unreadable" // metadata that makes no sense, or cannot be had; objects of such a node are not looked at
	Deleting   FindingKind = "deleting"   // a node whose deletion was interrupted, or is under way: absent for readers
	Copying    FindingKind = "copying"    // a copy not completed, or under way: absent for readers
	Cut        FindingKind = "cut"        // a dataset that has been cut, so that old elements may lie outside its shape
	Outside    FindingKind = "outside"    // a stored object outside its dataset's shape
	Stray      FindingKind = "stray"      // an object that belongs to no node, or a folder of such
	Unfinished FindingKind = "unfinished" // temporary objects of writers that died, which nobody reads
	Dangling   FindingKind = "dangling"   // a link that leads nowhere
	Unchecked  FindingKind = "unchecked"  // a dataset without checksums: damage in it that still decodes is not found
)

// Loss reports whether something is lost, or cannot be had.
func (k FindingKind) Loss() bool { return k == Damaged || k == Unread || k == Unreadable }

// Finding is something that is not as it should be, or worth knowing.
type Finding struct {
	Kind FindingKind
	Key  string // of the object, or of a folder with a slash at its end
	Err  error  // what is wrong, in words
	// Count is how many objects it is about, of which Key is the first; 0 is one.
	// Objects outside a dataset's shape, and unfinished ones, are told of together.
	Count int
}

// VerifyOptions modify Verify; the zero value looks at everything.
type VerifyOptions struct {
	// After is where an earlier call had come to, its Verified.Last: what is
	// stored under keys up to that one is left out. It needs a store that lists in
	// order.
	After string
	// Report, if not nil, is given the findings, one at a time. Where the store
	// lists in order they come in the order of their keys, those about several
	// objects after the last of these.
	Report func(Finding)
	// Passed, if not nil, is told now and then what has been verified, findings
	// of which have been reported: a later call may begin there. It is called
	// only where After would work. An error ends Verify.
	Passed func(Verified) error
}

// Verified counts what has been looked at.
type Verified struct {
	Last     string              // the key up to which everything has been
	Nodes    int                 // whose metadata can be read
	Datasets int                 // among them
	Objects  int                 // stored objects of datasets that were decoded
	Bytes    int64               // of these
	Findings map[FindingKind]int // how many objects, folders and nodes are as that kind says
}

// Losses returns how many things are lost.
func (v Verified) Losses() int {
	n := 0
	for kind, count := range v.Findings {
		if kind.Loss() {
			n += count
		}
	}
	return n
}

// Verify looks at everything that is stored at a path and below: it reads the
// metadata of every node, decodes every stored object with all its checksums, and
// finds out which objects belong to nothing. What it finds is reported, and is no
// error, nor is a folder that cannot be listed, where the store lists in order; the
// error is for what kept it from looking at all. Objects that change meanwhile
// are looked at again before they are reported. It holds a few objects in memory,
// however large the tree is.
//
// A path is followed through links, and the links below it are not: it is found
// whether they lead to something.
//
// That an object is missing is not found: absent objects are all fill. In a store that
// cannot list, every object that a dataset may have is asked for, the nodes below a
// group are those that consolidated metadata tells of, and what belongs to nothing is
// not found.
func (c *Connection) Verify(ctx context.Context, path string, o VerifyOptions) (Verified, error) {
	full, err := resolve(c.start, path)
	if err != nil {
		return Verified{}, err
	}
	return throughLinks(ctx, c, full, func(c *Connection, path string) (Verified, error) { return c.verify(ctx, path, o) })
}

// verify verifies what is stored at a path from the root and below.
func (c *Connection) verify(ctx context.Context, path string, o VerifyOptions) (Verified, error) {
	v := &verifier{c: c, o: o, meter: c.o.meter(), sorted: c.store.Guarantees().ListSorted, nodes: map[string]*verifiedNode{}, reported: map[string]bool{}}
	v.done.Findings = map[FindingKind]int{}
	v.root = path
	if err := v.run(ctx); err != nil {
		return v.done, fmt.Errorf("verify %s in %s: %w", nodeName(path), c.url, err)
	}
	return v.done, nil
}

// verifier is a Verify at work.
type verifier struct {
	c     *Connection
	o     VerifyOptions
	meter *meter
	root  string // the path at which it began
	done  Verified

	sorted   bool     // the store lists in order
	referred bool     // the objects looked at are those that references lead to
	tallies  []*tally // not reported yet
	held     int      // objects looked at since there is something in them

	nodes    map[string]*verifiedNode // of the folders that the batch is in
	reported map[string]bool          // keys of folders and metadata that were, though more objects are in them
}

// What is looked at in one go: so many objects, or bytes of them.
const (
	verifiedAtOnce = 128
	verifiedBytes  = 64 << 20
)

func (v *verifier) run(ctx context.Context) error {
	if v.o.After != "" && !v.sorted {
		return fmt.Errorf("%w: the store does not list in order, so that one cannot go on in the middle", errors.ErrUnsupported)
	}
	if !v.sorted {
		v.o.Passed = nil
	}
	switch n, err := v.load(ctx, v.root); {
	case err != nil:
		return err
	case n.state == nodeAbsent:
		return fmt.Errorf("%w: there is no such node", ErrNotExist)
	case n.state == nodeUnreadable && v.o.After == "": // which a listing may not show
		v.count(&verifyCheck{node: n, found: []Finding{{Kind: Unreadable, Key: n.key, Err: n.err}}})
	}
	for i, r := range v.o.After { // what is wrong with these folders was reported then
		if r == '/' && i >= len(v.root) {
			v.reported[v.o.After[:i+1]], v.reported[documentKey(v.o.After[:i])] = true, true
			v.reported[join(v.o.After[:i], zarr.ArrayKey)], v.reported[join(v.o.After[:i], zarr.GroupKey)] = true, true
		}
	}
	var batch []store.Info
	var size int64
	defer v.settle("") // after an error too: what has been found is reported
	err := v.list(ctx, folder(v.root), v.o.After, func(info store.Info) error {
		if strings.HasPrefix(lastName(info.Key), store.TempPrefix) {
			v.add(Unfinished, "", info, unfinished)
			return nil
		}
		batch, size = append(batch, info), size+info.Size
		if zarr.IsReferences(lastName(info.Key)) {
			err := v.batch(ctx, batch)
			batch, size = batch[:0], 0
			if err == nil {
				err = v.references(ctx, info.Key)
			}
			return err
		}
		if len(batch) < verifiedAtOnce && size < verifiedBytes {
			return nil
		}
		err := v.batch(ctx, batch)
		batch, size = batch[:0], 0
		return err
	})
	if err != nil {
		return err
	}
	return v.batch(ctx, batch)
}

// batch looks at some objects, and passes on what it found.
func (v *verifier) batch(ctx context.Context, infos []store.Info) error {
	if len(infos) == 0 {
		return nil
	}
	v.meter.expect(len(infos))
	if err := v.prefetch(ctx, infos); err != nil {
		return err
	}
	checks := make([]verifyCheck, len(infos))
	for i, info := range infos {
		var err error
		if checks[i], err = v.classify(ctx, info, v.node); err != nil {
			return err
		}
	}
	quiet := *v.c
	quiet.o.Progress = nil // but for the meter
	err := quiet.run(ctx, v.c.o.local(), len(checks), unsized, func(ctx context.Context, i int) error {
		err := v.check(ctx, &checks[i])
		if err == nil {
			v.meter.tick()
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range checks {
		v.count(&checks[i])
	}
	if v.referred {
		return nil
	}
	v.done.Last = infos[len(infos)-1].Key
	maps.DeleteFunc(v.nodes, func(path string, _ *verifiedNode) bool { return !strings.HasPrefix(v.done.Last, folder(path)) })
	maps.DeleteFunc(v.reported, func(key string, _ bool) bool {
		return !strings.HasPrefix(v.done.Last, folder(parent(key)))
	})
	v.settle(v.done.Last)
	if v.o.Passed == nil {
		return nil
	}
	if len(v.tallies) > 0 {
		if v.held += len(infos); v.held < heldAtMost {
			return nil
		}
		v.settle("")
	}
	passed := v.done
	passed.Findings = maps.Clone(passed.Findings)
	return v.o.Passed(passed)
}

// count adds what was looked at, and reports what is to be.
func (v *verifier) count(k *verifyCheck) {
	if len(v.tallies) > 0 && k.info.Key != "" {
		v.settle(k.info.Key)
	}
	switch k.as {
	case asChunk:
		v.done.Objects++
		v.done.Bytes += k.info.Size
	case asDocument:
		if k.node.state != nodeUnreadable {
			v.done.Nodes++
		}
		if k.node.state == nodeArray {
			v.done.Datasets++
		}
	}
	for _, f := range k.found {
		if f.Kind == Unreadable || strings.HasSuffix(f.Key, "/") {
			if v.reported[f.Key] {
				continue
			}
			v.reported[f.Key] = true
		}
		if f.Kind == Outside {
			v.add(Outside, k.node.path, k.info, outside(k.node.d))
			continue
		}
		v.report(f)
	}
}

// report counts a finding, and tells of it.
func (v *verifier) report(f Finding) {
	v.done.Findings[f.Kind] += max(f.Count, 1)
	if v.o.Report != nil {
		v.o.Report(f)
	}
}

// prefetch reads the metadata of the nodes in a batch side by side.
func (v *verifier) prefetch(ctx context.Context, infos []store.Info) error {
	var paths []string
	for _, info := range infos {
		if path, ok := documentOf(info.Key); ok && v.nodes[path] == nil {
			paths = append(paths, path)
		}
	}
	nodes := make([]*verifiedNode, len(paths))
	err := engine.New(nil, v.c.concurrency()).Run(ctx, len(paths), engine.RunOptions{}, func(ctx context.Context, i int) (err error) {
		nodes[i], err = v.load(ctx, paths[i])
		return err
	})
	for i, n := range nodes {
		if n != nil {
			v.nodes[paths[i]] = n
		}
	}
	return err
}
