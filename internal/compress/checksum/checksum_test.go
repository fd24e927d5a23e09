package checksum

import "testing"

// The values are those of the functions' own tests: of lookup3.c's driver5, and
// sums added up by hand.
func TestLookup3(t *testing.T) {
	text := []byte("Four score and seven years ago")
	for _, c := range []struct {
		data    []byte
		initial uint32
		want    uint32
	}{
		{nil, 0, 0xdeadbeef},
		{nil, 0xdeadbeef, 0xbd5b7dde},
		{text, 0, 0x17770551},
		{text, 1, 0xcd628161},
	} {
		if got := Lookup3(c.data, c.initial); got != c.want {
			t.Errorf("%q from %#x: %#x, want %#x", c.data, c.initial, got, c.want)
		}
	}
}

func TestFletcher32(t *testing.T) {
	ones := make([]byte, 2000)
	for i := range ones {
		ones[i] = 255
	}
	for _, c := range []struct {
		data string
		want uint32
	}{
		{"", 0},
		{"\x00\x00", 0},
		{"\x01", 0x0100_0100},
		{"\x01\x02", 0x0102_0102},
		{"\x01\x02\x03\x04", 0x0508_0406},
		{"\x01\x02\x03", 0x0504_0402},
		{string(ones), 0xffff_ffff},
	} {
		if got := Fletcher32([]byte(c.data)); got != c.want {
			t.Errorf("% x: %#x, want %#x", c.data[:min(len(c.data), 8)], got, c.want)
		}
	}
}
