package dosna

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/store/all"
	"github.com/dosna/dosna/zarr"
)

// forOthers makes documents of Zarr v3 ready for programs that read references: these have no listing, and find what
// there is by copies of the documents in that of the first group.
type forOthers struct {
	first  *zarr.Group // which there is with its path "", but for a dataset
	copies *zarr.Consolidated
	n      int
	left   []string // paths of arrays of which other programs would not open the groups
}

// edit changes an object that is in the references themselves; nil if it comes last.
func (f *forOthers) edit(key string, data []byte) ([]byte, error) {
	data, err := withoutReferences(key, data)
	if err != nil || lastName(key) != zarr.Key {
		return data, err
	}
	doc, err := zarr.Parse(data)
	if err != nil {
		return data, nil // it is as it is
	}
	if bytes.Contains(data, []byte(`"hdf5"`)) || bytes.Contains(data, []byte(`"netcdf"`)) {
		withoutOrigin(doc.Head())
	}
	if g, ok := doc.(*zarr.Group); ok && key == zarr.Key {
		f.first = g
		return nil, nil
	}
	if a, ok := doc.(*zarr.Array); ok && (slices.ContainsFunc(a.Codecs, isOurs) || a.Edges != nil) && key != zarr.Key {
		f.left = append(f.left, key[:len(key)-len("/"+zarr.Key)])
		return nil, nil
	}
	if data, err = doc.Marshal(); err == nil && !doc.Head().Deleting && key != zarr.Key {
		f.n++
		err = f.copies.Set(key[:len(key)-len("/"+zarr.Key)], doc)
	}
	return data, err
}

// isOurs tells whether no other program has a codec.
func isOurs(s codec.Spec) bool { return strings.HasPrefix(s.Name, "dosna.") }

// last puts in the document of the first group, and takes out the chunks of arrays that are left out.
func (f *forOthers) last(b *all.ManifestBuilder) error {
	for _, path := range f.left {
		b.Remove(path)
	}
	if f.first == nil {
		return nil
	}
	f.first.Unconsolidate()
	if f.n > 0 {
		if err := f.first.Consolidate(f.copies); err != nil {
			return err
		}
	}
	data, err := f.first.Marshal()
	if err != nil {
		return err
	}
	return b.AddInline(zarr.Key, data)
}

// withoutOrigin leaves out what HDF5 or netCDF has and Zarr has not. Only we make sense of it, and other programs cannot
// write it into files of theirs.
func withoutOrigin(h *zarr.Header) {
	ours, ok := h.Attrs["dosna"].(map[string]any)
	if !ok || ours["hdf5"] == nil && ours["netcdf"] == nil {
		return
	}
	ours, h.Attrs = maps.Clone(ours), maps.Clone(h.Attrs)
	delete(ours, "hdf5")
	if delete(ours, "netcdf"); len(ours) > 0 {
		h.Attrs["dosna"] = ours
	} else {
		delete(h.Attrs, "dosna")
	}
}
