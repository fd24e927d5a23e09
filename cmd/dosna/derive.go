package main

import (
	"context"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
)

// derivation is a dataset made of another one.
type derivation struct {
	did, doing string
	layout     *dosna.CopyOptions
	dtype      dtype.Type // zero: that of the source
	overwrite  bool
	fill       func(ctx context.Context, out, from *dosna.Dataset) error
}

// derive makes a dataset of another one, and says so.
func (a *app) derive(ctx context.Context, from, to string, v derivation) error {
	if _, dst, err := addresses(from, to); err != nil {
		return err
	} else if err := namesNode(dst.String()); err != nil {
		return err
	}
	start := time.Now()
	return a.between(ctx, from, to, func(src, dst place) error {
		d, err := src.dataset(ctx)
		if err != nil {
			return err
		}
		opts, finish := a.progress(v.doing, src.Options())
		out, err := produce(ctx, dst, v.overwrite, func(path string) (*dosna.Dataset, error) {
			defer finish()
			return v.make(ctx, place{dst.Connection, path}, d.With(opts))
		})
		if err != nil {
			return err
		}
		return a.confirmStored(ctx, v.did+" into", dst, out, start)
	})
}

// make makes the new dataset.
func (v derivation) make(ctx context.Context, to place, d *dosna.Dataset) (*dosna.Dataset, error) {
	spec, err := v.spec(d)
	if err != nil {
		return nil, err
	}
	return to.BuildDataset(ctx, to.path, spec, func(ctx context.Context, out *dosna.Dataset) error { return v.fill(ctx, out, d) })
}

// spec is the layout of the new dataset: that of the source, but for what the
// options change. Codecs and fill value are for one type of elements, so that
// those of another begin anew.
func (v derivation) spec(d *dosna.Dataset) (dosna.DatasetSpec, error) {
	c := v.layout
	if c == nil {
		c = &dosna.CopyOptions{}
	}
	spec, err := c.Spec(d)
	if err != nil || v.dtype == (dtype.Type{}) || v.dtype == d.Type() {
		return spec, err
	}
	spec.Type, spec.Fill, spec.Codecs = v.dtype, nil, nil
	spec.Codec, spec.Checksum = c.Codec, c.Checksum
	if c.Chunks == nil && c.Access == "" {
		spec.Chunks, spec.Shards = d.Chunks(), d.Shards()
		if c.Shards != nil {
			spec.Shards = c.Shards
		}
	}
	if c.Checksum == "" && !d.Checked() {
		spec.Checksum = "none"
	}
	return spec, nil
}
