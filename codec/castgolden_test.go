package codec_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/dosna/dosna/nd"
)

// Elements become what cast_value_rs, with which zarr-python casts, makes of them.
func TestCastGolden(t *testing.T) {
	raw, err := os.ReadFile("testdata/castvalue.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		From, To, Rounding string
		Beyond             *string `json:"out_of_range"`
		Pairs              [][2]*string
	}
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) != 4*11*11 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		from, to := mustType(t, c.From), mustType(t, c.To)
		config, _ := json.Marshal(map[string]any{"data_type": c.To, "rounding": c.Rounding, "out_of_range": c.Beyond})
		chain := mustBind(t, cast(string(config[1:len(config)-1])), []int{1}, from)
		for _, p := range c.Pairs {
			elem, _ := hex.DecodeString(*p[0])
			got, err := chain.Encode(nil, nd.NewView(elem, []int{1}, from.Size()))
			var want []byte
			if p[1] != nil {
				want, _ = hex.DecodeString(*p[1])
			}
			nan := len(got) > 0 && len(want) > 0 && math.IsNaN(to.Number()(got)) && math.IsNaN(to.Number()(want))
			if (err != nil) != (want == nil) || err == nil && !nan && !bytes.Equal(got, want) {
				t.Errorf("%s as %s: %s, %v; want %x", from.Format(elem), config, hex.EncodeToString(got), err, want)
			}
		}
	}
}
