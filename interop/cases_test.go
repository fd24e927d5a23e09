package interop

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
)

// array is one array of the matrix. Its JSON is what peer.py reads.
type array struct {
	Name       string          `json:"name"`
	Shape      []int           `json:"shape"`
	Chunks     []int           `json:"chunks"` // of stored objects
	Inner      []int           `json:"inner"`  // of the innermost chunks
	Type       string          `json:"dtype"`
	Fill       json.RawMessage `json:"fill"`
	FillBits   string          `json:"fill_bits"` // of the element in memory, hexadecimal
	Codecs     json.RawMessage `json:"codecs"`
	Keys       json.RawMessage `json:"keys"`
	Names      []*string       `json:"names"`
	Attributes json.RawMessage `json:"attributes"`

	chain, geometry string
}

func (a *array) String() string {
	return fmt.Sprintf("%s: %s %s %s, fill %s", a.Name, a.Type, a.chain, a.geometry, a.Fill)
}

func (a *array) dtype() dtype.Type {
	t, err := dtype.ByName(a.Type)
	if err != nil {
		panic(err)
	}
	return t
}

// A geometry is the shape of an array and of its chunks.
type geometry struct {
	name          string
	shape, chunks []int
}

var geometries = []geometry{
	{"0-D", []int{}, []int{}},
	{"1-D single", []int{1}, []int{1}},
	{"1-D ragged", []int{37}, []int{8}},
	{"1-D empty", []int{0}, []int{4}},
	{"2-D ragged", []int{9, 14}, []int{4, 5}},
	{"2-D exact", []int{8, 6}, []int{4, 3}},
	{"2-D empty rows", []int{0, 5}, []int{2, 3}},
	{"2-D empty columns", []int{5, 0}, []int{2, 3}},
	{"2-D in one chunk", []int{3, 2}, []int{5, 7}},
	{"3-D ragged", []int{7, 5, 9}, []int{3, 2, 4}},
	{"3-D line", []int{1, 1, 300}, []int{1, 1, 128}},
	{"4-D ragged", []int{3, 4, 5, 6}, []int{2, 3, 2, 5}},
	{"5-D ragged", []int{3, 2, 4, 3, 5}, []int{2, 2, 3, 2, 3}},
}

// large has chunks of many of the blocks that compressors work in.
var large = geometry{"2-D large", []int{300, 410}, []int{128, 200}}

// A chain is a list of codecs, made for elements of a type in chunks of a
// shape. A sharded one also says how much longer than chunks its shards are.
type chain struct {
	name   string
	codecs func(t dtype.Type, chunks []int) string
	shards []int // factors, by axis, over and over
}

// codecs writes a list of codecs; T stands for the type's size, R for the axes
// in reverse, S for the axes, the first made the last.
func codecs(list ...string) func(dtype.Type, []int) string {
	return func(t dtype.Type, chunks []int) string {
		n := len(chunks)
		reverse, shift := make([]int, n), make([]int, n)
		for i := range n {
			reverse[i], shift[i] = n-1-i, (i+1)%n
		}
		return strings.NewReplacer("$T", fmt.Sprint(t.Size()), "$R", ints(reverse), "$S", ints(shift)).Replace("[" + strings.Join(list, ",") + "]")
	}
}

func ints(s []int) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

func one(name, config string) string {
	return fmt.Sprintf(`{"name":%q,"configuration":%s}`, name, config)
}

func blosc(cname, shuffle string, level, block int) string {
	return one("blosc", fmt.Sprintf(`{"cname":%q,"clevel":%d,"shuffle":%q,"typesize":$T,"blocksize":%d}`, cname, level, shuffle, block))
}

var (
	little   = one("bytes", `{"endian":"little"}`)
	big      = one("bytes", `{"endian":"big"}`)
	reverse  = one("transpose", `{"order":$R}`)
	shift    = one("transpose", `{"order":$S}`)
	gzip     = one("gzip", `{"level":6}`)
	zstd     = one("zstd", `{"level":3,"checksum":false}`)
	crc32c   = `{"name":"crc32c"}`
	noEndian = `{"name":"bytes"}`
)

// shards returns a chain of shards, of chunks under inner, their index at that
// end under the index codecs, with outer codecs before and behind.
func shards(name string, before []string, inner func(dtype.Type, []int) string, location, index string, behind ...string) chain {
	return chain{name, func(t dtype.Type, chunks []int) string {
		s := one("sharding_indexed", fmt.Sprintf(`{"chunk_shape":%s,"codecs":%s,"index_codecs":[%s],"index_location":%q}`,
			ints(chunks), inner(t, chunks), index, location))
		return codecs(slices.Concat(before, []string{s}, behind)...)(t, chunks)
	}, []int{2, 1, 3, 1, 2}}
}

func chains() []chain {
	list := []chain{
		{"little", codecs(little), nil},
		{"big", codecs(big), nil},
		{"transposed", codecs(reverse, little), nil},
		{"transposed twice, big", codecs(shift, reverse, big), nil},
		{"default", codecs(little, zstd, crc32c), nil},
		{"crc32c", codecs(little, crc32c), nil},
		{"crc32c twice, big", codecs(big, crc32c, crc32c), nil},
		{"gzip", codecs(little, gzip), nil},
		{"gzip 0", codecs(little, one("gzip", `{"level":0}`)), nil},
		{"gzip 9, big", codecs(big, one("gzip", `{"level":9}`)), nil},
		{"zstd", codecs(little, zstd), nil},
		{"zstd with checksum", codecs(big, one("zstd", `{"level":1,"checksum":true}`)), nil},
		{"zstd -5", codecs(little, one("zstd", `{"level":-5,"checksum":false}`)), nil},
		{"zstd 19", codecs(little, one("zstd", `{"level":19,"checksum":false}`)), nil},
		{"gzip in zstd in crc32c", codecs(little, gzip, zstd, crc32c), nil},
		{"crc32c in gzip", codecs(little, crc32c, gzip), nil},
		{"transposed, big, blosc, crc32c", codecs(shift, big, blosc("zstd", "bitshuffle", 5, 0), crc32c), nil},
		{"numcodecs zlib", codecs(little, one("numcodecs.zlib", `{"level":6}`)), nil},
		{"numcodecs bz2, big", codecs(big, one("numcodecs.bz2", `{"level":1}`), crc32c), nil},
		{"numcodecs shuffle, lz4", codecs(little, one("numcodecs.shuffle", `{"elementsize":$T}`), one("numcodecs.lz4", `{"acceleration":1}`)), nil},
		{"numcodecs crc32, transposed", codecs(reverse, little, one("numcodecs.crc32", `{}`)), nil},
		{"numcodecs checksums", codecs(little, one("numcodecs.adler32", `{"location":"end"}`), one("numcodecs.jenkins_lookup3", `{"initval":3,"prefix":null}`), one("numcodecs.fletcher32", `{}`)), nil},
		{"blosc 0", codecs(little, blosc("lz4", "shuffle", 0, 0)), nil},
		{"blosc 9 in blocks", codecs(little, blosc("lz4", "shuffle", 9, 512)), nil},
	}
	for _, cname := range []string{"lz4", "lz4hc", "blosclz", "zstd", "zlib"} {
		for _, shuffle := range []string{"noshuffle", "shuffle", "bitshuffle"} {
			list = append(list, chain{"blosc " + cname + " " + shuffle, codecs(little, blosc(cname, shuffle, 5, 0)), nil})
		}
	}
	checked := little + "," + crc32c
	nested := func(t dtype.Type, chunks []int) string {
		return shards("", nil, codecs(big, zstd), "start", checked).codecs(t, chunks)
	}
	list = append(list,
		shards("shards", nil, codecs(little), "end", checked),
		shards("shards, index at start", nil, codecs(little), "start", checked),
		shards("shards, default", nil, codecs(little, zstd, crc32c), "end", checked),
		shards("shards, bare index at start", nil, codecs(big, gzip), "start", little),
		shards("shards, numcodecs", nil, codecs(little, one("numcodecs.shuffle", `{"elementsize":$T}`), one("numcodecs.zlib", `{"level":1}`)), "end", checked),
		shards("shards, big index", nil, codecs(little), "end", big+","+crc32c),
		shards("shards of transposed", nil, codecs(reverse, big, blosc("lz4", "shuffle", 5, 0)), "end", checked),
		shards("shards in crc32c", nil, codecs(little), "end", checked, crc32c),
		shards("shards in gzip", nil, codecs(little, crc32c), "start", checked, gzip),
		chain{"shards of shards", func(t dtype.Type, chunks []int) string {
			mid := slices.Clone(chunks)
			for i := range mid {
				mid[i] *= 2
			}
			return codecs(one("sharding_indexed", fmt.Sprintf(`{"chunk_shape":%s,"codecs":%s,"index_codecs":[%s],"index_location":"end"}`,
				ints(mid), nested(t, chunks), checked)))(t, chunks)
		}, []int{4, 2, 2}},
		transposedShards(),
	)
	return list
}

// transposedShards has chunks whose shape is that of transposed space, so that
// for the values, whose absent blocks lie in array space, it is turned back.
func transposedShards() chain {
	return chain{"transposed shards", func(t dtype.Type, chunks []int) string {
		turned := slices.Clone(chunks)
		slices.Reverse(turned)
		return codecs(reverse, one("sharding_indexed", fmt.Sprintf(`{"chunk_shape":%s,"codecs":[%s],"index_codecs":[%s,%s],"index_location":"end"}`,
			ints(turned), little+","+zstd, little, crc32c)))(t, chunks)
	}, []int{2, 1, 3, 1, 2}}
}

// fills are the fill values to try, as metadata states them.
func fills(t dtype.Type) []string {
	switch t.Kind() {
	case dtype.Boolean:
		return []string{"false", "true"}
	case dtype.Int:
		low := int64(-1) << (8*t.Size() - 1)
		return []string{"0", "-1", fmt.Sprint(low), fmt.Sprint(-(low + 1))}
	case dtype.Uint:
		return []string{"0", "1", fmt.Sprint(^uint64(0) >> (64 - 8*t.Size()))}
	}
	n := t.Unit()
	hexNaN := map[int]string{2: `"0xfe01"`, 4: `"0xffc00001"`, 8: `"0x7ff8000000000123"`}[n]
	most := map[int]string{2: "65504.0", 4: "3.4028234663852886e+38", 8: "1.7976931348623157e+308"}[n]
	least := map[int]string{2: "5.960464477539063e-08", 4: "1.401298464324817e-45", 8: "5e-324"}[n]
	parts := []string{"0.0", `"NaN"`, `"Infinity"`, `"-Infinity"`, "-0.0", "1", "0.1", hexNaN, most, least, `"0x` + strings.Repeat("00", n-1) + `01"`}
	if t.Kind() == dtype.Float {
		return parts
	}
	var pairs []string
	for i, p := range parts {
		pairs = append(pairs, fmt.Sprintf("[%s,%s]", p, parts[(i*3+2)%len(parts)]))
	}
	return pairs
}

var (
	keyEncodings = []string{
		one("default", `{"separator":"/"}`), one("default", `{"separator":"."}`), one("v2", `{"separator":"."}`), one("v2", `{"separator":"/"}`),
	}
	attributes = []string{
		`{}`,
		`{"units":"µm","scale":[0.5,0.5,2e-300],"deep":{"list":[1,null,true,{"a":[]}]},"count":9007199254740993,"big":18446744073709551615}`,
	}
)

// matrix returns all arrays: every type under every chain; every type, and
// every chain, in every geometry; every fill value. What is not crossed is
// chosen at random, the same way every time. With full, every type under every
// chain in every geometry.
func matrix(t testing.TB, full bool) []*array {
	t.Helper()
	var list []*array
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(s []string) string { return s[random.IntN(len(s))] }
	add := func(typ dtype.Type, c chain, g geometry, fill string) {
		a := &array{
			Name: fmt.Sprintf("a%04d", len(list)), Shape: g.shape, Chunks: slices.Clone(g.chunks), Inner: g.chunks,
			Type: typ.Name(), Fill: json.RawMessage(fill), Codecs: json.RawMessage(c.codecs(typ, g.chunks)),
			Keys: json.RawMessage(pick(keyEncodings)), Attributes: json.RawMessage(pick(attributes)),
			chain: c.name, geometry: g.name,
		}
		if typ.Size() == 1 && random.IntN(2) == 0 {
			a.Codecs = json.RawMessage(strings.ReplaceAll(strings.ReplaceAll(string(a.Codecs), little, noEndian), `"index_codecs":[`+noEndian, `"index_codecs":[`+little))
		}
		for i := range a.Chunks {
			if c.shards != nil {
				a.Chunks[i] *= c.shards[i%len(c.shards)]
			}
		}
		elem, err := typ.ParseFill(a.Fill)
		if err != nil {
			t.Fatal(err)
		}
		a.FillBits = hex.EncodeToString(elem)
		if random.IntN(2) == 0 {
			for i := range g.shape {
				name := fmt.Sprintf("axis %d", i)
				a.Names = append(a.Names, &name)
				if random.IntN(3) == 0 {
					a.Names[i] = nil
				}
			}
		}
		list = append(list, a)
	}
	types, all := dtype.All(), chains()
	for _, typ := range types {
		for _, c := range all {
			if full {
				for _, g := range geometries {
					add(typ, c, g, pick(fills(typ)))
				}
				continue
			}
			add(typ, c, geometries[random.IntN(len(geometries))], pick(fills(typ)))
		}
		for _, g := range geometries {
			add(typ, all[random.IntN(len(all))], g, pick(fills(typ)))
		}
		for _, fill := range fills(typ) {
			add(typ, all[random.IntN(len(all))], geometries[4], fill)
		}
	}
	for _, c := range all {
		for _, g := range geometries {
			typ := types[random.IntN(len(types))]
			add(typ, c, g, pick(fills(typ)))
		}
		for _, typ := range []dtype.Type{dtype.Uint8, dtype.Float32, dtype.Complex128}[random.IntN(3):][:1] {
			add(typ, c, large, pick(fills(typ)))
		}
	}
	return list
}
