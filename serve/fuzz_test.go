package serve

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzFrame(f *testing.F) {
	good, err := startFrame(m{"id": 1, "op": "read"}, 3)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(good, "abc"...))
	f.Add([]byte{255, 255, 255, 0, 255, 255, 255, 255, 3, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		header, body, err := readFrame(bytes.NewReader(data))
		if err == nil && len(header)+len(body)+prefixSize > len(data) {
			t.Errorf("%d bytes of header and %d of body from %d", len(header), len(body), len(data))
		}
	})
}

func FuzzSelection(f *testing.F) {
	f.Add([]byte(`[3, [null, 10, 2], "...", null]`), []byte{}, false)
	f.Add([]byte(`[{"ints": [2]}, {"mask": [3]}]`), make([]byte, 19), true)
	f.Add([]byte(`[{"ints": [9223372036854775807, 4]}]`), []byte{1}, false)
	f.Fuzz(func(_ *testing.T, text, body []byte, orthogonal bool) {
		var s selection
		if json.Unmarshal(text, &s) != nil {
			return
		}
		sel, _, err := s.parse(body, orthogonal)
		if err != nil {
			return
		}
		if r, err := sel.Resolve([]int{5, 4, 3}); err == nil {
			_ = r.Size()
		}
	})
}

func FuzzBlock(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 'x'}, 1)
	f.Fuzz(func(_ *testing.T, data []byte, n int) {
		b, err := block(data, &n, []int{n})
		if err != nil {
			return
		}
		for i := range b.Ends {
			_ = b.At(i)
		}
	})
}
