package httpstore

import (
	"testing"
)

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 0-9/10", "bytes */10", "bytes 0-0/1", "", "bytes 9-0/10", "bytes 0-9/9223372036854775808", "bytes +1-2/3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		first, last, size, err := contentRange(header)
		if err == nil && (first < 0 || first > last || last >= size) {
			t.Errorf("%q: bytes %d to %d of %d", header, first, last, size)
		}
	})
}
