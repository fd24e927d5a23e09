package codec_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Every mistake in metadata is found by Bind, or when the JSON is read, with an
// error that names the codec and the member.
func TestBadSpecs(t *testing.T) {
	deep := "[" + little + "]"
	for range 9 {
		deep = "[" + shard("[4,6]", deep, "end") + "]"
	}
	with := func(name, config string) string {
		return `[` + little + `,{"name":"` + name + `","configuration":` + config + `}]`
	}
	first := func(name, config string) string {
		return `[{"name":"` + name + `","configuration":` + config + `},` + little + `]`
	}
	index := func(codecs string) string {
		return `[{"name":"sharding_indexed","configuration":{"chunk_shape":[2,3],"codecs":[` + little + `],"index_codecs":` + codecs + `}}]`
	}
	for text, want := range map[string][]string{
		`[]`:                                     {"bytes", "sharding_indexed"},
		`["crc32c"]`:                             {"crc32c", "before"},
		`["lzma"]`:                               {"lzma", "unknown", "zstd"},
		`[` + little + `,"lzma"]`:                {"lzma", "unknown", "zstd"},
		`[{"name":5}]`:                           {`"name"`},
		`[{"configuration":{}}]`:                 {`"name"`, "missing"},
		`[{"Name":"bytes"}]`:                     {"missing"},
		`[{"name":"bytes","endian":"little"}]`:   {"endian", "unknown"},
		`[7]`:                                    {"number"},
		`[{"name":"bytes","must_understand":7}]`: {"must_understand"},
		`[{"name":"bytes","configuration":[]}]`:  {"bytes", "configuration", "array"},
		`[{"name":"bytes","configuration":5}]`:   {"bytes", "configuration", "number"},
		`["bytes"]`:                              {"bytes", "endian", "missing"},
		`[{"name":"bytes","configuration":{"endian":"middle"}}]`:                {"bytes", "endian", "middle"},
		`[{"name":"bytes","configuration":{"endian":1}}]`:                       {"bytes", "endian"},
		`[{"name":"bytes","configuration":{"Endian":"little"}}]`:                {"bytes", "Endian"},
		`[{"name":"bytes","configuration":{"endian":"little","order":"C"}}]`:    {"bytes", "order"},
		`[` + little + `,` + little + `]`:                                       {"bytes", "array"},
		`[` + little + `,{"name":"transpose","configuration":{"order":[1,0]}}]`: {"transpose", "array"},
		`[` + strings.Repeat(`"crc32c",`, 20) + little + `]`:                    {"21 codecs"},
		`[` + little + strings.Repeat(`,`+gzip, 5) + `]`:                        {"5 compressors"},

		first("transpose", `{}`):                       {"transpose", "order", "missing"},
		first("transpose", `{"order":[0]}`):            {"transpose", "order", "2 axes"},
		first("transpose", `{"order":[0,0]}`):          {"transpose", "order", "permutation"},
		first("transpose", `{"order":[0,2]}`):          {"transpose", "order", "permutation"},
		first("transpose", `{"order":[-1,0]}`):         {"transpose", "order", "permutation"},
		first("transpose", `{"order":[0.5,1]}`):        {"transpose", "order"},
		first("transpose", `{"order":"A"}`):            {"transpose", "order"},
		first("transpose", `{"order":{"a":1}}`):        {"transpose", "order"},
		first("transpose", `{"order":[1,0],"x":true}`): {"transpose", `"x"`},

		with("gzip", `{}`):                     {"gzip", "level", "missing"},
		with("gzip", `{"level":null}`):         {"gzip", "level", "missing"},
		with("gzip", `{"level":10}`):           {"gzip", "level", "10"},
		with("gzip", `{"level":-1}`):           {"gzip", "level", "-1"},
		with("gzip", `{"level":"5"}`):          {"gzip", "level"},
		with("gzip", `{"level":5.5}`):          {"gzip", "level"},
		with("gzip", `{"level":5,"x":1}`):      {"gzip", `"x"`},
		with("zstd", `{"level":23}`):           {"zstd", "level", "23"},
		with("zstd", `{"level":-131073}`):      {"zstd", "level"},
		with("zstd", `{"checksum":"yes"}`):     {"zstd", "checksum"},
		with("zstd", `{"level":1,"Level":1}`):  {"zstd", "Level"},
		with("crc32c", `{"location":"start"}`): {"crc32c", "location"},

		with("blosc", `{}`):                                                 {"blosc", "missing"},
		with("blosc", bloscConfig(`"cname":"lzo"`)):                         {"blosc", "cname", "lzo"},
		with("blosc", bloscConfig(`"cname":5`)):                             {"blosc", "cname"},
		with("blosc", bloscConfig(`"cname":null`)):                          {"blosc", "cname", "missing"},
		with("blosc", bloscConfig(`"clevel":10`)):                           {"blosc", "clevel", "10"},
		with("blosc", bloscConfig(`"clevel":-1`)):                           {"blosc", "clevel", "-1"},
		with("blosc", bloscConfig(`"clevel":null`)):                         {"blosc", "clevel", "missing"},
		with("blosc", bloscConfig(`"shuffle":"both"`)):                      {"blosc", "shuffle", "both"},
		with("blosc", bloscConfig(`"shuffle":1`)):                           {"blosc", "shuffle"},
		with("blosc", bloscConfig(`"shuffle":null`)):                        {"blosc", "shuffle", "missing"},
		with("blosc", bloscConfig(`"typesize":null`)):                       {"blosc", "typesize"},
		with("blosc", bloscConfig(`"typesize":0`)):                          {"blosc", "typesize"},
		with("blosc", bloscConfig(`"typesize":-4`)):                         {"blosc", "typesize"},
		with("blosc", bloscConfig(`"blocksize":-1`)):                        {"blosc", "blocksize"},
		with("blosc", bloscConfig(`"blocksize":1e18`)):                      {"blosc", "blocksize"},
		with("blosc", bloscConfig(`"blocksize":1`+strings.Repeat("0", 15))): {"blosc", "blocksize"},
		with("blosc", bloscConfig(`"threads":8`)):                           {"blosc", "threads"},

		`["sharding_indexed"]`:                               {"sharding_indexed", "missing"},
		`[` + shard("[4]", "["+little+"]", "end") + `]`:      {"sharding_indexed", "chunk_shape", "[4 6]"},
		`[` + shard("[4,4]", "["+little+"]", "end") + `]`:    {"sharding_indexed", "chunk_shape", "evenly"},
		`[` + shard("[0,6]", "["+little+"]", "end") + `]`:    {"sharding_indexed", "chunk_shape"},
		`[` + shard("[-2,6]", "["+little+"]", "end") + `]`:   {"sharding_indexed", "chunk_shape"},
		`[` + shard("[8,6]", "["+little+"]", "end") + `]`:    {"sharding_indexed", "chunk_shape"},
		`[` + shard(`"4,6"`, "["+little+"]", "end") + `]`:    {"sharding_indexed", "chunk_shape"},
		`[` + shard("[2,3]", "["+little+"]", "middle") + `]`: {"sharding_indexed", "index_location", "middle"},
		`[` + shard("[2,3]", "[]", "end") + `]`:              {"sharding_indexed", `"codecs"`},
		`[` + shard("[2,3]", "7", "end") + `]`:               {"sharding_indexed", `"codecs"`},
		`[` + shard("[2,3]", "["+gzip+"]", "end") + `]`:      {"sharding_indexed", `"codecs"`, "gzip"},
		`[` + shard("[2,3]", `["bytes"]`, "end") + `]`:       {"sharding_indexed", `"codecs"`, "endian"},
		index(`[]`):                            {"sharding_indexed", "index_codecs"},
		index(`["bytes"]`):                     {"sharding_indexed", "index_codecs", "endian"},
		index(`[` + little + `,` + zstd + `]`): {"sharding_indexed", "index_codecs", "compress"},
		index(`[` + shard("[1,1,2]", "["+little+"]", "") + `]`): {"sharding_indexed", "index_codecs", "sharded"},
		deep: {"sharding_indexed", "deep"},
	} {
		var list []codec.Spec
		err := json.Unmarshal([]byte(text), &list)
		if err == nil {
			_, err = codec.Bind(list, codec.Chunk{Shape: []int{4, 6}, Type: dtype.Int32, Fill: dtype.Int32.Zero()})
		}
		if err == nil {
			t.Errorf("%s: no error", text)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not say %q: %v", text, part, err)
			}
		}
		if n := len(err.Error()); n > 1000 {
			t.Errorf("%.100s: an error of %d bytes", text, n)
		}
	}
}

// bloscConfig is a good configuration with one member replaced or added.
func bloscConfig(member string) string {
	config := map[string]json.RawMessage{}
	for _, text := range []string{`{"cname":"lz4","clevel":5,"shuffle":"shuffle","typesize":4,"blocksize":0}`, "{" + member + "}"} {
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			panic(err)
		}
	}
	out, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func TestBadChunks(t *testing.T) {
	raw := specs(t, "["+little+"]")
	zero := dtype.Int32.Zero()
	for name, in := range map[string]codec.Chunk{
		"no type":         {Shape: []int{4}, Fill: zero},
		"no fill":         {Shape: []int{4}, Type: dtype.Int32},
		"long fill":       {Shape: []int{4}, Type: dtype.Int32, Fill: make([]byte, 8)},
		"length 0":        {Shape: []int{4, 0}, Type: dtype.Int32, Fill: zero},
		"negative length": {Shape: []int{4, -1}, Type: dtype.Int32, Fill: zero},
		"too many":        {Shape: []int{1 << 31, 1 << 31, 4}, Type: dtype.Int32, Fill: zero},
		"too many bytes":  {Shape: []int{1 << 31, 1 << 31}, Type: dtype.Int32, Fill: zero},
	} {
		if _, err := codec.Bind(raw, in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	big := codec.Chunk{Shape: []int{1 << 40}, Type: dtype.Uint8, Fill: []byte{0}}
	if _, err := codec.Bind(specs(t, `["bytes",`+blosc+`]`), big); err == nil || !strings.Contains(err.Error(), "blosc") {
		t.Errorf("a terabyte in blosc: %v", err)
	}
	for _, inner := range []string{"[1]", "[1024]"} {
		if _, err := codec.Bind(specs(t, "["+shard(inner, `["bytes"]`, "end")+"]"), big); err == nil || !strings.Contains(err.Error(), "at most") {
			t.Errorf("2^40 inner chunks of %s: %v", inner, err)
		}
	}
}

// What metadata claims is not met with memory before the data bears it out.
func TestHugeChunks(t *testing.T) {
	huge := codec.Chunk{Shape: []int{1 << 20, 1 << 22}, Type: dtype.Uint8, Fill: []byte{7}}
	one := nd.Box{Start: []int{1 << 19, 5}, Shape: []int{1, 1}}
	for name, text := range map[string]string{
		"raw":                   `["bytes"]`,
		"crc32c":                `["bytes","crc32c"]`,
		"zstd":                  `["bytes",` + zstd + `]`,
		"shard":                 `[` + shard("[1024,1024]", `["bytes"]`, "end") + `]`,
		"shard of large chunks": `[` + shard("[1048576,1048576]", `["bytes",`+zstd+`]`, "start") + `]`,
	} {
		c, err := codec.Bind(specs(t, text), huge)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		elem := nd.NewView([]byte{0}, []int{1, 1}, 1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = c.Read(t.Context(), file("short"), one, elem)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: 5 bytes are read as a chunk", name)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s: %d bytes of memory for an object of 5", name, took)
		}
		if name == "shard" {
			continue // which needs no more than an inner chunk
		}
		if _, err := c.Patch(t.Context(), nil, one, elem); name != "shard" && err == nil {
			t.Errorf("%s: patched in memory", name)
		}
	}
	// Only what is asked for is read of a raw chunk, however large it is.
	c := mustBind(t, `["bytes"]`, huge.Shape, dtype.Uint8)
	elem := []byte{0}
	src := sparse(1 << 42)
	if err := c.Read(t.Context(), src, one, nd.NewView(elem, one.Shape, 1)); err != nil || elem[0] != 1 {
		t.Errorf("an element of a chunk of %d bytes: %d, %v", int64(src), elem[0], err)
	}
}

func TestSpecJSON(t *testing.T) {
	list := specs(t, `["crc32c", {"name":"zstd","configuration":{"level":1},"must_understand":true}, {"name":"bytes"}]`)
	out, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"name":"crc32c"},{"name":"zstd","configuration":{"level":1}},{"name":"bytes"}]`; string(out) != want {
		t.Errorf("%s, want %s", out, want)
	}
	c := mustBind(t, "["+little+","+crc+"]", []int{2}, dtype.Int32)
	again, err := codec.Bind(c.Specs(), c.Chunk())
	if err != nil || !slices.EqualFunc(again.Specs(), c.Specs(), func(a, b codec.Spec) bool { return a.Name == b.Name }) {
		t.Errorf("%v, %v", again, err)
	}
}

func TestNames(t *testing.T) {
	want := []string{"bitround", "blosc", "bytes", "cast_value", "crc32c", "scale_offset", "dosna.hdf5_filters", "gzip", "numcodecs.adler32", "numcodecs.astype", "numcodecs.bitround", "numcodecs.blosc",
		"numcodecs.bz2", "numcodecs.crc32", "numcodecs.crc32c", "numcodecs.delta", "numcodecs.fixedscaleoffset", "numcodecs.fletcher32", "numcodecs.gzip",
		"numcodecs.jenkins_lookup3", "numcodecs.lz4", "numcodecs.packbits", "numcodecs.quantize", "numcodecs.shuffle", "numcodecs.zlib", "packbits",
		"numcodecs.zstd", "sharding_indexed", "transpose", "vlen-bytes", "vlen-utf8", "zstd"}
	slices.Sort(want)
	if got := codec.Names(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestParseSpecs(t *testing.T) {
	for _, c := range []struct {
		text, checksum string
		typ            dtype.Type
		want           string // empty: an error
	}{
		{"none", "none", dtype.Int32, `[{"name":"bytes","configuration":{"endian":"big"}}]`},
		{"", "crc32c", dtype.Uint8, `[{"name":"bytes"},{"name":"crc32c"}]`},
		{"zstd", "crc32c", dtype.Bool, `[{"name":"bytes"},{"name":"zstd","configuration":{"checksum":false,"level":3}},{"name":"crc32c"}]`},
		{"zstd:-7", "none", dtype.Int8, `[{"name":"bytes"},{"name":"zstd","configuration":{"checksum":false,"level":-7}}]`},
		{"gzip", "none", dtype.Int8, `[{"name":"bytes"},{"name":"gzip","configuration":{"level":6}}]`},
		{"gzip:0", "none", dtype.Int8, `[{"name":"bytes"},{"name":"gzip","configuration":{"level":0}}]`},
		{"blosc", "none", dtype.Complex64, `[{"name":"bytes","configuration":{"endian":"big"}},{"name":"blosc","configuration":{"blocksize":0,"clevel":5,"cname":"lz4","shuffle":"shuffle","typesize":8}}]`},
		{"blosc:zstd:9:bitshuffle", "none", dtype.Int8, `[{"name":"bytes"},{"name":"blosc","configuration":{"blocksize":0,"clevel":9,"cname":"zstd","shuffle":"bitshuffle","typesize":1}}]`},
		{"zlib", "none", dtype.Int8, `[{"name":"bytes"},{"name":"numcodecs.zlib","configuration":{"level":6}}]`},
		{"bz2:1", "crc32c", dtype.Int8, `[{"name":"bytes"},{"name":"numcodecs.bz2","configuration":{"level":1}},{"name":"crc32c"}]`},
		{"shuffle+lz4:5+fletcher32", "none", dtype.Int16, `[{"name":"bytes","configuration":{"endian":"big"}},{"name":"numcodecs.shuffle","configuration":{"elementsize":2}},` +
			`{"name":"numcodecs.lz4","configuration":{"acceleration":5}},{"name":"numcodecs.fletcher32","configuration":{}}]`},
		{"delta:i2+zstd", "none", dtype.Int32, `[{"name":"numcodecs.delta","configuration":{"astype":"\u003ei2","dtype":"\u003ei4"}},` +
			`{"name":"bytes","configuration":{"endian":"big"}},{"name":"zstd","configuration":{"checksum":false,"level":3}}]`},
		{"fixedscaleoffset:-1:0.5:u1+delta", "none", dtype.Float64, `[{"name":"numcodecs.fixedscaleoffset","configuration":{"astype":"|u1","dtype":"\u003ef8","offset":-1,"scale":0.5}},` +
			`{"name":"numcodecs.delta","configuration":{"dtype":"|u1"}},{"name":"bytes"}]`},
		{"packbits+crc32", "none", dtype.Bool, `[{"name":"numcodecs.packbits","configuration":{}},{"name":"bytes"},{"name":"numcodecs.crc32","configuration":{}}]`},
		{"quantize:3:float32+bitround:4", "none", dtype.Float64, `[{"name":"numcodecs.quantize","configuration":{"astype":"\u003ef4","digits":3,"dtype":"\u003ef8"}},` +
			`{"name":"numcodecs.bitround","configuration":{"keepbits":4}},{"name":"bytes","configuration":{"endian":"big"}}]`},
		{"astype:f4", "none", dtype.Int64, `[{"name":"numcodecs.astype","configuration":{"decode_dtype":"\u003ei8","encode_dtype":"\u003ef4"}},{"name":"bytes","configuration":{"endian":"big"}}]`},
		{"blosc", "none", mustType(t, "U100"), `[{"name":"bytes","configuration":{"endian":"big"}},{"name":"blosc","configuration":{"blocksize":0,"clevel":5,"cname":"lz4","shuffle":"shuffle","typesize":1}}]`},
		{"scale_offset:-10+cast_value:u1+zlib", "none", dtype.Int16, `[{"name":"scale_offset","configuration":{"offset":-10}},{"name":"cast_value","configuration":{"data_type":"uint8"}},` +
			`{"name":"bytes"},{"name":"numcodecs.zlib","configuration":{"level":6}}]`},
		{"scale_offset:-10:0.1+cast_value:i2:towards-zero:clamp", "none", dtype.Float64, `[{"name":"scale_offset","configuration":{"offset":-10,"scale":0.1}},` +
			`{"name":"cast_value","configuration":{"data_type":"int16","out_of_range":"clamp","rounding":"towards-zero"}},{"name":"bytes","configuration":{"endian":"big"}}]`},
		{"cast_value", "none", dtype.Int8, ""},
		{"cast_value:i2:up", "none", dtype.Int8, ""},
		{"scale_offset:0.5", "none", dtype.Int8, ""},
		{"zlib+delta", "none", dtype.Int8, ""},
		{"zlib+shuffle:4", "none", dtype.Int8, ""},
		{"delta+", "none", dtype.Int8, ""},
		{"delta:f4", "none", dtype.Int8, ""},
		{"delta:what", "none", dtype.Int8, ""},
		{"quantize", "none", dtype.Float32, ""},
		{"quantize:3", "none", dtype.Int8, ""},
		{"bitround:-1", "none", dtype.Float32, ""},
		{"fixedscaleoffset:1", "none", dtype.Float32, ""},
		{"fixedscaleoffset:1:x", "none", dtype.Float32, ""},
		{"fixedscaleoffset:[1]:2", "none", dtype.Float32, ""},
		{"fixedscaleoffset:1:0", "none", dtype.Float32, ""},
		{"packbits", "none", dtype.Int8, ""},
		{"lz4:x", "none", dtype.Int8, ""},
		{"bz2:0", "none", dtype.Int8, ""},
		{"zlib:10", "none", dtype.Int8, ""},
		{"zstd:", "none", dtype.Int8, ""},
		{"zstd:x", "none", dtype.Int8, ""},
		{"zstd:3:4", "none", dtype.Int8, ""},
		{"zstd:99", "none", dtype.Int8, ""},
		{"gzip:10", "none", dtype.Int8, ""},
		{"blosc:lzo", "none", dtype.Int8, ""},
		{"blosc:lz4:x", "none", dtype.Int8, ""},
		{"blosc:lz4:1:both", "none", dtype.Int8, ""},
		{"blosc:lz4:1:shuffle:4", "none", dtype.Int8, ""},
		{"none:1", "none", dtype.Int8, ""},
		{"bzip2", "none", dtype.Int8, ""},
		{"zstd", "md5", dtype.Int8, ""},
		{"zstd", "", dtype.Int8, ""},
	} {
		list, err := codec.ParseSpecs(c.text, c.checksum, c.typ, dtype.Big)
		if (err == nil) != (c.want != "") {
			t.Errorf("%q, %q: error %v", c.text, c.checksum, err)
			continue
		}
		if err != nil {
			if !strings.Contains(err.Error(), c.text) && !strings.Contains(err.Error(), c.checksum) {
				t.Errorf("%q: the error does not say so: %v", c.text, err)
			}
			continue
		}
		out, err := json.Marshal(list)
		if err != nil || string(out) != c.want {
			t.Errorf("%q: %s (%v), want %s", c.text, out, err, c.want)
		}
		if _, err := codec.Bind(list, codec.Chunk{Shape: []int{4}, Type: c.typ, Fill: c.typ.Zero()}); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

// What is wrong whatever the type is, is wrong without one.
func TestCheckText(t *testing.T) {
	for text, want := range map[string]string{
		"none": "", "": "", "zstd:5": "", "quantize:3+zlib:9+crc32": "", "packbits": "", "astype:f4": "", "shuffle:4+lz4": "",
		"lz5":        `unknown codec "lz5"`,
		"zlib:11":    "11 is not from 0 to 9",
		"quantize":   "quantize needs digits",
		"bitround:x": `keepbits "x" is not an integer`,
		"astype:q9":  "encode_dtype",
		"crc32:end":  "at most 0",
	} {
		err := codec.CheckText(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestShardingSpec(t *testing.T) {
	s, err := codec.ShardingSpec([]int{2, 3}, specs(t, "["+little+","+crc+"]"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := codec.Bind([]codec.Spec{s}, codec.Chunk{Shape: []int{4, 6}, Type: dtype.Int32, Fill: dtype.Int32.Zero()})
	if err != nil {
		t.Fatal(err)
	}
	if inner, ok := c.Inner(); !ok || !slices.Equal(inner, []int{2, 3}) || !c.Checked() || !c.Partial() {
		t.Errorf("inner chunks %v, %t; checked %t, partial %t", inner, ok, c.Checked(), c.Partial())
	}
}

// Whether a chain is checked, partial, and by which pieces.
func TestProperties(t *testing.T) {
	for text, want := range map[string]struct {
		checked, partial, lazyPartial bool
		grain                         []int
	}{
		"[" + little + "]":                                            {false, true, true, []int{4, 6}},
		"[" + little + "," + crc + "]":                                {true, false, true, []int{4, 6}},
		"[" + little + "," + zstd + "]":                               {false, false, false, []int{4, 6}},
		"[" + little + "," + zstd + "," + crc + "]":                   {true, false, false, []int{4, 6}},
		"[" + little + "," + crc + "," + zstd + "]":                   {false, false, false, []int{4, 6}},
		"[" + shard("[2,3]", "["+little+","+crc+"]", "end") + "]":     {true, true, true, []int{2, 3}},
		"[" + shard("[2,3]", "["+little+"]", "end") + "]":             {false, true, true, []int{2, 3}},
		"[" + shard("[2,3]", "["+little+"]", "end") + "," + crc + "]": {true, false, false, []int{4, 6}},
		`[{"name":"transpose","configuration":{"order":[1,0]}},` + shard("[3,4]", "["+shard("[3,2]", "["+little+"]", "end")+"]", "end") + "]": {false, true, true, []int{2, 3}},
	} {
		c := mustBind(t, text, []int{4, 6}, dtype.Int32)
		if c.Checked() != want.checked || c.Partial() != want.partial || c.Lazy().Partial() != want.lazyPartial || !slices.Equal(c.Grain(), want.grain) {
			t.Errorf("%s: checked %t, partial %t, lazily %t, grain %v", text, c.Checked(), c.Partial(), c.Lazy().Partial(), c.Grain())
		}
	}
}

// sparse is an object of that many bytes, all of them 1.
type sparse int64

func (s sparse) ReadAll(context.Context, []byte, int) ([]byte, error) {
	return nil, errors.New("it is too large")
}

func (s sparse) ReadSpans(_ context.Context, spans []nd.Span) error {
	for _, span := range spans {
		for i := range span.Dst {
			span.Dst[i] = 1
		}
	}
	return nil
}
