package all

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/refstore"
)

// ReferencesTo says what references are to be written.
type ReferencesTo struct {
	Store  store.Store
	Prefix string // of the keys, which the references are without
	Base   string // address of the store for those who read the references
	Moved  bool   // that is another than the one that is read here, with versions of its own
	bare   bool   // addresses in buckets have no options

	// Omit tells which objects are left out.
	Omit func(key string) bool

	// Inline tells which objects are in the references themselves; all of them fit
	// into memory. Edit, if not nil, changes these, and leaves out those of which it makes nil. Last, if not
	// nil, is called when all of them are there.
	Inline func(key string) bool
	Edit   func(key string, data []byte) ([]byte, error)
	Last   func(b *ManifestBuilder) error

	// Expand, if not nil, returns the store, which locates them, and the prefix of the objects
	// that an object of the store stands for, if it does.
	Expand func(ctx context.Context, key string) (in store.Store, prefix string, err error)
}

// WriteReferences writes references to the objects of a store in the form of
// kerchunk, which many programs read: to an address that ends in .json, or in .parq
// or .parquet for a folder of Parquet files; or, to one that ends in .refs, in the
// form of package refstore, which says what the objects were, so that changed ones
// are errors. What was there is replaced. It returns how many objects are referred
// to, and how many are inline.
//
// Options of an s3:// address, the server's own among them, are left out of references in kerchunk's
// form unless Moved: other programs have them from elsewhere, and ours from the environment.
//
// The references are to whole objects, and hold as long as these have their
// addresses.
func WriteReferences(ctx context.Context, address string, o ReferencesTo) (referred, inline int, err error) {
	u, err := store.ParseURL(address)
	if err != nil {
		return 0, 0, err
	}
	folder, key, ok := splitLast(u)
	if !ok || isReferences(key) == "" || u.Node != "" {
		return 0, 0, fmt.Errorf("%w: %s does not end in .json, .refs, .parq or .parquet, as references do", store.ErrInvalid, address)
	}
	ours := strings.EqualFold(filepath.Ext(key), ".refs")
	if o.bare = !o.Moved && !ours; o.bare {
		o.Base = bare(o.Base)
	}
	at, err := AddressesOf(o.Base)
	if err != nil {
		return 0, 0, err
	}
	m, err := o.manifest(ctx, at)
	if err != nil {
		return 0, 0, err
	}
	inline = m.Inline()
	to, err := Open(ctx, folder.Root, store.OpenOptions{})
	if err != nil {
		return 0, 0, err
	}
	defer to.Close()
	if isReferences(key) != key {
		err = refstore.WriteParquet(ctx, to, key+"/", m, 0)
		return m.Len() - inline, inline, err
	}
	var data []byte
	if ours {
		data, err = m.Marshal()
	} else {
		var b bytes.Buffer
		err = refstore.WriteJSON(&b, m)
		data = b.Bytes()
	}
	if err == nil {
		_, err = to.Put(ctx, key, [][]byte{data}, store.Cond{})
	}
	return m.Len() - inline, inline, err
}

// bare returns an address in a bucket without options.
func bare(address string) string {
	if strings.HasPrefix(address, "s3://") {
		address, _, _ = strings.Cut(address, "?")
	}
	return address
}

// mostInline bounds what references hold themselves.
const mostInline = 256 << 20

// manifest finds the objects.
func (o ReferencesTo) manifest(ctx context.Context, at Addresses) (*refstore.Manifest, error) {
	var b refstore.Builder
	bytes := 0 // inline
	for l, err := range o.located(ctx, at, o.Store, o.Prefix) {
		if err != nil {
			return nil, err
		}
		key := l.Key[len(o.Prefix):]
		if o.Omit != nil && o.Omit(l.Key) {
			continue
		}
		if l.Size != 0 && l.Source != "" && !o.Inline(key) {
			if o.Moved {
				l.Version, l.ModTime = "", time.Time{}
			}
			if o.bare {
				l.Source = bare(l.Source)
			}
			s := refstore.Source{URL: l.Source, Size: l.Whole, Version: l.Version, ModTime: l.ModTime}
			if err := b.AddRange(key, b.AddSource(s), l.Range.Off, l.Range.Len); err != nil {
				return nil, err
			}
			continue
		}
		data, _, err := l.in.Get(ctx, l.Key, store.GetOptions{}, nil)
		if err == nil && o.Edit != nil {
			data, err = o.Edit(key, data)
		}
		if err == nil && data == nil {
			continue
		}
		if bytes += len(data); bytes > mostInline {
			err = fmt.Errorf("%w: more than %d MiB of %s would be in the references themselves, because they lie nowhere in the form in which they are read; copy it", store.ErrTooLarge, mostInline>>20, o.Base)
		}
		if err == nil {
			err = b.AddInline(key, data)
		}
		if err != nil {
			return nil, err
		}
	}
	if o.Last != nil {
		if err := o.Last(&b); err != nil {
			return nil, err
		}
	}
	return b.Manifest(), nil
}

// placed is an object of a store, and where that has it.
type placed struct {
	store.Location
	in store.Store
}

// located yields where the objects are.
func (o ReferencesTo) located(ctx context.Context, at Addresses, in store.Store, prefix string) iter.Seq2[placed, error] {
	return func(yield func(placed, error) bool) {
		for l, err := range store.Locate(ctx, in, prefix) {
			if errors.Is(err, errors.ErrUnsupported) {
				o.listed(ctx, at, yield)
				return
			}
			if l.Source != "" {
				l.Source = at.Source(l.Source)
			}
			if !yield(placed{l, in}, err) || err != nil {
				return
			}
		}
	}
}

// listed yields the objects that the store lists, and those that some of them stand for.
func (o ReferencesTo) listed(ctx context.Context, at Addresses, yield func(placed, error) bool) {
	for info, err := range o.Store.List(ctx, store.ListOptions{Prefix: o.Prefix}) {
		l := store.Location{Key: info.Key, Size: info.Size, Source: at.Object(info.Key), Whole: info.Size, Version: info.Version, ModTime: info.ModTime}
		if !yield(placed{l, o.Store}, err) || err != nil {
			return
		}
		if o.Expand == nil {
			continue
		}
		in, prefix, err := o.Expand(ctx, info.Key)
		if err != nil {
			yield(placed{}, err)
			return
		}
		if in == nil {
			continue
		}
		for l, err := range o.located(ctx, at, in, prefix) {
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}
