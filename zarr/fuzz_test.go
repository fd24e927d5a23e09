package zarr_test

import (
	"slices"
	"testing"

	"github.com/dosna/dosna/zarr"
)

// FuzzKeys: names of files in trees that came from somebody else are taken for
// chunks only if they are what the chunk's key would be.
func FuzzKeys(f *testing.F) {
	for _, key := range []string{"c/0/1", "c.0.1", "0.1", "0/1", "c", "0", "c/", "c/00", "c/-1", "c/+1", "c/9223372036854775808", "c/0/1/2", "C/0", "c/0\x00", "c//0", "c/٣"} {
		for i := range encodings {
			f.Add(key, i, 2)
		}
	}
	f.Fuzz(func(t *testing.T, key string, encoding, ndim int) {
		if encoding < 0 || encoding >= len(encodings) || ndim < 0 || ndim > zarr.MaxDims {
			return
		}
		k := mustKeys(t, encodings[encoding])
		coords, ok := k.Coords(key, ndim)
		if !ok {
			return
		}
		if len(coords) != ndim || slices.ContainsFunc(coords, func(n int) bool { return n < 0 }) || string(k.Key(nil, coords)) != key {
			t.Errorf("%s: %q is taken for %v", k, key, coords)
		}
	})
}

// FuzzParseKeyEncoding: the flag and the member of specs.
func FuzzParseKeyEncoding(f *testing.F) {
	for _, s := range []string{"", "default", "default.", "default/", "v2", "v2.", "v2/", "V2", "v2//", "v3", "default\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := zarr.ParseKeyEncoding(s)
		if err != nil {
			return
		}
		if again, err := zarr.ParseKeyEncoding(k.String()); err != nil || again != k {
			t.Errorf("%q is %s, which is %v, %v", s, k, again, err)
		}
	})
}
