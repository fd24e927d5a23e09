package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// specs reads codecs as metadata lists them.
func specs(t testing.TB, text string) []codec.Spec {
	t.Helper()
	var s []codec.Spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func mustBind(t testing.TB, text string, shape []int, typ dtype.Type) *codec.Chain {
	t.Helper()
	c, err := codec.Bind(specs(t, text), codec.Chunk{Shape: shape, Type: typ, Fill: typ.Zero()})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

const (
	little = `{"name":"bytes","configuration":{"endian":"little"}}`
	big    = `{"name":"bytes","configuration":{"endian":"big"}}`
	crc    = `{"name":"crc32c"}`
	zstd   = `{"name":"zstd","configuration":{"level":1,"checksum":false}}`
	gzip   = `{"name":"gzip","configuration":{"level":1}}`
)

// shard returns the spec of shards of inner chunks of shape, encoded by codecs.
func shard(shape, codecs, location string) string {
	return fmt.Sprintf(`{"name":"sharding_indexed","configuration":{"chunk_shape":%s,"codecs":%s,"index_codecs":[%s,%s],"index_location":%q}}`,
		shape, codecs, little, crc, location)
}

func TestRoundTrip(t *testing.T) {
	shape := []int{8, 6, 4}
	for name, text := range map[string]string{
		"raw":       "[" + little + "]",
		"big":       "[" + big + "]",
		"crc":       "[" + little + "," + crc + "]",
		"zstd":      "[" + little + "," + zstd + "]",
		"zstd crc":  "[" + little + "," + zstd + "," + crc + "]",
		"gzip zstd": "[" + big + "," + gzip + "," + zstd + "]",
		"transpose": `[{"name":"transpose","configuration":{"order":[2,0,1]}},` + little + "," + crc + "]",
		"shard":     "[" + shard("[4,3,2]", "["+little+","+crc+"]", "end") + "]",
		"nested":    "[" + shard("[4,6,2]", "["+shard("[2,3,2]", "["+big+","+zstd+"]", "start")+"]", "end") + "," + crc + "]",
	} {
		t.Run(name, func(t *testing.T) {
			c := mustBind(t, text, shape, dtype.Float32)
			data := make([]byte, 8*6*4*4)
			rand.NewChaCha8([32]byte{}).Read(data)
			stored, err := c.Encode(nil, nd.NewView(data, shape, 4))
			if err != nil {
				t.Fatal(err)
			}
			out := make([]byte, len(data))
			if err := c.Read(t.Context(), codec.Bytes(stored), nd.Full(shape), nd.NewView(out, shape, 4)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(data, out) {
				t.Error("other elements come back")
			}
			if err := c.Check(t.Context(), codec.Bytes(stored)); err != nil {
				t.Error(err)
			}
			if err := c.Check(t.Context(), codec.Bytes(stored[1:])); !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("a truncated chunk: %v", err)
			}
		})
	}
}
