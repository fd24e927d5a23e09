package zarr_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/zarr"
)

func mustKeys(t testing.TB, s string) zarr.KeyEncoding {
	t.Helper()
	k, err := zarr.ParseKeyEncoding(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		encoding, name string
		folders        bool
		keys           [3]string // of (), (5) and (1, 0, 23)
	}{
		{"", "default", true, [3]string{"c", "c/5", "c/1/0/23"}},
		{"default", "default", true, [3]string{"c", "c/5", "c/1/0/23"}},
		{"default/", "default", true, [3]string{"c", "c/5", "c/1/0/23"}},
		{"default.", "default.", false, [3]string{"c", "c.5", "c.1.0.23"}},
		{"v2", "v2", false, [3]string{"0", "5", "1.0.23"}},
		{"v2.", "v2", false, [3]string{"0", "5", "1.0.23"}},
		{"v2/", "v2/", true, [3]string{"0", "5", "1/0/23"}},
	} {
		k := mustKeys(t, c.encoding)
		if k.String() != c.name || mustKeys(t, k.String()) != k || k.Folders() != c.folders {
			t.Errorf("%q: String() = %q, Folders() = %v", c.encoding, k, k.Folders())
		}
		for i, coords := range [][]int{{}, {5}, {1, 0, 23}} {
			if got := string(k.Key([]byte("a/"), coords)); got != "a/"+c.keys[i] {
				t.Errorf("%q: key of %v = %q, want a/%s", c.encoding, coords, got, c.keys[i])
			}
		}
	}
	if _, err := zarr.ParseKeyEncoding("V2"); err == nil {
		t.Error("V2 is an encoding")
	}
}

var encodings = []string{"default", "default.", "v2", "v2/"}

// TestKeysInverse: Coords undoes Key, and whatever Coords takes for a key is
// one that Key gives.
func TestKeysInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, err := zarr.ParseKeyEncoding(rapid.SampledFrom(encodings).Draw(t, "encoding"))
		if err != nil {
			t.Fatal(err)
		}
		coords := rapid.SliceOfN(rapid.IntMin(0), 0, 5).Draw(t, "coords")
		key := string(k.Key(nil, coords))
		if got, ok := k.Coords(key, len(coords)); !ok || !slices.Equal(got, coords) {
			t.Fatalf("%s: coords of %q = %v %v, want %v", k, key, got, ok, coords)
		}
		for ndim := range 7 {
			if got, ok := k.Coords(key, ndim); ok && ndim != len(coords) && key != "0" { // v2 has one key for () and for (0)
				t.Fatalf("%s: %q of %d axes is taken for the key of %v", k, key, len(coords), got)
			}
		}
		foreign := rapid.StringOfN(rapid.RuneFrom([]rune("c0019./+- ")), 0, 8, -1).Draw(t, "foreign")
		ndim := rapid.IntRange(0, 4).Draw(t, "ndim")
		if got, ok := k.Coords(foreign, ndim); ok && (len(got) != ndim || string(k.Key(nil, got)) != foreign) {
			t.Fatalf("%s: %q is taken for the key of %v", k, foreign, got)
		}
	})
}

func TestForeignKeys(t *testing.T) {
	foreign := []string{
		"", "/", ".", "c/", "c.", "c//", "c/1/", "c/1//2", "c/01/2", "c/+1/2", "c/-1/2", "c/1/2/3", "c/1.2", "c.1/2", "C/1/2",
		"c/a/2", "c/1/2.tmp", "c/1/2 ", " c/1/2", "cc/1/2", "c1/2", "1/2/", "/1/2", "1.2.", ".1.2", "1..2", "01.2", "1.2.3", "1 .2",
		"c/99999999999999999999/0", "99999999999999999999.0", "c/١/٢", "zarr.json", "c/1/zarr.json", "c/0x1/2", "c/1_0/2",
	}
	for _, encoding := range encodings {
		k := mustKeys(t, encoding)
		for _, key := range foreign {
			if got, ok := k.Coords(key, 2); ok {
				t.Errorf("%s: %q is taken for the key of %v", encoding, key, got)
			}
		}
	}
	for _, c := range []struct{ encoding, key string }{{"default", "c/0"}, {"default", "0"}, {"v2", "c"}, {"v2", "0.0"}, {"v2/", "1"}, {"v2", ""}} {
		if got, ok := mustKeys(t, c.encoding).Coords(c.key, 0); ok {
			t.Errorf("%s: %q is taken for the key of %v", c.encoding, c.key, got)
		}
	}
}
