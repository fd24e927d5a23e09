package codec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// ParseSpecs reads codecs as people write them and returns the whole list for
// unsharded chunks of a type in a byte order: "zstd", "zstd:3", "gzip:6",
// "blosc:lz4:5:shuffle" (compressor, level, shuffle, bitshuffle or noshuffle),
// "none". A checksum is "crc32c" or "none".
func ParseSpecs(text, checksum string, t dtype.Type, o dtype.Order) ([]Spec, error) {
	specs, err := arraySpec(t, o)
	if err != nil {
		return nil, err
	}
	if text != "none" && text != "" {
		s, err := parseCompressor(text, t)
		if err != nil {
			return nil, fmt.Errorf("codec %q: %w", text, err)
		}
		specs = append(specs, s)
	}
	switch checksum {
	case "crc32c":
		specs = append(specs, Spec{Name: "crc32c"})
	case "none":
	default:
		return nil, fmt.Errorf("unknown checksum %q: crc32c or none", checksum)
	}
	return specs, nil
}

func arraySpec(t dtype.Type, o dtype.Order) ([]Spec, error) {
	if !t.Ordered() {
		return []Spec{{Name: "bytes"}}, nil
	}
	s, err := NewSpec("bytes", map[string]any{"endian": o.String()})
	return []Spec{s}, err
}

func parseCompressor(text string, t dtype.Type) (Spec, error) {
	args := strings.Split(text, ":")
	name, args := args[0], args[1:]
	level := func(i, otherwise int) (int, error) {
		if len(args) <= i {
			return otherwise, nil
		}
		n, err := strconv.Atoi(args[i])
		if err != nil {
			return 0, fmt.Errorf("the level %q is not an integer", args[i])
		}
		return n, nil
	}
	most := 1
	config := map[string]any{}
	var err error
	switch name {
	case "zstd":
		config["checksum"] = false
		config["level"], err = level(0, 3)
	case "gzip":
		config["level"], err = level(0, 6)
	case "blosc":
		most = 3
		config["cname"], config["shuffle"], config["typesize"], config["blocksize"] = "lz4", "shuffle", t.Size(), 0
		if len(args) > 0 {
			config["cname"] = args[0]
		}
		if len(args) > 2 {
			config["shuffle"] = args[2]
		}
		config["clevel"], err = level(1, 5)
	default:
		return Spec{}, fmt.Errorf("unknown compressor: zstd[:LEVEL], gzip[:LEVEL], blosc[:CNAME[:LEVEL[:SHUFFLE]]] or none")
	}
	if err != nil {
		return Spec{}, err
	}
	if len(args) > most {
		return Spec{}, fmt.Errorf("%d settings, and %s has at most %d", len(args), name, most)
	}
	s, err := NewSpec(name, config)
	if err != nil {
		return Spec{}, err
	}
	_, err = bytesCodecs[name](s, bytesInput{t: t, exact: -1})
	return s, err
}
