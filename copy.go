package dosna

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

// CopyOptions say what changes in a copy; the zero value changes nothing. Its
// members mean what those of DatasetSpec do.
type CopyOptions struct {
	Chunks, Shards  []int
	Edges           [][]int // with Chunks or Shards
	Access          string
	Codec, Checksum string
	// Format is that of Zarr, 2 or 3; 0 is that of the group in which the copy is.
	// Shards become chunks in Zarr v2, chunks of several lengths become as long as the
	// longest, and checksums are left out.
	Format int

	// Refer has the elements of datasets stay where they are: the copy has references to
	// what is stored of the source, by the address at which its tree was opened, and is
	// read through them. Its elements cannot be changed, and reading them is an error once
	// a file that they are in is another than it was. It is of Zarr v3, and only DosNa
	// reads it; nothing else of the layout can be changed.
	Refer bool

	// Follow copies what links lead to in the place of the links. Otherwise links are
	// copied as links: to the copy of a node that is copied too, and else to the same
	// node as before, by its address if the copy is in another tree.
	Follow bool

	// Resume goes on with a copy that was interrupted. What is there already is
	// read and compared with the source, byte by byte (elements, where the layout
	// changes), and what is equal is not written again. Nodes in the root of a tree that
	// are there whole, of a copy into it, are left as they are.
	Resume bool
}

// Copy copies a node, with everything below it, to a path where there is none,
// in the same or in another tree; groups above it that are missing are created.
// The path is looked up from the start of the connection.
//
// Until all has been copied and made to survive a loss of power, the copy is absent
// for everybody: what an error or the death of the process leaves is found neither
// here nor by other programs, goes when something is created in its place, or can
// be gone on with: see CopyOptions.Resume. Only what is copied into the root of a
// tree is there node by node.
func Copy(ctx context.Context, src Node, to *Connection, path string, o *CopyOptions) (Node, error) {
	if o == nil {
		o = &CopyOptions{}
	}
	a, err := attemptAt(ctx, src, to, path, o)
	if err != nil {
		return nil, err
	}
	return a.make(ctx)
}

// attemptAt begins a copy to a path.
func attemptAt(ctx context.Context, src Node, to *Connection, path string, o *CopyOptions) (*attempt, error) {
	full, err := resolve(to.start, path)
	if err != nil {
		return nil, err
	}
	if l, ok := src.(*Link); ok && o.Follow {
		if src, err = l.Follow(ctx); err != nil {
			return nil, err
		}
	}
	if to, full, err = to.locate(ctx, full); err != nil {
		return nil, fmt.Errorf("copy %s to %q: %w", src.Path(), path, err)
	}
	if src.Connection().url == to.url && (full == src.place() || strings.HasPrefix(full, src.place()+"/") || src.place() == "") {
		return nil, fmt.Errorf("copy %s to %s in %s: %w: a node cannot be copied into itself", src.Path(), nodeName(full), to.url, ErrInvalid)
	}
	if err := to.o.writable(); err != nil {
		return nil, fmt.Errorf("copy %s to %s in %s: %w", src.Path(), nodeName(full), to.url, err)
	}
	a := newAttempt(to, o)
	a.plain, a.top, a.full = to, src, full
	return a, nil
}

// make makes the copy.
func (a *attempt) make(ctx context.Context) (Node, error) {
	err := a.plain.keeping(ctx, change{path: a.full, deep: true}, func(ctx context.Context) error { return a.tree(ctx, a.top, a.full) })
	if err != nil && a.o.Refer && !a.o.Resume {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		err = errors.Join(err, a.discard(ctx, a.full))
	}
	if err != nil {
		return nil, err
	}
	return a.plain.entry(ctx, a.full)
}

// Spec returns what creates the copy of a dataset: as the dataset is, but for what
// the options change.
func (o *CopyOptions) Spec(d *Dataset) (DatasetSpec, error) {
	s := d.Spec()
	if o.Refer && (o.Chunks != nil || o.Shards != nil || o.Access != "" || o.Codec != "" || o.Checksum != "" || d.field != nil) {
		return s, fmt.Errorf("%w: references are to chunks as they are stored: in no other shape, and with no other codecs", ErrInvalid)
	}
	if o.Edges != nil && o.Chunks == nil && o.Shards == nil {
		return s, fmt.Errorf("%w: Edges are given, and neither Chunks nor Shards, whose lengths they are", ErrInvalid)
	}
	if o.Chunks == nil && o.Shards == nil && o.Access == "" && o.Codec == "" && o.Checksum == "" {
		if !o.Refer && slices.ContainsFunc(s.Codecs, isOfFiles) {
			s.Order, s.Codecs = orderOf(s.Codecs), nil
		}
		return s, nil
	}
	if err := o.recode(d, &s); err != nil {
		return s, err
	}
	s.Chunks, s.Shards, s.Access = d.Chunks(), d.Shards(), o.Access
	switch {
	case o.Access != "":
		s.Chunks, s.Shards, s.Edges = nil, slices.Clone(o.Shards), o.Edges
	case o.Chunks != nil:
		s.Chunks, s.Shards, s.Edges = slices.Clone(o.Chunks), slices.Clone(o.Shards), o.Edges
	case o.Shards != nil:
		s.Shards, s.Edges = slices.Clone(o.Shards), o.Edges
	}
	return s, nil
}

// recode gives a copy its codecs: those of the chunks, with the compressor or the
// checksum that the options ask for.
func (o *CopyOptions) recode(d *Dataset, s *DatasetSpec) error {
	s.Codecs = d.chain.InnerSpecs()
	switch {
	case o.Codec == "" && slices.ContainsFunc(s.Codecs, isOfFiles):
		s.Order, s.Codecs, s.Checksum = orderOf(s.Codecs), nil, o.Checksum
	case o.Codec != "":
		s.Order = orderOf(s.Codecs)
		s.Codecs, s.Codec, s.Checksum = nil, o.Codec, o.Checksum
		if o.Checksum == "" && !d.Checked() {
			s.Checksum = "none"
		}
	case o.Checksum != "":
		last, err := codec.ParseSpecs("none", o.Checksum, s.Type, s.Order)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		s.Codecs = slices.DeleteFunc(s.Codecs, func(c codec.Spec) bool { return c.Name == "crc32c" })
		s.Codecs = append(s.Codecs, last[1:]...)
	}
	return nil
}

// inV2 changes what a copy in Zarr v2 cannot have.
func (o *CopyOptions) inV2(d *Dataset, s *DatasetSpec) {
	if s.Codecs != nil && s.Shards == nil && d.Shards() != nil {
		s.Codecs, s.Chunks = d.chain.InnerSpecs(), d.Chunks()
	} else if o.Shards == nil && s.Shards != nil {
		s.Shards = nil
	}
	if o.Edges == nil {
		s.Edges = nil
	}
	if s.Keys != "v2/" {
		s.Keys = "v2"
	}
	if o.Checksum != "" {
		return // which is found to be impossible
	}
	if s.Checksum = "none"; s.Codecs != nil {
		s.Checksum = ""
		s.Codecs = slices.DeleteFunc(slices.Clone(s.Codecs), func(c codec.Spec) bool { return c.Name == "crc32c" })
	}
}

// isOfFiles tells codecs that are there to read other files, and that no other program knows:
// copies have the default ones.
func isOfFiles(s codec.Spec) bool { return s.Name == "dosna.hdf5_filters" }

// orderOf returns the byte order that codecs give elements.
func orderOf(specs []codec.Spec) dtype.Order {
	for _, s := range specs {
		var c struct {
			Endian string `json:"endian"`
		}
		if s.Name == "bytes" && json.Unmarshal(s.Config, &c) == nil && c.Endian == "big" {
			return dtype.Big
		}
	}
	return dtype.Little
}
