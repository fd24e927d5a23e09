package dosna

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
	"github.com/dosna/dosna/zarr"
)

// mostInline bounds the bytes that references of a dataset hold themselves, because
// they lie nowhere as they are read: every reader of the dataset reads them all.
const mostInline = 256 << 20

// referrer makes the references of a dataset.
type referrer struct {
	dst    *Dataset
	b      all.ManifestBuilder
	inline int
}

// refer stores references to what the parts of a dataset have stored, which lie one
// behind the other along an axis.
func refer(ctx context.Context, dst *Dataset, parts []*Dataset, axis int) error {
	dst = dst.now()
	r := &referrer{dst: dst}
	cells := make([]int, dst.NDim()) // before those of a part
	for _, p := range parts {
		p = p.now()
		if err := r.part(ctx, p, cells); err != nil {
			return p.errorf("refer to", err)
		}
		if p.NDim() > 0 {
			cells[axis] += p.grid.Counts()[axis]
		}
	}
	raw, err := r.b.Manifest().Marshal()
	if err == nil {
		c := dst.Connection()
		_, err = c.guarded(ctx).Put(c.lasting(ctx), join(dst.path, dst.doc.References), [][]byte{raw}, store.Cond{})
	}
	if err != nil {
		return dst.errorf("write the references of", err)
	}
	return nil
}

// part adds the references of a part.
func (r *referrer) part(ctx context.Context, p *Dataset, cells []int) error {
	n := p.NDim()
	coords, key := make([]int, n), []byte{}
	for at, err := range p.located(ctx) {
		if err != nil {
			return err
		}
		own, ok := p.doc.Keys.Coords(at.Key[len(p.prefix):], n)
		if !ok || !p.inGrid(own) {
			continue // of no element
		}
		for i, k := range own {
			coords[i] = k + cells[i]
		}
		key = r.dst.doc.Keys.Key(key[:0], coords)
		switch {
		case !slices.Equal(p.grid.CellShape(own), r.dst.grid.CellShape(coords)):
			err = r.recut(ctx, p, own, coords, string(key))
		case at.Source == "":
			var data []byte
			if at.Of != "" { // so that it is found out if that changes
				_, err = r.source(at.Of, at)
			}
			if err == nil {
				data, _, err = p.c.store.Get(ctx, at.Key, store.GetOptions{}, nil)
			}
			if err == nil {
				err = r.hold(string(key), data)
			}
		default:
			err = r.point(string(key), at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// point adds a reference to where an object lies.
func (r *referrer) point(key string, at store.Location) error {
	n, err := r.source(at.Source, at)
	if err != nil {
		return err
	}
	return r.b.AddRange(key, n, at.Range.Off, at.Range.Len)
}

// source returns the number of a source, of which at knows.
func (r *referrer) source(address string, at store.Location) (int, error) {
	sources := r.dst.Connection().sources
	n, known := r.b.Source(address)
	if !known {
		address, err := sources.Address(address)
		if err != nil {
			return 0, err
		}
		n = r.b.AddSource(all.Source{URL: address, Size: at.Whole, Version: sources.Version(address, at.Version), ModTime: at.ModTime})
	}
	return n, nil
}

// hold adds an object's own bytes.
func (r *referrer) hold(key string, data []byte) error {
	if r.inline += len(data); r.inline > mostInline {
		return fmt.Errorf("%w: more than %d MiB of its chunks lie nowhere in the form in which they are read, so that references cannot lead to them; copy it", ErrInvalid, mostInline>>20)
	}
	return r.b.AddInline(key, data)
}

// recut adds an object that is cut otherwise in its part: there the last along an
// axis reaches beyond the end, behind which others follow here.
func (r *referrer) recut(ctx context.Context, p *Dataset, own, coords []int, key string) error {
	box, ok := p.grid.Cell(own).Intersect(nd.Full(p.Shape()))
	if !ok {
		return nil
	}
	dst := r.dst
	if p.doc.Type.Variable() {
		a := codec.NewArena()
		defer a.Free()
		p, dst = p.in(a), dst.in(a)
	}
	dst, err := dst.at(coords)
	if err != nil {
		return err
	}
	whole := r.dst.grid.CellShape(coords)
	n, ok := nd.Size(whole)
	if !ok || n > maxHeld/p.item() {
		return fmt.Errorf("%w: a chunk of shape %v does not fit into memory", ErrInvalid, whole)
	}
	v := nd.NewView(make([]byte, n*p.item()), whole, p.item())
	nd.Fill(v, dst.chain.Fill())
	if err := p.readSerial(ctx, box, v.Sub(nd.Full(box.Shape))); err != nil {
		return err
	}
	return dst.encoded(key, v, func(object []byte) error { return r.hold(key, object) })
}

// located yields where the stored objects lie, with whole addresses.
func (d *Dataset) located(ctx context.Context) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		address, err := all.AddressesOf(d.c.url)
		if err != nil {
			yield(store.Location{}, err)
			return
		}
		for at, err := range store.Locate(ctx, d.c.store, d.prefix) {
			if errors.Is(err, errors.ErrUnsupported) {
				d.under(ctx, address, yield)
				return
			}
			if at.Source != "" {
				at.Source = address.Source(at.Source)
			}
			if at.Of != "" {
				at.Of = address.Source(at.Of)
			}
			if !yield(at, err) || err != nil {
				return
			}
		}
	}
}

// under yields the stored objects, which lie under their own keys.
func (d *Dataset) under(ctx context.Context, address all.Addresses, yield func(store.Location, error) bool) {
	for f, err := range d.list(ctx) {
		at := store.Location{Key: f.Key, Size: f.Size, Whole: f.Size, Version: f.Version, ModTime: f.ModTime}
		if err == nil && f.Size > 0 {
			at.Source = address.Object(f.Key)
		}
		if !yield(at, err) || err != nil {
			return
		}
	}
}

// referencesName returns a new name for references.
func referencesName() string { return zarr.ReferencesName(strings.ToLower(rand.Text())) }
