package filter

import (
	"errors"
	"fmt"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/blosc"
	"github.com/dosna/dosna/internal/compress/bzip2"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// Spec is a step of a pipeline, as a file states it.
type Spec struct {
	ID       int
	Name     string // what the writer called it; often ""
	Optional bool   // what it could not shrink is stored without it, as masks say
	Values   []uint32
}

// The numbers of the filters.
const (
	Deflate     = 1
	Shuffle     = 2
	Fletcher32  = 3
	Szip        = 4
	Nbit        = 5
	ScaleOffset = 6
	Bzip2       = 307
	LZF         = 32000
	Blosc       = 32001
	LZ4         = 32004
	Bitshuffle  = 32008
	Zstd        = 32015
	Blosc2      = 32026
)

// ErrUnknown means that a pipeline has a filter that this package does not know.
var ErrUnknown = errors.New("an HDF5 filter that is not known")

// decoder appends what src decodes to, at most limit bytes, to dst.
type decoder func(dst, src []byte, limit int) ([]byte, error)

// kind is a filter that is known. Bind looks at its values.
type kind struct {
	name string
	bind func(values []uint32) (decoder, error)
}

func always(d decoder) func([]uint32) (decoder, error) {
	return func([]uint32) (decoder, error) { return d, nil }
}

var kinds = map[int]kind{
	Deflate:     {"deflate", always(deflate.Zlib.Decode)},
	Shuffle:     {"shuffle", bindShuffle},
	Fletcher32:  {"fletcher32", always(fletcher32)},
	Szip:        {"szip", bindSzip},
	Nbit:        {"nbit", bindNbit},
	ScaleOffset: {"scaleoffset", bindScaleOffset},
	Bzip2:       {"bzip2", always(bzip2.Decode)},
	LZF:         {"lzf", always(lzf)},
	Blosc:       {"blosc", always(blosc.Decode)},
	LZ4:         {"lz4", always(lz4Blocks)},
	Bitshuffle:  {"bitshuffle", bindBitshuffle},
	Zstd:        {"zstd", always(zstd.Decode)},
	Blosc2:      {"blosc2", always(blosc2)},
}

// registered are the names of filters of the registry that are not known here.
var registered = map[int]string{
	305: "LZO", 32002: "MAFISC", 32003: "Snappy", 32005: "APAX", 32006: "CBF", 32007: "JPEG-XR", 32009: "SPDP", 32010: "LPC-Rice",
	32011: "CCSDS-123", 32012: "JPEG-LS", 32013: "ZFP", 32014: "FPZIP", 32016: "B3D", 32017: "SZ", 32018: "FCIDECOMP", 32019: "JPEG",
	32020: "VBZ", 32021: "FAPEC", 32022: "BitGroom", 32023: "Granular BitRound", 32024: "SZ3", 32025: "Delta-Rice", 32027: "FLAC",
	32028: "SPERR", 32029: "TERSE/PROLIX", 32030: "FFMPEG",
}

// String is the name of the filter and its number.
func (s Spec) String() string {
	name := kinds[s.ID].name
	if name == "" {
		name = registered[s.ID]
	}
	if name == "" {
		name = s.Name
	}
	if name == "" {
		return fmt.Sprintf("number %d", s.ID)
	}
	return fmt.Sprintf("%.60q (number %d)", name, s.ID)
}

// Pipeline is a list of filters, checked. It is safe for concurrent use.
type Pipeline struct {
	specs []Spec
	steps []decoder // nil: not known
	fault []error   // why
}

// Bind makes a pipeline of filters in the order in which they were applied. One that is not known, or
// has values that make no sense, is an error when something went through it: chunks may have been left
// out, and it may be wanted only to see what there is.
func Bind(specs []Spec) *Pipeline {
	p := &Pipeline{specs: specs}
	for _, s := range specs {
		k, ok := kinds[s.ID]
		var d decoder
		err := fmt.Errorf("%w: %v; programs that have it, such as h5py with hdf5plugin, can write the data with another", ErrUnknown, s)
		if ok {
			if d, err = k.bind(s.Values); err != nil {
				err = fmt.Errorf("the HDF5 filter %v with the values %v: %w", s, clip(s.Values), err)
			}
		}
		p.steps, p.fault = append(p.steps, d), append(p.fault, err)
	}
	return p
}

func clip(values []uint32) []uint32 { return values[:min(len(values), 32)] }

// Check says whether all filters are known.
func (p *Pipeline) Check() error { return errors.Join(p.fault...) }

// Decode returns the size bytes that src was made of; those filters were left out whose bits are set in mask.
// The result may be src itself. Otherwise it is in dst, if that has room enough.
func (p *Pipeline) Decode(dst, src []byte, mask uint32, size int) ([]byte, error) {
	// Between two filters there may be some more: checksums, and what compressors add to what they cannot shrink.
	limit := size + size/8 + 4096
	data := src
	for i := len(p.steps) - 1; i >= 0; i-- {
		if i < 32 && mask&(1<<i) != 0 {
			continue
		}
		if p.fault[i] != nil {
			return nil, p.fault[i]
		}
		into := []byte(nil)
		if i == 0 {
			into, limit = dst[:0], size
		}
		out, err := p.steps[i](into, data, limit)
		if err != nil {
			return nil, fmt.Errorf("the HDF5 filter %v: %w", p.specs[i], err)
		}
		data = out
	}
	if len(data) != size {
		return nil, corrupt("pipeline", "%d bytes come out of the filters, where %d are expected", len(data), size)
	}
	return data, nil
}

func corrupt(filter, reason string, args ...any) error {
	return compress.Corrupt("HDF5 filter "+filter, reason, args...)
}

// room returns dst with n more bytes, which are not cleared; a sentinel error if that is more than limit.
func room(filter string, dst []byte, n, limit int) (out, part []byte, err error) {
	if n < 0 || n > limit {
		return dst, nil, compress.TooLarge("HDF5 filter "+filter, limit)
	}
	at := len(dst)
	if cap(dst)-at < n {
		dst = append(make([]byte, 0, at+n), dst...)
	}
	out = dst[:at+n]
	return out, out[at:], nil
}
