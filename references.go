package dosna

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
	"github.com/dosna/dosna/zarr"
)

// ReferencesOptions say how references to a tree are written; nil is right where
// those who read them find the tree where it is now.
type ReferencesOptions struct {
	// Base is the address by which readers of the references find the root of the
	// tree; "" is the one by which it was opened.
	Base string
}

// Referred is what references are to.
type Referred struct {
	Objects int      // that they lead to
	Inline  int      // that they hold
	Left    []string // paths of datasets that are not in them, see WriteReferences
}

// WriteReferences writes references to the stored objects of a group, with all that
// is below it, or of a dataset, in the form of kerchunk: to an address that ends in
// .json, or in .parq for Parquet files, which are for trees of Zarr v2 only; or, to one
// that ends in .refs, in a form of our own. Programs
// that know such references, fsspec's and VirtualiZarr's among them, open the tree by
// them, and so does Open. What was at the address is replaced.
//
// References in the form of kerchunk have copies of all metadata in the first group, which makes it
// consolidated metadata of Zarr v3. Datasets with codecs that no other program has, or chunks of several lengths, are not in them:
// programs would open none of the group that they are in.
//
// Metadata is in the references as it was then. Objects are referred to whole, so
// that changed chunks are seen by references of kerchunk, and are errors by those of
// our own form, which say what the objects were. Chunks that are stored later are
// not seen.
func WriteReferences(ctx context.Context, n Node, address string, o *ReferencesOptions) (Referred, error) {
	c := n.Connection()
	to := all.ReferencesTo{Store: c.store, Prefix: folder(n.place()), Base: c.url, Inline: isMetadata, Omit: isOfNow, Edit: withoutReferences, Expand: c.referring}
	var others forOthers
	if !strings.EqualFold(path.Ext(address), ".refs") {
		others.copies = zarr.NewConsolidated(3)
		to.Edit, to.Last = others.edit, others.last
	}
	var done Referred
	var err error
	if o != nil && o.Base != "" {
		to.Base, to.Moved = o.Base, true
	} else {
		_, err = all.AddressesOf(c.url)
	}
	if err == nil {
		done.Objects, done.Inline, err = all.WriteReferences(ctx, address, to)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		err = fmt.Errorf("%w: the store has no listing, by which its objects would be found", store.ErrInvalid)
	}
	if err != nil {
		return done, fmt.Errorf("write references to %s in %s: %w", nodeName(n.place()), c.url, err)
	}
	done.Left = others.left
	return done, nil
}

// isOfNow tells what is of the present only, or of the tree.
func isOfNow(key string) bool {
	return lastName(key) == zarr.LockKey || zarr.IsReferences(lastName(key))
}

// withoutReferences makes the document of an array that has references one without: they
// are among those that are written.
func withoutReferences(key string, data []byte) ([]byte, error) {
	if lastName(key) != zarr.Key || !bytes.Contains(data, []byte(zarr.ReferencesMember)) {
		return data, nil
	}
	doc, err := zarr.Parse(data)
	a, ok := doc.(*zarr.Array)
	if err != nil || !ok || a.References == "" {
		return data, nil // it is as it is
	}
	a.References = ""
	return a.Marshal()
}

// referring returns the store of the dataset whose references have a key, and the prefix of
// its objects; none if they are of nobody.
func (c *Connection) referring(ctx context.Context, key string) (store.Store, string, error) {
	if !zarr.IsReferences(lastName(key)) {
		return nil, "", nil
	}
	n, err := c.entry(ctx, parent(key))
	d, ok := n.(*Dataset)
	if isNotExist(err) || err == nil && (!ok || d.doc.References != lastName(key)) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	return d.c.store, d.prefix, nil
}

// isMetadata tells the documents of nodes from other objects.
func isMetadata(key string) bool {
	return zarr.IsMetadata(lastName(key))
}
