package codec_test

import (
	"bytes"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// TestLayout takes the elements out of stored chunks by the layout, where there is
// one.
func TestLayout(t *testing.T) {
	from := volume()
	transposed := `{"name":"transpose","configuration":{"order":[2,0,1]}},`
	for text, want := range map[string][2]bool{ // without and with leave to leave checksums unread
		"[" + little + "]":                                     {true, true},
		"[" + transposed + little + "]":                        {true, true},
		"[" + little + "," + crc + "]":                         {false, true},
		"[" + big + "]":                                        {false, false},
		"[" + little + "," + zstd + "]":                        {false, false},
		"[" + shard("[32,32,32]", "["+little+"]", "end") + "]": {false, false},
	} {
		c := mustBind(t, text, cube, dtype.Float32)
		stored, err := c.Encode(nil, from)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range []*codec.Chain{c, c.Lazy()} {
			v, ok := c.Layout()
			if ok != want[i] {
				t.Errorf("%s: layout %v, want %v", text, ok, want[i])
			}
			if !ok {
				continue
			}
			v.Data = stored
			got := nd.NewView(make([]byte, v.Size()*v.Item), v.Shape, v.Item)
			nd.Copy(got, v)
			all := nd.NewView(make([]byte, v.Size()*v.Item), v.Shape, v.Item)
			nd.Copy(all, from)
			if !bytes.Equal(got.Data, all.Data) {
				t.Errorf("%s: other elements", text)
			}
		}
	}
}
