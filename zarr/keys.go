package zarr

import (
	"fmt"
	"strconv"
	"strings"
)

// KeyEncoding says under which keys, relative to the array's folder, chunks are
// stored (core specification, section "Chunk key encoding"). The zero value is
// the default: "c/1/2/3".
type KeyEncoding struct {
	V2  bool // "1.2.3" instead of "c/1/2/3"
	Dot bool // the separator is "." (V2: unless Slash)
}

// ParseKeyEncoding reads an encoding as people write it: "default", "default.",
// "v2" (with dots) or "v2/".
func ParseKeyEncoding(s string) (KeyEncoding, error) {
	switch s {
	case "", "default", "default/":
		return KeyEncoding{}, nil
	case "default.":
		return KeyEncoding{Dot: true}, nil
	case "v2", "v2.":
		return KeyEncoding{V2: true, Dot: true}, nil
	case "v2/":
		return KeyEncoding{V2: true}, nil
	}
	return KeyEncoding{}, fmt.Errorf("unknown chunk key encoding %q: default, default., v2 or v2/", s)
}

func parseKeys(m *object) (KeyEncoding, error) {
	var k KeyEncoding
	name, config, err := m.named("chunk_key_encoding")
	if err != nil {
		return k, err
	}
	separator := "/"
	switch name {
	case "default":
	case "v2":
		k.V2, separator = true, "."
	default:
		return k, fmt.Errorf("chunk_key_encoding: unknown encoding %q (known: default, v2)", name)
	}
	if err := config.take("separator", &separator, optional); err != nil {
		return k, err
	}
	if separator != "/" && separator != "." {
		return k, fmt.Errorf("chunk_key_encoding.configuration.separator: %q is neither / nor a dot", clip([]byte(separator)))
	}
	k.Dot = separator == "."
	return k, config.end()
}

func (k KeyEncoding) document() []member {
	name := "default"
	if k.V2 {
		name = "v2"
	}
	return extension(name, member{"separator", string(k.separator())})
}

func (k KeyEncoding) separator() byte {
	if k.Dot {
		return '.'
	}
	return '/'
}

// String returns the encoding as ParseKeyEncoding reads it.
func (k KeyEncoding) String() string {
	name := "default"
	if k.V2 {
		name = "v2"
	}
	if k.Dot != k.V2 {
		name += string(k.separator())
	}
	return name
}

// Key appends the key of the chunk at the given grid coordinates.
func (k KeyEncoding) Key(dst []byte, coords []int) []byte {
	switch {
	case !k.V2:
		dst = append(dst, 'c')
	case len(coords) == 0:
		return append(dst, '0')
	}
	for i, c := range coords {
		if i > 0 || !k.V2 {
			dst = append(dst, k.separator())
		}
		dst = strconv.AppendInt(dst, int64(c), 10)
	}
	return dst
}

// Coords reads the grid coordinates back from a key of ndim of them; false if
// it is not a chunk's key.
func (k KeyEncoding) Coords(key string, ndim int) ([]int, bool) {
	coords := make([]int, 0, ndim)
	rest := key
	if !k.V2 {
		var ok bool
		if rest, ok = strings.CutPrefix(key, "c"); !ok {
			return nil, false
		}
		if ndim > 0 {
			if rest == "" || rest[0] != k.separator() {
				return nil, false
			}
			rest = rest[1:]
		}
	} else if ndim == 0 {
		return coords, key == "0"
	}
	if ndim == 0 {
		return coords, rest == ""
	}
	for _, s := range strings.Split(rest, string(k.separator())) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || strconv.Itoa(n) != s || len(coords) == ndim {
			return nil, false
		}
		coords = append(coords, n)
	}
	return coords, len(coords) == ndim
}

// Folders reports whether chunk keys lie in folders of their own, so that a
// listing of the array's folder has to go down into them.
func (k KeyEncoding) Folders() bool { return !k.Dot }
