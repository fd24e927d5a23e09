package codectest

import (
	"encoding/json"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

func bind(t *testing.T, text string, in codec.Chunk) *codec.Chain {
	t.Helper()
	var specs []codec.Spec
	if err := json.Unmarshal([]byte(text), &specs); err != nil {
		t.Fatal(err)
	}
	c, err := codec.Bind(specs, in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRaw(t *testing.T) {
	Run(t, func(in codec.Chunk, o dtype.Order) []codec.Spec {
		s, err := codec.NewSpec("bytes", map[string]any{"endian": o.String()})
		if err != nil {
			t.Fatal(err)
		}
		return []codec.Spec{s}
	})
}
