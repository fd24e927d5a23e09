package zipstore

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/store"
)

// entry is one object in the archive.
type entry struct {
	name         string
	header       int64 // where its local header is
	packed, size int64
	crc          uint32
	method       uint16
	encrypted    bool
	seconds      int64 // when it was changed; 0: not known
	data         int64 // where its bytes begin; 0: not yet known; by package atomic
}

func (e *entry) modified() time.Time {
	if e.seconds == 0 {
		return time.Time{}
	}
	return time.Unix(e.seconds, 0)
}

// load reads the archive's directory.
func (s *Store) load(ctx context.Context) ([]entry, error) {
	w := &window{ctx: ctx, s: s}
	r, err := zip.NewReader(w, s.archive.Size)
	switch {
	case w.err != nil:
		return nil, w.err
	case err != nil && !errors.Is(err, zip.ErrInsecurePath): // names are looked at below
		return nil, fmt.Errorf("%w: no ZIP archive: %w", store.ErrCorrupt, err)
	}
	w.dry = true
	entries := make([]entry, 0, len(r.File))
	for i, f := range r.File {
		if i%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if fault := danger(f.Name); fault != "" {
			return nil, fmt.Errorf("%w: an entry of the archive is called %.200q, %s", store.ErrInvalid, f.Name, fault)
		}
		if strings.HasSuffix(f.Name, "/") || store.CheckKey(f.Name) != nil {
			continue
		}
		at, err := f.DataOffset()
		if err != nil {
			return nil, err
		}
		e := entry{
			name: strings.Clone(f.Name), header: at - headerLen, packed: int64(f.CompressedSize64), size: int64(f.UncompressedSize64),
			crc: f.CRC32, method: f.Method, encrypted: f.Flags&1 != 0,
		}
		if !f.Modified.IsZero() {
			e.seconds = f.Modified.Unix()
		}
		if e.packed < 0 || e.size < 0 || e.header < 0 || e.header > s.archive.Size-headerLen || e.packed > s.archive.Size-headerLen-e.header {
			return nil, fmt.Errorf("%w: the entry %q does not lie within the archive", store.ErrCorrupt, e.name)
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	last := entries[:0]
	for i := range entries {
		if i+1 == len(entries) || entries[i].name != entries[i+1].name {
			last = append(last, entries[i])
		}
	}
	clear(entries[len(last):])
	return last, nil
}

// danger says what is wrong with a name that could lead out of the archive.
func danger(name string) string {
	switch {
	case strings.HasPrefix(name, "/"):
		return "which is absolute"
	case strings.Contains(name, `\`):
		return "with a backslash"
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == ".." {
			return "which leads out of it"
		}
	}
	return ""
}

// headerLen is the length of a local header up to the name in it.
const headerLen = 30

// locate returns where the bytes of an entry begin. Its local header must be of
// that entry.
func (s *Store) locate(ctx context.Context, e *entry) (int64, error) {
	if at := atomic.LoadInt64(&e.data); at > 0 {
		return at, nil
	}
	h := make([]byte, headerLen+len(e.name))
	if err := s.read(ctx, e.header, h); err != nil {
		return 0, err
	}
	if string(h[:4]) != "PK\x03\x04" || int(binary.LittleEndian.Uint16(h[26:])) != len(e.name) || string(h[headerLen:]) != e.name {
		return 0, fmt.Errorf("%w: there is no entry of this name where the archive's directory says", store.ErrCorrupt)
	}
	at := e.header + int64(len(h)) + int64(binary.LittleEndian.Uint16(h[28:]))
	if e.packed > s.archive.Size-at {
		return 0, fmt.Errorf("%w: the entry does not lie within the archive", store.ErrCorrupt)
	}
	atomic.StoreInt64(&e.data, at)
	return at, nil
}

// read fills p, which is not empty, from the archive.
func (s *Store) read(ctx context.Context, off int64, p []byte) error {
	o := store.GetOptions{Range: store.Range{Off: off, Len: int64(len(p))}, Cond: store.Cond{IfMatch: s.archive.Version}}
	got, info, err := s.below.Get(ctx, s.key, o, p[:0])
	if err != nil {
		return s.lost(err)
	}
	if err := s.same(info); err != nil {
		return err
	}
	if len(got) != len(p) {
		return errChanged
	}
	if &got[0] != &p[0] {
		copy(p, got)
	}
	return nil
}

// window reads the archive for its directory, in large pieces, as it may be far
// away.
type window struct {
	ctx  context.Context
	s    *Store
	off  int64
	data []byte
	err  error // of the store below

	// dry answers with an empty local header, and reads nothing: package zip
	// tells where an entry's bytes are, and not where its header is, unless that
	// is known to be of the least length.
	dry bool
}

const windowLen = 1 << 20

func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if w.dry {
		clear(p)
		return copy(p, "PK\x03\x04") + max(len(p)-4, 0), nil
	}
	size := w.s.archive.Size
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), size-off)
	if off < w.off || off+n > w.off+int64(len(w.data)) {
		length := min(max(n, windowLen), size)
		begin := min(off, size-length)
		data := make([]byte, length)
		if err := w.s.read(w.ctx, begin, data); err != nil {
			w.err = err
			return 0, err
		}
		w.off, w.data = begin, data
	}
	if copy(p, w.data[off-w.off:][:n]); n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}
