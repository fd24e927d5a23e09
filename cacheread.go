package dosna

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/nd"
)

// formOf tells apart what makes the same stored bytes other elements.
func formOf(codecs []codec.Spec, t dtype.Type, shape []int, fill []byte) string {
	form := fmt.Sprintf("%s %v %x", t, shape, fill)
	for _, s := range codecs {
		form += " " + s.Name + string(s.Config)
	}
	return form
}

// cacheReader is how a reading uses the cache.
type cacheReader struct {
	*Cache
	d     *Dataset // see at
	grain []int    // the shape of what is decoded at once
	count []int    // of these in an object, along each axis
	steps []int    // strides in one
	item  int      // bytes of an element
	size  int      // bytes of one
	keep  bool     // what is decoded
}

// cacheReader returns nil if there is no cache, or none that could hold a chunk. Single
// fields, and elements of any length, are not kept.
func (d *Dataset) cacheReader() *cacheReader {
	c := d.c.o.Cache
	if c == nil || d.field != nil || d.doc.Type.Variable() {
		return nil
	}
	r := &cacheReader{Cache: c, d: d, grain: d.chain.Grain()}
	n, ok := nd.Size(r.grain)
	r.item = d.item()
	if r.size = n * r.item; !ok || n > maxHeld/r.item || int64(r.size) > c.limit {
		return nil
	}
	r.steps = nd.NewView(nil, r.grain, r.item).Strides
	for i, g := range r.grain {
		r.count = append(r.count, d.stored()[i]/g)
	}
	return r
}

// admit says how many pieces there are to be read.
func (r *cacheReader) admit(pieces int) { r.keep = int64(pieces) <= r.limit/int64(r.size+overhead) }

func (r *cacheReader) id(o *object) objectID { return objectID{r.d.c.place, o.key} }

// look finds out which state an object is in.
func (r *cacheReader) look(ctx context.Context, o *object) (objectState, error) {
	wait := slots.Leave(ctx)
	o.asking.Lock()
	wait.Return()
	defer o.asking.Unlock()
	o.mu.Lock()
	known := o.known
	s := objectState{r.d.form, o.version, o.absent}
	o.mu.Unlock()
	if known {
		return s, nil
	}
	if s, ok := r.believed(r.id(o), r.d.form); ok {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.known, o.believed, o.version, o.absent = true, true, s.version, s.absent
		return s, nil
	}
	asked, generation := time.Now(), r.asking(r.id(o))
	info, err := r.d.c.store.Stat(ctx, o.key)
	if err = o.saw(info.Version, err); err != nil && !errors.Is(err, ErrNotExist) {
		return s, err
	}
	s.version, s.absent = info.Version, err != nil
	if s.version != "" || s.absent {
		r.answered(r.id(o), s, asked, generation)
	}
	return s, nil
}

// read reads a piece of one grain of an object. It is false where the cache is of
// no use.
func (r *cacheReader) read(ctx context.Context, o *object, p nd.Piece, box nd.Box, canon nd.View) (ok bool, err error) {
	s, err := r.look(ctx, o)
	switch {
	case err != nil:
		return true, err
	case s.absent:
		p.Gather(canon, r.d.fillView(box.Shape))
		return true, nil
	case s.version == "":
		return false, nil
	}
	number := 0
	part := nd.View{Shape: box.Shape, Strides: r.steps, Item: canon.Item}
	for i, n := range r.grain {
		number = number*r.count[i] + box.Start[i]/n
		part.Off += box.Start[i] % n * r.steps[i]
	}
	e, err := r.get(ctx, r.id(o), s, number, r.size, r.keep, func(dst []byte) error { return r.decode(ctx, o, box, dst) })
	if e != nil {
		r.d.c.o.Profile.cacheUsed()
	}
	if e == nil || err != nil {
		return err != nil, r.d.fault(o.key, err)
	}
	defer r.release(e)
	part.Data = *e.data
	if direct, ok := p.Direct(canon); ok {
		nd.Copy(direct, part)
	} else {
		p.Gather(canon, part)
	}
	return true, nil
}

// decode decodes the chunk that a box lies in.
func (r *cacheReader) decode(ctx context.Context, o *object, box nd.Box, dst []byte) error {
	r.d.c.o.Profile.cacheMissed()
	work := r.d.c.o.Profile.begin()
	defer work.decoded()
	src, err := o.source(ctx)
	if err != nil {
		return err
	}
	start := slices.Clone(box.Start)
	for i, n := range r.grain {
		start[i] -= start[i] % n
	}
	return r.d.chain.Read(ctx, src, nd.Box{Start: start, Shape: r.grain}, nd.View{Data: dst, Shape: r.grain, Strides: r.steps, Item: r.item})
}

// prepare is codec.Chain.Prepare of an object that is read often.
func (d *Dataset) prepare(ctx context.Context, o *object) (codec.Source, error) {
	c, bytes := d.c.o.Cache, d.chain.IndexBytes()
	v, absent, _ := o.is()
	if c == nil || bytes == 0 || absent || v == "" {
		return d.chain.Prepare(ctx, o)
	}
	id, s := objectID{d.c.place, o.key}, objectState{form: d.form, version: v}
	if index := c.indexOf(id, s); index != nil {
		return codec.Rebind(index, o), nil
	}
	src, err := d.chain.Prepare(ctx, o)
	if err == nil {
		c.keepIndex(id, s, codec.Rebind(src, nil), bytes)
	}
	return src, err
}

// forget is called when this process has changed an object.
func (c *Connection) forget(key string) {
	if c.o.Cache != nil {
		c.o.Cache.drop(objectID{c.place, key})
	}
}

// forgetAll is called when this process has changed objects below a prefix.
func (c *Connection) forgetAll(prefix string) {
	if c.o.Cache != nil {
		c.o.Cache.dropIf(func(id objectID) bool { return id.place == c.place && strings.HasPrefix(id.key, prefix) })
	}
}
