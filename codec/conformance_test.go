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
var everyType = []string{"raw", "crc32c", "gzip", "zstd crc32c", "blosc lz4", "rotated reversed", "shard raw", "shard zstd", "shard in shard", "shard transposed"}

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
