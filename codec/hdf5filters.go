package codec

import (
	hdf5 "github.com/dosna/dosna/hdf5/filter"
)

// hdf5Filters is the codec "dosna.hdf5_filters": the chunks of an HDF5 file, as they lie there.
// What is encoded goes through no filter, and says so.
type hdf5Filters struct {
	p    *hdf5.Pipeline
	size int
}

// bindHDF5Filters binds the codec "dosna.hdf5_filters" (docs/format.md, "HDF5 files").
func bindHDF5Filters(s Spec, in bytesInput) (bytesCodec, error) {
	var filters []struct {
		ID     int      `json:"id"`
		Name   string   `json:"name"`
		Values []uint32 `json:"values"`
	}
	if err := s.config(required("filters", &filters)); err != nil {
		return nil, err
	}
	if in.exact < 0 {
		return nil, s.errorf("it stands directly behind the codec bytes, of elements of one size")
	}
	if len(filters) > maxHDF5Filters {
		return nil, s.errorf("%d filters: at most %d are supported", len(filters), maxHDF5Filters)
	}
	var specs []hdf5.Spec
	for _, f := range filters {
		specs = append(specs, hdf5.Spec{ID: f.ID, Name: f.Name, Values: f.Values})
	}
	return &hdf5Filters{hdf5.Bind(specs), in.exact}, nil
}

// maxHDF5Filters is H5Z_MAX_NFILTERS.
const maxHDF5Filters = 32

// Bound implements bytesCodec: several filters may each add some bytes.
func (*hdf5Filters) Bound(n int) int { return n + n/4 + 64<<10 }

func (*hdf5Filters) Encode(dst, src []byte) ([]byte, error) {
	return append(hdf5.AppendMask(dst, hdf5.Unfiltered), src...), nil
}

func (h *hdf5Filters) Decode(dst, src []byte, limit int) ([]byte, error) {
	if h.size > limit {
		return dst, corrupt("it decodes to %d bytes, and at most %d are expected", h.size, limit)
	}
	at := len(dst)
	out := append(dst, make([]byte, h.size)...)
	if err := h.DecodeInto(out[at:], src); err != nil {
		return dst, err
	}
	return out, nil
}

func (h *hdf5Filters) DecodeInto(dst, src []byte) error {
	got, err := h.p.DecodeObject(dst[:0:len(dst)], src, len(dst))
	if err != nil {
		return asCorrupt(err)
	}
	if len(dst) > 0 && &got[0] != &dst[0] {
		copy(dst, got)
	}
	return nil
}
