package filestore

import (
	"context"
	"slices"
	"sync"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// openRange opens an object and says where o's range of it lies.
func (s *Store) openRange(ctx context.Context, key string, o store.GetOptions) (f file, a attr, off, n int64, err error) {
	if err = ready(ctx, key); err != nil {
		return
	}
	if err = o.Check(); err != nil {
		return
	}
	if f, a, err = s.open(key); err != nil {
		return
	}
	off, n, err = o.Range.In(a.size)
	if o.Cond != (store.Cond{}) || o.Max > 0 {
		off, n, err = o.In(a.size, a.version())
	}
	if err != nil {
		f.close()
	}
	return
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	f, a, off, n, err := s.openRange(ctx, key, o)
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	defer f.close()
	have := len(dst)
	out := dst
	if int64(cap(dst)-have) < n {
		out = append(make([]byte, 0, int64(have)+n), dst...)
	}
	out = out[:int64(have)+n]
	for piece := range slices.Chunk(out[have:], step) {
		err := ctx.Err()
		if err == nil {
			err = f.readAt(piece, off)
		}
		if err != nil {
			return dst, store.Info{}, s.fail("get", key, err)
		}
		off += int64(len(piece))
	}
	return out, a.info(key), nil
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	err := ready(ctx, key)
	var a attr
	if err == nil {
		err = s.inRoot(func(root dir) error {
			var err error
			a, err = root.stat(key)
			return s.absent(root, key, err)
		})
	}
	if err == nil && a.kind != regular {
		err = notRegular(a)
	}
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	return a.info(key), nil
}

// GetRanges implements store.RangeGetter. Spans that follow each other closely
// are read in one call, straight to where they belong.
func (s *Store) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	f, a, _, _, err := s.openRange(ctx, key, store.GetOptions{Cond: c})
	if err != nil {
		return store.Info{}, s.fail("get ranges of", key, err)
	}
	defer f.close()
	g := gathers.Get().(*gather)
	defer g.free()
	if err := g.read(ctx, f, a.size, spans); err != nil {
		return store.Info{}, s.fail("get ranges of", key, err)
	}
	return a.info(key), nil
}

// maxGap is how many bytes between two spans are read and thrown away rather
// than asking the kernel once more.
const maxGap = 4096

// small is how many bytes a piece must have on the average to be worth the
// kernel's care; smaller ones are copied from a buffer that was read at once.
const small = 8192

// gather collects spans to be read in one call.
type gather struct {
	pieces     [][]byte
	begin, end int64 // where they begin and end in the file
	gap        [maxGap]byte
	scratch    []byte
}

var gathers = sync.Pool{New: func() any { return new(gather) }}

// free keeps g for the next caller, without this one's memory.
func (g *gather) free() {
	clear(g.pieces)
	g.pieces = g.pieces[:0]
	gathers.Put(g)
}

func (g *gather) read(ctx context.Context, f file, size int64, spans []nd.Span) error {
	for _, span := range spans {
		off, err := store.SpanIn(span, size)
		if err != nil {
			return err
		}
		n := int64(len(span.Dst))
		if n == 0 {
			continue
		}
		skip := off - g.end
		if len(g.pieces) > 0 && (skip < 0 || skip > maxGap || len(g.pieces)+2 > iovMost || off+n-g.begin > step) {
			if err := g.flush(ctx, f); err != nil {
				return err
			}
		}
		if len(g.pieces) == 0 {
			g.begin = off
		} else if skip > 0 {
			g.pieces = append(g.pieces, g.gap[:skip])
		}
		g.pieces = append(g.pieces, span.Dst)
		g.end = off + n
	}
	return g.flush(ctx, f)
}

func (g *gather) flush(ctx context.Context, f file) error {
	if len(g.pieces) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	if len(g.pieces) > 1 && (g.end-g.begin)/int64(len(g.pieces)) < small {
		err = g.readSmall(f)
	} else {
		err = f.readVector(g.pieces, g.begin)
	}
	clear(g.pieces)
	g.pieces = g.pieces[:0]
	return err
}

func (g *gather) readSmall(f file) error {
	if g.scratch == nil {
		g.scratch = make([]byte, 256<<10)
	}
	off := g.begin
	for i := 0; i < len(g.pieces); {
		n, last := 0, i
		for last < len(g.pieces) && n+len(g.pieces[last]) <= len(g.scratch) {
			n += len(g.pieces[last])
			last++
		}
		if last == i { // larger than scratch
			if err := f.readAt(g.pieces[i], off); err != nil {
				return err
			}
			off += int64(len(g.pieces[i]))
			i++
			continue
		}
		if err := f.readAt(g.scratch[:n], off); err != nil {
			return err
		}
		off += int64(n)
		for rest := g.scratch[:n]; i < last; i++ {
			p := g.pieces[i]
			if &p[0] != &g.gap[0] {
				copy(p, rest)
			}
			rest = rest[len(p):]
		}
	}
	return nil
}
