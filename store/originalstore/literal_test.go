package originalstore_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store/originalstore"
)

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{
		`None`: `null`, ` True `: `true`, `False`: `false`,
		`0`: `0`, `-0`: `0`, `007`: `7`, `12L`: `12`, `1_000`: `1000`, `0x1F`: `31`, `-0b11`: `-3`, `123456789012345678901234567890`: `123456789012345678901234567890`,
		`1.5`: `1.5`, `1.`: `1.0`, `.5`: `0.5`, `-1e-7`: `-1e-07`, `1e400`: `"Infinity"`, `-inf`: `"-Infinity"`, `nan`: `"NaN"`, `inf`: `"Infinity"`,
		`1j`: `[0.0,1]`, `(1-2.5j)`: `[1,-2.5]`, `(nan+infj)`: `["NaN","Infinity"]`,
		`'a'`: `"a"`, `"it's"`: `"it's"`, `u'\u00b5\n'`: `"µ\n"`, `b'\xff\'x'`: `"ÿ'x"`, `r'\d\''`: `"\\d\\'"`, `'a' "b"`: `"ab"`, `'''a'b'''`: `"a'b"`, `'\101\q'`: `"A\\q"`,
		`[]`: `[]`, `[1, 'a', [2,],]`: `[1,"a",[2]]`, `()`: `[]`, `(1)`: `1`, `(1,)`: `[1]`, `(1, 2)`: `[1,2]`, `{1, 2}`: `[1,2]`,
		`{}`: `{}`, `{'a': {'b': None}, 1: 2, (1, 2): 'x'}`: `{"(1, 2)":"x","1":2,"a":{"b":null}}`,
		`np.float32(0.5)`: `0.5`, `numpy.int64(3)`: `3`, `np.nan`: `"NaN"`, `{'a': np.float64(nan)}`: `{"a":"NaN"}`,
	} {
		got, err := originalstore.Literal(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var a, b any
		if json.Unmarshal(raw, &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s is read as %s, want %s", text, raw, want)
		}
	}
}

func TestLiteralBad(t *testing.T) {
	for _, text := range []string{
		"", " ", "1 2", "[1 2]", "[1", "(1", "{1: 2", "{'a': 1, 'a': 2}", "{'a': 1, 2}", "'a", `'\x4'`, `'\U00110000'`, "1+2", "1.2.3", "1e", "--1", "0xg",
		"x", "os.system('ls')", "np.float32(1, 2)", "[1,,2]", "{,}", "'\xff'", "b", "bb'", strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
	} {
		if v, err := originalstore.Literal(text); err == nil {
			t.Errorf("%.50q is read as %v", text, v)
		}
	}
}

// TestLiteralPython compares with what Python says that its own notation means.
func TestLiteralPython(t *testing.T) {
	out := testenv.RunPython(t, nil, `
import json, math, random
rnd = random.Random(1)
def value(depth):
    kind = rnd.randrange(9 if depth else 6)
    if kind == 0: return rnd.choice([None, True, False])
    if kind == 1: return rnd.randrange(-10**rnd.randrange(1, 40), 10**20)
    if kind == 2: return rnd.choice([-1, 1]) * rnd.random() * 10.0**rnd.randrange(-30, 30)
    if kind < 6: return ''.join(chr(rnd.choice([rnd.randrange(32, 127), rnd.randrange(0, 0x3000), 39, 34, 92])) for _ in range(rnd.randrange(12)))
    if kind == 6: return [value(depth - 1) for _ in range(rnd.randrange(4))]
    if kind == 7: return tuple(value(depth - 1) for _ in range(rnd.randrange(4)))
    return {str(value(0)): value(depth - 1) for _ in range(rnd.randrange(4))}
print(json.dumps([[repr(v), v] for v in (value(4) for _ in range(2000))]))
`)
	var cases [][2]any
	if err := json.Unmarshal([]byte(out), &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got, err := originalstore.Literal(c[0].(string))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again any
		if err := json.Unmarshal(raw, &again); err != nil || !reflect.DeepEqual(again, c[1]) {
			t.Fatalf("%s is read as %s, want %v: %v", c[0], raw, c[1], err)
		}
	}
	if len(cases) != 2000 {
		t.Errorf("%d cases", len(cases))
	}
}

func FuzzLiteral(f *testing.F) {
	for _, seed := range []string{"{'a': (1, 2.5e-3, -nan, 1+2j), u'b': b'\\x00', 0x1f: [None, True]}", "np.float32(0.5)", "r'''\\''' \"b\"", "'\\N{x}\\777'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := originalstore.Literal(text)
		if err != nil {
			return
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%q is read as what JSON cannot say: %v", text, err)
		}
	})
}
