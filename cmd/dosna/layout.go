package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
)

// storing is how the chunks of a dataset are to be stored, as far as flags say
// it.
type storing struct {
	chunks, shards cellsFlag
	access         string
	codec          codecFlag
	checksum       choiceFlag
}

// flags adds the flags; same says what happens without them.
func (s *storing) flags(cmd *cobra.Command, same string) {
	otherwise := func(usual string) string {
		if same != "" {
			usual = same
		}
		return " (default: " + usual + ")"
	}
	f := cmd.Flags()
	s.checksum.of = []string{"crc32c", "none"}
	f.Var(&s.chunks, "chunks", "shape of chunks, 64,64,64, or lists of their lengths, [100,200*4,50],64"+otherwise("guessed, about 1 MiB"))
	f.Var(&s.shards, "shards", "shape of shards, stored objects of many chunks, or lists as for chunks"+otherwise("none"))
	f.StringVar(&s.access, "access", "", "the `ACCESS` to guess chunks for: boxes, planes:AXIS, lines:AXIS"+otherwise("boxes"))
	f.Var(&s.codec, "codec", "compressor: zstd[:LEVEL], gzip, zlib, bz2, lz4, blosc[:NAME[:LEVEL[:SHUFFLE]]], none; filters before it: delta+shuffle+zlib:6"+otherwise("zstd:3"))
	f.Var(&s.checksum, "checksum", "checksum of every chunk"+otherwise("crc32c"))
	complete := func(flag string, list ...string) { _ = cmd.RegisterFlagCompletionFunc(flag, words(list...)) }
	complete("access", "boxes", "planes:0", "planes:1", "planes:2", "lines:0", "lines:1", "lines:2")
	complete("codec", "zstd", "zstd:3", "gzip:6", "blosc:lz4:5:shuffle", "blosc:zstd:5:bitshuffle", "none")
	complete("checksum", s.checksum.of...)
	complete("chunks")
	complete("shards")
}

// edges are the lists of lengths, of shards if there are any.
func (s *storing) edges() [][]int {
	if s.shards.edges != nil {
		return s.shards.edges
	}
	return s.chunks.edges
}

// options are those of a copy.
func (s *storing) options() *dosna.CopyOptions {
	return &dosna.CopyOptions{
		Chunks: s.chunks.shape, Shards: s.shards.shape, Edges: s.edges(), Access: s.access, Codec: s.codec.text, Checksum: s.checksum.value,
	}
}

// layout is all that flags say of how a new dataset is to be stored.
type layout struct {
	storing
	keys   choiceFlag
	fill   string
	dims   []string
	attrs  attrsFlag
	format formatFlag
}

func (l *layout) flags(cmd *cobra.Command) {
	l.storing.flags(cmd, "")
	f := cmd.Flags()
	l.keys.of = []string{"default", "v2"}
	f.Var(&l.keys, "keys", "names of stored objects, c/0/1 or 0.1 (default default)")
	f.StringVar(&l.fill, "fill", "", "`VALUE` of elements never written (default 0)")
	f.StringSliceVar(&l.dims, "dims", nil, "`NAMES` of the axes, z,y,x")
	f.Var(&l.attrs, "attr", "an attribute; may be repeated")
	l.format.flag(cmd, "format of Zarr (default: that of the group it is in)")
	complete := func(flag string, list ...string) { _ = cmd.RegisterFlagCompletionFunc(flag, words(list...)) }
	complete("keys", l.keys.of...)
	complete("fill", "0", "nan")
	complete("dims")
	complete("attr")
}

// spec is the layout with everything else left to the library.
func (l *layout) spec() dosna.DatasetSpec {
	s := dosna.DatasetSpec{
		Chunks: l.chunks.shape, Shards: l.shards.shape, Edges: l.edges(), Access: l.access, Codec: l.codec.text, Checksum: l.checksum.value,
		Keys: l.keys.value, DimensionNames: l.dims, Attrs: l.attrs.attrs, Format: l.format.number(),
	}
	if l.fill != "" {
		s.Fill = strings.TrimSpace(l.fill)
	}
	return s
}
