package dosna

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/zarr"
)

// DatasetSpec says what dataset to create. Shape and Type are needed; the zero
// value of everything else is a good choice.
type DatasetSpec struct {
	Shape []int
	Type  dtype.Type
	// Order is the byte order of stored elements.
	Order dtype.Order
	// Chunks is the shape of chunks, which may exceed the array's; nil: guessed
	// from Access.
	Chunks []int
	// Shards, if not nil, gathers chunks in larger stored objects of this
	// shape, a multiple of Chunks in every axis.
	Shards []int
	// Edges, if not nil, makes a rectilinear grid: for each axis the lengths of stored
	// objects (of shards where there are Shards, else of chunks) one after the other,
	// or nil where all have the length in Shards or Chunks, which is 0 or the longest
	// where there is a list. A list reaches the end of its axis, or beyond.
	Edges [][]int
	// Access is how the data will be read, for the guess: "boxes" (the
	// default), "planes:AXIS" (whole planes across an axis), "lines:AXIS"
	// (whole lines along it).
	Access string
	// Fill is the value of elements never written; nil is zero. Any Go
	// number, a text as dtype.Type.ParseScalar reads it, or a []byte with the
	// element's bytes in the machine's order. Of texts it is the text itself.
	Fill any
	// Codec compresses chunks: "zstd:3" (the default), "gzip:6",
	// "blosc:lz4:5:shuffle", "delta+shuffle+zlib:6", "none": see codec.ParseSpecs.
	Codec string
	// Checksum of every chunk: "crc32c" (the default) or "none".
	Checksum string
	// Codecs, if not nil, is the whole list instead, as in Zarr metadata, of
	// chunks (of inner chunks where there are Shards).
	Codecs []codec.Spec
	// Keys names stored objects: "default" ("c/0/1"), the default, or "v2" ("0.1"),
	// that of Zarr v2; with the other separator "default." and "v2/".
	Keys string
	// Format is that of Zarr, 2 or 3; 0 is that of the group in which the dataset is
	// created. Zarr v2 has no shards, and no checksum.
	Format int
	// DimensionNames, if not nil, has one name for each axis; "" for none.
	DimensionNames []string
	Attrs          Attributes
}

// document checks the spec and turns it into metadata.
func (s DatasetSpec) document() (*zarr.Array, error) {
	if s.Type == (dtype.Type{}) {
		return nil, fmt.Errorf("%w: the data type is missing", ErrInvalid)
	}
	s, err := s.spread()
	if err != nil {
		return nil, err
	}
	a := &zarr.Array{Shape: slices.Clone(s.Shape), Type: s.Type, Edges: s.Edges, DimNames: slices.Clone(s.DimensionNames)}
	if a.Shape == nil {
		a.Shape = []int{}
	}
	a.Attrs = cloneAttrs(s.Attrs)
	switch s.Format {
	case 0, 3:
	case 2:
		a.Format = 2
		s.inV2()
	default:
		return nil, fmt.Errorf("%w: Zarr v%d: the formats are 2 and 3", ErrInvalid, s.Format)
	}
	a.Fill = s.Type.Zero()
	switch fill := s.Fill.(type) {
	case nil:
	case []byte:
		if len(fill) != s.Type.Size() && !s.Type.Variable() {
			return nil, fmt.Errorf("%w: a fill value of %d bytes for elements of %s", ErrInvalid, len(fill), s.Type)
		}
		a.Fill = slices.Clone(fill)
	default:
		if a.Fill, err = s.Type.Encode(s.Fill); err != nil {
			return nil, fmt.Errorf("fill value: %w", err)
		}
	}
	if a.Keys, err = zarr.ParseKeyEncoding(s.Keys); err != nil {
		return nil, err
	}
	chunks, err := s.chunks()
	if err != nil {
		return nil, err
	}
	if a.Codecs, err = s.codecs(); err != nil {
		return nil, err
	}
	a.Chunks = chunks
	if n, ok := nd.Size(chunks); !ok || n > maxHeld/roughSize(s.Type) {
		return nil, fmt.Errorf("%w: chunks of shape %v, of %d bytes an element: a chunk is held in memory, and the limit is %d GiB", ErrInvalid, chunks, roughSize(s.Type), maxHeld>>30)
	}
	if s.Shards != nil {
		if err := checkShards(s.Shards, chunks); err != nil {
			return nil, err
		}
		shard, err := codec.ShardingSpec(chunks, a.Codecs)
		if err != nil {
			return nil, err
		}
		a.Chunks, a.Codecs = slices.Clone(s.Shards), []codec.Spec{shard}
	}
	if err := a.Check(); err != nil || s.Format != 2 {
		return a, err
	}
	_, err = a.Marshal() // whether all of it can be said in Zarr v2
	return a, err
}

// inV2 fills in what is usual in Zarr v2.
func (s *DatasetSpec) inV2() {
	if s.Keys == "" || s.Keys == "default" {
		s.Keys = "v2"
	}
	if s.Checksum == "" && s.Codecs == nil {
		s.Checksum = "none"
	}
}

func checkShards(shards, chunks []int) error {
	if len(shards) != len(chunks) {
		return fmt.Errorf("%w: shards of shape %v for chunks of shape %v", ErrInvalid, shards, chunks)
	}
	for i, n := range shards {
		if n < 1 || n%chunks[i] != 0 {
			return fmt.Errorf("%w: shards of shape %v are not made of whole chunks of shape %v: axis %d", ErrInvalid, shards, chunks, i)
		}
	}
	return nil
}

func (s DatasetSpec) codecs() ([]codec.Spec, error) {
	if s.Codecs != nil {
		if s.Codec != "" || s.Checksum != "" {
			return nil, fmt.Errorf("%w: Codecs is the whole list, so Codec and Checksum are to be empty", ErrInvalid)
		}
		return slices.Clone(s.Codecs), nil
	}
	name, checksum := s.Codec, s.Checksum
	if name == "" {
		name = "zstd:3"
	}
	if checksum == "" {
		checksum = "crc32c"
	}
	return codec.ParseSpecs(name, checksum, s.Type, s.Order)
}

func (s DatasetSpec) chunks() ([]int, error) {
	if s.Chunks == nil {
		chunks, err := GuessChunks(s.Shape, roughSize(s.Type), s.Access)
		if err != nil || s.Shards == nil || len(s.Shards) != len(chunks) {
			return chunks, err
		}
		for i := range s.Shards { // the largest divisor that is no longer than the guess
			n := s.commonLength(i)
			for n > 0 && n%chunks[i] != 0 {
				chunks[i]--
			}
		}
		return chunks, nil
	}
	if s.Access != "" {
		return nil, fmt.Errorf("%w: both Chunks and Access are given, and the one would be guessed from the other", ErrInvalid)
	}
	if len(s.Chunks) != len(s.Shape) {
		return nil, fmt.Errorf("%w: chunks of shape %v for an array of shape %v", ErrInvalid, s.Chunks, s.Shape)
	}
	chunks := slices.Clone(s.Chunks)
	for i, n := range chunks {
		if n < 1 {
			return nil, fmt.Errorf("%w: chunks of shape %v: axis %d has no length", ErrInvalid, chunks, i)
		}
	}
	return chunks, nil
}

// CreateDataset creates a dataset, and the groups above it that are missing. A
// node that is there already is ErrExist.
func (g *Group) CreateDataset(ctx context.Context, path string, s DatasetSpec) (*Dataset, error) {
	return g.c.createDataset(ctx, g.path, path, s)
}

// CreateDataset creates a dataset, and the groups above it that are missing.
func (c *Connection) CreateDataset(ctx context.Context, path string, s DatasetSpec) (*Dataset, error) {
	return c.createDataset(ctx, c.start, path, s)
}

func (c *Connection) createDataset(ctx context.Context, base, path string, s DatasetSpec) (*Dataset, error) {
	if full, err := resolve(base, path); err == nil && s.Format == 0 {
		s.Format = c.formatFor(ctx, full)
	}
	a, err := c.arrayDocument(path, s)
	if err != nil {
		return nil, err
	}
	return asDataset(c.createFrom(ctx, base, path, a))
}

// arrayDocument checks a spec and turns it into metadata, binding the codecs.
func (c *Connection) arrayDocument(path string, s DatasetSpec) (*zarr.Array, error) {
	a, err := s.document()
	if err == nil {
		_, err = newDataset(c, path, a)
	}
	if err != nil {
		if !errors.Is(err, ErrInvalid) {
			err = fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		return nil, fmt.Errorf("create dataset %q in %s: %w", path, c.url, err)
	}
	return a, nil
}
