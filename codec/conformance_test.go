package codec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/codec/codectest"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

// chains are lists of codecs of every kind, with ENDIAN for the byte order,
// SIZE for the bytes of an element, REVERSED and ROTATED for orders of axes, and
// HALF and PART for chunk shapes inside the chunk and inside that.
var chains = map[string]string{
	"raw":                `[BYTES]`,
	"crc32c":             `[BYTES, "crc32c"]`,
	"crc32c twice":       `[BYTES, "crc32c", "crc32c"]`,
	"gzip":               `[BYTES, GZIP]`,
	"zstd":               `[BYTES, ZSTD]`,
	"zstd checksum":      `[BYTES, {"name":"zstd","configuration":{"level":3,"checksum":true}}]`,
	"zstd crc32c":        `[BYTES, ZSTD, "crc32c"]`,
	"crc32c zstd":        `[BYTES, "crc32c", ZSTD]`,
	"crc32c zstd crc32c": `[BYTES, "crc32c", ZSTD, "crc32c"]`,
	"zstd gzip":          `[BYTES, ZSTD, "crc32c", GZIP]`,
	"blosc lz4":          `[BYTES, {"name":"blosc","configuration":{"cname":"lz4","clevel":5,"shuffle":"shuffle","typesize":SIZE,"blocksize":0}}]`,
	"blosc zstd bits":    `[BYTES, {"name":"blosc","configuration":{"cname":"zstd","clevel":1,"shuffle":"bitshuffle","typesize":SIZE,"blocksize":256}}, "crc32c"]`,
	"blosc blosclz":      `[BYTES, {"name":"blosc","configuration":{"cname":"blosclz","clevel":9,"shuffle":"noshuffle","blocksize":0}}]`,
	"reversed":           `[REVERSED, BYTES]`,
	"rotated reversed":   `[ROTATED, REVERSED, ROTATED, BYTES, ZSTD, "crc32c"]`,
	"reversed crc32c":    `[REVERSED, BYTES, "crc32c"]`,
	"shard raw":          `[SHARD(HALF, [BYTES], end)]`,
	"shard raw start":    `[SHARD(HALF, [BYTES], start)]`,
	"shard crc32c":       `[SHARD(HALF, [BYTES, "crc32c"], end)]`,
	"shard zstd":         `[SHARD(PART, [BYTES, ZSTD, "crc32c"], start)]`,
	"shard zstd plain":   `[SHARD(PART, [BYTES, ZSTD], end)]`,
	"shard blosc":        `[SHARD(HALF, [BYTES, {"name":"blosc","configuration":{"cname":"lz4","clevel":1,"shuffle":"shuffle","typesize":SIZE}}, "crc32c"], end)]`,
	"shard in shard":     `[SHARD(HALF, [SHARD(PART, [BYTES, "crc32c"], end)], start)]`,
	"shard in shard raw": `[SHARD(HALF, [SHARD(PART, [BYTES], start)], end)]`,
	"shard of all":       `[SHARD(ALL, [BYTES, GZIP, "crc32c"], end)]`,
	"shard of elements":  `[SHARD(ONE, [BYTES], end)]`,
	"shard crc32c after": `[SHARD(HALF, [BYTES], end), "crc32c"]`,
	"shard gzip after":   `[SHARD(HALF, [SHARD(PART, [BYTES, ZSTD], end)], start), GZIP]`,
	"shard transposed":   `[REVERSED, SHARD(REVERSED HALF, [REVERSED, BYTES, "crc32c"], end)]`,
	"shard inner order":  `[SHARD(HALF, [REVERSED, BYTES], end)]`,
	"zlib":               `[BYTES, {"name":"numcodecs.zlib","configuration":{"level":6}}]`,
	"bz2 crc32c":         `[BYTES, {"name":"numcodecs.bz2","configuration":{"level":1}}, "crc32c"]`,
	"hdf5 filters":       `[BYTES, {"name":"dosna.hdf5_filters","configuration":{"filters":[{"id":32000,"values":[]},{"id":3,"name":"sum","values":[1]}]}}, "crc32c"]`,
	"lz4":                `[BYTES, {"name":"numcodecs.lz4","configuration":{"acceleration":1}}]`,
	"shuffle lz4":        `[BYTES, {"name":"numcodecs.shuffle","configuration":{"elementsize":SIZE}}, "numcodecs.lz4", "numcodecs.jenkins_lookup3"]`,
	"crc32 shuffle":      `[BYTES, "numcodecs.crc32", "numcodecs.shuffle", "numcodecs.adler32"]`,
	"crc32":              `[BYTES, "numcodecs.crc32"]`,
	"adler32":            `[BYTES, "numcodecs.adler32"]`,
	"crc32 both ends":    `[BYTES, "numcodecs.crc32", {"name":"numcodecs.crc32c","configuration":{"location":"end"}}, "numcodecs.crc32"]`,
	"fletcher32":         `[BYTES, "numcodecs.fletcher32"]`,
	"lookup3":            `[REVERSED, BYTES, {"name":"numcodecs.jenkins_lookup3","configuration":{"initval":5}}]`,
	"numcodecs blosc":    `[BYTES, {"name":"numcodecs.blosc","configuration":{"shuffle":-1}}]`,
	"shard crc32":        `[SHARD(HALF, [BYTES, "numcodecs.crc32"], end)]`,
	"shard zlib":         `[SHARD(PART, [BYTES, "numcodecs.shuffle", "numcodecs.zlib", "crc32c"], start)]`,
	"shard odd index": `[{"name":"sharding_indexed","configuration":{"chunk_shape":HALF,"codecs":[BYTES,"crc32c"],
		"index_codecs":[INDEX ORDER,{"name":"bytes","configuration":{"endian":"big"}},"crc32c","crc32c"]}}]`,
}

// chainSpecs writes out one of chains.
func chainSpecs(t testing.TB, text string, in codec.Chunk, o dtype.Order) []codec.Spec {
	ints := func(s []int) string { return strings.ReplaceAll(fmt.Sprint(s), " ", ",") }
	n := len(in.Shape)
	axes := make([]int, n)
	for i := range axes {
		axes[i] = i
	}
	reversed, rotated := slices.Clone(axes), slices.Clone(axes)
	slices.Reverse(reversed)
	if n > 1 {
		rotated = append(rotated[1:], 0)
	}
	half := divide(in.Shape)
	reversedHalf := slices.Clone(half)
	slices.Reverse(reversedHalf)
	for strings.Contains(text, "SHARD(") {
		i := strings.LastIndex(text, "SHARD(")
		j := i + strings.IndexByte(text[i:], ')')
		rest, location := text[i+6:j], ""
		shape, codecs, _ := strings.Cut(rest, ", ")
		k := strings.LastIndex(codecs, ", ")
		codecs, location = codecs[:k], codecs[k+2:]
		text = text[:i] + shard(shape, codecs, location) + text[j+1:]
	}
	return specs(t, strings.NewReplacer(
		"BYTES", fmt.Sprintf(`{"name":"bytes","configuration":{"endian":%q}}`, o),
		"GZIP", gzip, "ZSTD", zstd, "SIZE", fmt.Sprint(in.Type.Size()),
		"INDEX ORDER", `{"name":"transpose","configuration":{"order":`+ints(append([]int{n}, reversed...))+`}}`,
		"REVERSED HALF", ints(reversedHalf), "HALF", ints(half), "PART", ints(divide(half)), "ALL", ints(in.Shape), "ONE", ints(slices.Repeat([]int{1}, n)),
		"REVERSED", `{"name":"transpose","configuration":{"order":`+ints(reversed)+`}}`,
		"ROTATED", `{"name":"transpose","configuration":{"order":`+ints(rotated)+`}}`,
	).Replace(text))
}

// divide returns a smaller shape that divides shape.
func divide(shape []int) []int {
	out := slices.Clone(shape)
	for i, n := range shape {
		for _, p := range []int{2, 3, 5} {
			if n%p == 0 {
				out[i] = n / p
				break
			}
		}
	}
	return out
}

// everyType are the chains that are tried with all types and shapes; the others
// are made of the same parts.
var everyType = []string{"raw", "crc32c", "gzip", "zstd crc32c", "blosc lz4", "rotated reversed", "shard raw", "shard zstd", "shard in shard", "shard transposed", "shuffle lz4", "crc32"}

func TestConformance(t *testing.T) {
	for name, text := range chains {
		t.Run(name, func(t *testing.T) {
			if slices.Contains(everyType, name) && !testenv.Race && !testing.Short() {
				codectest.Run(t, func(in codec.Chunk, o dtype.Order) []codec.Spec { return chainSpecs(t, text, in, o) })
				return
			}
			in := codec.Chunk{Shape: []int{4, 2}, Type: dtype.Uint16, Fill: []byte{1, 0}}
			codectest.RunChain(t, chainSpecs(t, text, in, dtype.Big), in)
		})
	}
	for _, name := range everyType {
		if chains[name] == "" {
			t.Errorf("there is no chain %q", name)
		}
	}
}

// Filters that lose nothing are to whoever reads and writes as if they were not
// there.
func TestFilterConformance(t *testing.T) {
	filter := func(name, config string) string {
		return `{"name":"` + name + `","configuration":` + config + `}`
	}
	delta := func(config string) string { return filter("numcodecs.delta", config) }
	astype := func(to string) string { return filter("numcodecs.astype", `{"encode_dtype":"`+to+`"}`) }
	scale := filter("numcodecs.fixedscaleoffset", `{"offset":100.0,"scale":2.0,"astype":"<i2"}`)
	packed := func(where string) string { return filter("packbits", `{"padding_encoding":"`+where+`"}`) }
	narrow, err := dtype.ParseJSON([]byte(`"int4"`))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		name, text string
		typ        dtype.Type
	}{
		{"delta", `[` + delta(`{}`) + `, BYTES, "crc32c"]`, dtype.Int16},
		{"delta as", `[` + delta(`{"dtype":"<i2","astype":"<u2"}`) + `, BYTES]`, dtype.Int16},
		{"delta wider", `[` + delta(`{"dtype":"|u1","astype":"<i8"}`) + `, BYTES, ZSTD]`, dtype.Uint8},
		{"delta of times", `[` + delta(`{"dtype":"<i8"}`) + `, BYTES]`, mustType(t, "datetime64[s]")},
		{"delta transposed", `[REVERSED, ` + delta(`{}`) + `, BYTES, "numcodecs.shuffle", GZIP, "crc32c"]`, dtype.Uint32},
		{"delta twice", `[` + delta(`{}`) + `, ` + delta(`{}`) + `, BYTES]`, dtype.Uint64},
		{"packbits", `["numcodecs.packbits", "bytes"]`, dtype.Bool},
		{"packbits crc32c", `["numcodecs.packbits", "bytes", ZSTD, "crc32c"]`, dtype.Bool},
		{"bits", `[` + packed("none") + `]`, dtype.Bool},
		{"bits first", `[` + packed("first_byte") + `, "crc32c"]`, dtype.Bool},
		{"bits last", `[` + packed("last_byte") + `, ZSTD]`, dtype.Bool},
		{"bits narrow", `[` + packed("none") + `]`, narrow},
		{"bits wide", `[REVERSED, ` + packed("none") + `]`, dtype.Complex128},
		{"bitround all", `[` + filter("bitround", `{"keepbits":23}`) + `, BYTES, "crc32c"]`, dtype.Float32},
		{"astype", `[` + astype("<i4") + `, BYTES]`, dtype.Uint16},
		{"astype float", `[` + astype("<f8") + `, BYTES, ZSTD, "crc32c"]`, dtype.Int8},
		{"scale", `[` + scale + `, BYTES]`, dtype.Uint8},
		{"scale crc32", `[REVERSED, ` + scale + `, BYTES, "numcodecs.crc32"]`, dtype.Uint8},
		{"filters", `[` + scale + `, ` + astype("<f4") + `, ` + astype("<i8") + `, ` + delta(`{}`) + `, BYTES, "numcodecs.lz4"]`, dtype.Uint8},
		{"shard of delta", `[SHARD(HALF, [` + delta(`{}`) + `, BYTES, ZSTD, "crc32c"], end)]`, dtype.Int16},
		{"shard of delta of shards", `[SHARD(HALF, [` + astype("<i8") + `, SHARD(PART, [BYTES, ` + `"crc32c"], start)], end)]`, dtype.Int16},
		{"astype of shards", `[` + astype("<i8") + `, SHARD(HALF, [BYTES, "crc32c"], end)]`, dtype.Int16},
		{"scale of shards", `[REVERSED, ` + scale + `, SHARD(REVERSED HALF, [` + astype("<f4") + `, BYTES, ZSTD], start)]`, dtype.Uint8},
		{"shards in crc32c", `[` + scale + `, SHARD(HALF, [BYTES], end), "crc32c"]`, dtype.Uint8},
	} {
		t.Run(c.name, func(t *testing.T) {
			shape := [][]int{{4, 2}, {12}, {3, 2, 2}}[i%3]
			fill := c.typ.Zero()
			if c.typ != dtype.Bool { // else an element more, and all is fill
				fill[0] = byte(i % 2)
			}
			in := codec.Chunk{Shape: shape, Type: c.typ, Fill: fill}
			codectest.RunChain(t, chainSpecs(t, c.text, in, []dtype.Order{dtype.Big, dtype.Little}[i%2]), in)
		})
	}
}

func mustType(t *testing.T, text string) dtype.Type {
	typ, _, err := dtype.ParseType(text)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}
