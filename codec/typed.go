package codec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// typed is a codec that people can name, and its settings in their order.
type typed struct {
	spec     string
	always   map[string]any
	settings []setting
	need     int // of them that cannot be left out
}

// setting is a member of a configuration.
type setting struct {
	member    string
	kind      settingKind
	otherwise any // nil: left out
}

type settingKind int

const (
	integerSetting settingKind = iota
	numberSetting
	nameSetting
	typeSetting
	dataTypeSetting // as Zarr v3 metadata has it
)

var typedCodecs = map[string]typed{
	"zstd":             {spec: "zstd", always: map[string]any{"checksum": false}, settings: []setting{{"level", integerSetting, 3}}},
	"gzip":             {spec: "gzip", settings: []setting{{"level", integerSetting, 6}}},
	"zlib":             {spec: "numcodecs.zlib", settings: []setting{{"level", integerSetting, 6}}},
	"bz2":              {spec: "numcodecs.bz2", settings: []setting{{"level", integerSetting, 9}}},
	"lz4":              {spec: "numcodecs.lz4", settings: []setting{{"acceleration", integerSetting, 1}}},
	"blosc":            {spec: "blosc", always: map[string]any{"blocksize": 0}, settings: []setting{{"cname", nameSetting, "lz4"}, {"clevel", integerSetting, 5}, {"shuffle", nameSetting, "shuffle"}}},
	"shuffle":          {spec: "numcodecs.shuffle", settings: []setting{{"elementsize", integerSetting, nil}}},
	"crc32":            {spec: "numcodecs.crc32"},
	"adler32":          {spec: "numcodecs.adler32"},
	"fletcher32":       {spec: "numcodecs.fletcher32"},
	"jenkins_lookup3":  {spec: "numcodecs.jenkins_lookup3"},
	"delta":            {spec: "numcodecs.delta", settings: []setting{{"astype", typeSetting, nil}}},
	"astype":           {spec: "numcodecs.astype", settings: []setting{{"encode_dtype", typeSetting, nil}}, need: 1},
	"quantize":         {spec: "numcodecs.quantize", settings: []setting{{"digits", integerSetting, nil}, {"astype", typeSetting, nil}}, need: 1},
	"bitround":         {spec: "numcodecs.bitround", settings: []setting{{"keepbits", integerSetting, nil}}, need: 1},
	"packbits":         {spec: "numcodecs.packbits"},
	"scale_offset":     {spec: "scale_offset", settings: []setting{{"offset", numberSetting, nil}, {"scale", numberSetting, nil}}, need: 1},
	"cast_value":       {spec: "cast_value", settings: []setting{{"data_type", dataTypeSetting, nil}, {"rounding", nameSetting, nil}, {"out_of_range", nameSetting, nil}}, need: 1},
	"fixedscaleoffset": {spec: "numcodecs.fixedscaleoffset", settings: []setting{{"offset", numberSetting, nil}, {"scale", numberSetting, nil}, {"astype", typeSetting, nil}}, need: 2},
}

// part is one codec that somebody has typed.
type part struct {
	typed
	config map[string]any
}

func parseParts(text string) ([]part, error) {
	if text == "" || text == "none" {
		return nil, nil
	}
	var parts []part
	for _, word := range strings.Split(text, "+") {
		p, err := parsePart(word)
		if err != nil {
			return nil, fmt.Errorf("codec %q: %w", text, err)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func parsePart(text string) (part, error) {
	args := strings.Split(text, ":")
	name, args := args[0], args[1:]
	known, ok := typedCodecs[name]
	p := part{known, map[string]any{}}
	switch {
	case !ok:
		return p, fmt.Errorf("unknown codec %q: one of %s, or none", name, strings.Join(slices.Sorted(maps.Keys(typedCodecs)), ", "))
	case len(args) > len(known.settings):
		return p, fmt.Errorf("%d settings, and %s has at most %d", len(args), name, len(known.settings))
	case len(args) < known.need:
		return p, fmt.Errorf("%s needs %s: %s:…", name, known.settings[len(args)].member, name)
	}
	maps.Copy(p.config, known.always)
	for i, s := range known.settings {
		var value any
		var err error
		if i < len(args) {
			value, err = s.parse(args[i])
		} else {
			value = s.otherwise
		}
		if err != nil {
			return p, err
		}
		if value != nil {
			p.config[s.member] = value
		}
	}
	return p, nil
}

// parse reads a setting; types remain texts.
func (s setting) parse(text string) (any, error) {
	switch s.kind {
	case integerSetting:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("the %s %q is not an integer", s.member, text)
		}
		return n, nil
	case numberSetting:
		if !json.Valid([]byte(text)) || strings.Trim(text, "+-.0123456789eE") != "" {
			return nil, fmt.Errorf("the %s %q is not a number", s.member, text)
		}
		return json.RawMessage(text), nil // with a point or without, which makes a difference
	case typeSetting, dataTypeSetting:
		if _, _, err := dtype.ParseType(text); err != nil {
			return nil, fmt.Errorf("the %s: %w", s.member, err)
		}
	}
	return text, nil
}

// bindParts returns the codecs for elements of a type, in a byte order.
func bindParts(parts []part, t dtype.Type, o dtype.Order) ([]Spec, error) {
	var specs []Spec
	for len(parts) > 0 && filters[parts[0].typed.spec] != nil {
		s, made, err := parts[0].filterSpec(t, o)
		if err != nil {
			return nil, err
		}
		specs, parts, t = append(specs, s), parts[1:], made
	}
	array, err := arraySpec(t, o)
	if err != nil {
		return nil, err
	}
	specs = append(specs, array...)
	exact := 0 // whole elements of any size
	for _, p := range parts {
		if filters[p.typed.spec] != nil {
			return nil, fmt.Errorf("%s works on elements, and stands before all that works on bytes", p.typed.spec)
		}
		s, err := p.bytesSpec(t, exact)
		if err != nil {
			return nil, err
		}
		switch p.typed.spec {
		case "zstd", "gzip", "numcodecs.zlib", "numcodecs.bz2", "numcodecs.lz4", "blosc":
			exact = -1
		}
		specs = append(specs, s)
	}
	return specs, nil
}

// filterSpec returns the spec of a filter, and the type of what it makes. NumPy's
// names of types are in it, because numcodecs needs them.
func (p part) filterSpec(t dtype.Type, o dtype.Order) (Spec, dtype.Type, error) {
	config := maps.Clone(p.config)
	for _, s := range p.settings {
		if text, ok := config[s.member].(string); ok && (s.kind == typeSetting || s.kind == dataTypeSetting) {
			typ, _, err := dtype.ParseType(text)
			if err != nil {
				return Spec{}, t, err
			}
			if config[s.member] = typ.NumPy(o); s.kind == dataTypeSetting {
				config[s.member] = typ.JSON()
			}
		}
	}
	from := t
	if t.Kind() == dtype.Datetime || t.Kind() == dtype.Timedelta {
		from = dtype.Int64 // as which they are stored
	}
	if name := from.NumPy(o); name != "" { // else it is none that filters work on
		switch p.typed.spec {
		case "numcodecs.astype":
			config["decode_dtype"] = name
		case "numcodecs.delta", "numcodecs.fixedscaleoffset", "numcodecs.quantize":
			config["dtype"] = name
		}
	}
	s, err := NewSpec(p.typed.spec, config)
	if err != nil {
		return s, t, err
	}
	f, err := filters[s.Name](s, Chunk{[]int{8}, t, nil}) // the fill value is not known yet
	if err != nil {
		return s, t, err
	}
	_, made := f.out()
	return s, made, nil
}

// bytesSpec returns the spec of a codec that is given so many bytes made of
// elements of a type; exact as in bytesInput.
func (p part) bytesSpec(t dtype.Type, exact int) (Spec, error) {
	config := maps.Clone(p.config)
	switch p.typed.spec {
	case "blosc":
		config["typesize"] = 1 // as blosc has what is larger than it knows
		if n := t.Size(); n > 0 && n < 256 {
			config["typesize"] = n
		}
	case "numcodecs.shuffle":
		if config["elementsize"] == nil {
			config["elementsize"] = max(t.Size(), 1)
		}
	}
	s, err := NewSpec(p.typed.spec, config) // zarr-python refuses those of numcodecs without one
	if err != nil {
		return s, err
	}
	_, err = bytesCodecs[s.Name](s, bytesInput{t, 0, exact})
	return s, err
}
