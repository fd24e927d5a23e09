package zarr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

// coding is how Zarr v2 says that elements are stored.
type coding struct {
	descr   dtype.Descr
	order   dtype.Order
	fortran bool
	object  codec.Spec // of elements of any length
	filters []codecV2
	last    *codecV2
}

// codecV2 is a codec as Zarr v2 has it: numcodecs' name, and the other members of
// its object.
type codecV2 struct {
	id     string
	config json.RawMessage
	at     string // where the document has it
}

// numcodecs is what zarr-python puts before the name of a codec of numcodecs that
// Zarr v3 does not have.
const numcodecs = "numcodecs."

// arrayFilters are the codecs of numcodecs that turn elements into elements. All
// others turn bytes into bytes.
var arrayFilters = []string{"delta", "fixedscaleoffset", "quantize", "bitround", "packbits", "astype"}

// objectFilters turn elements of any length into bytes.
var objectFilters = map[string]dtype.Type{"vlen-utf8": dtype.String, "vlen-bytes": dtype.ByteStrings}

// pythonFilters turn objects of Python into bytes, or into numbers.
var pythonFilters = []string{"pickle", "json", "json2", "msgpack", "msgpack2", "categorize", "vlen-array"}

// maxFilters bounds the codecs of an array.
const maxFilters = 64

// takeCoding reads the members that say how elements are stored.
func takeCoding(m *object, l *layoutV2) (*coding, error) {
	for _, member := range []struct {
		name string
		into *json.RawMessage
	}{{"dtype", &l.dtype}, {"compressor", &l.compressor}, {"fill_value", &l.fill}, {"order", &l.order}, {"filters", &l.filters}} {
		raw, ok := m.pop(member.name)
		switch {
		case !ok && member.name == "filters":
			raw = json.RawMessage("null") // as some writers leave it out
		case !ok:
			return nil, fmt.Errorf("%s: %q is missing", m.path, member.name)
		case len(raw) > maxMember:
			return nil, fmt.Errorf("%s: %d bytes of text, and at most %d are supported", member.name, len(raw), maxMember)
		}
		*member.into = bytes.Clone(raw)
	}
	c := &coding{}
	switch string(l.order) {
	case `"C"`:
	case `"F"`:
		c.fortran = true
	default:
		return nil, fmt.Errorf(`order: %s is neither "C" nor "F"`, clip(l.order))
	}
	if err := c.takeFilters(l.filters); err != nil {
		return nil, err
	}
	if !isNull(l.compressor) {
		last, err := parseCodecV2(l.compressor, "compressor")
		if err != nil {
			return nil, err
		}
		c.last = &last
	}
	return c, c.takeType(l.dtype)
}

func (c *coding) takeFilters(raw json.RawMessage) error {
	if isNull(raw) {
		return nil
	}
	var list []json.RawMessage
	if err := decode(raw, &list); err != nil {
		return fmt.Errorf("filters: %w", err)
	}
	if len(list) > maxFilters {
		return fmt.Errorf("filters: there are %d, and at most %d are supported", len(list), maxFilters)
	}
	for i, item := range list {
		f, err := parseCodecV2(bytes.TrimSpace(item), fmt.Sprintf("filters[%d]", i))
		if err != nil {
			return err
		}
		c.filters = append(c.filters, f)
	}
	return nil
}

func parseCodecV2(raw json.RawMessage, at string) (codecV2, error) {
	c := codecV2{at: at}
	v, err := decodeValue(raw) // which finds names that are there twice
	if err == nil {
		err = checkCodecs(v)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", at, err)
	}
	m, err := members(raw, at)
	if err != nil {
		return c, err
	}
	if err := m.take("id", &c.id, required); err != nil {
		return c, err
	}
	if len(m.rest) > 0 {
		if c.config, err = plainJSON(m.rest); err != nil {
			return c, fmt.Errorf("%s: %w", at, err)
		}
	}
	return c, nil
}

// takeType reads the type. Elements of any length are objects of Python, and what
// they are the first filter says.
func (c *coding) takeType(raw json.RawMessage) error {
	if s := string(raw); s == `"|O"` || s == `"O"` {
		if len(c.filters) == 0 {
			return errors.New("filters: there is none that turns objects of Python, dtype |O, into bytes")
		}
		first := c.filters[0]
		t, ok := objectFilters[first.id]
		if !ok {
			return fmt.Errorf("%s: objects of Python that %q encodes cannot be read; those of vlen-utf8 and vlen-bytes can", first.at, clip([]byte(first.id)))
		}
		c.descr, c.object, c.filters = dtype.Descr{Type: t}, codec.Spec{Name: first.id, Config: first.config}, c.filters[1:]
		return nil
	}
	d, err := dtype.ParseDescr(raw)
	if err != nil {
		return fmt.Errorf("dtype: %w", err)
	}
	order, uniform := d.Order()
	if !uniform {
		return errors.New("dtype: fields of different byte orders are not supported")
	}
	c.descr, c.order = d, order
	return nil
}

// specs returns the codecs as Zarr v3 would have them, which store the same bytes:
// a transposition for the order F, filters of elements, the one that makes bytes of
// them, filters of bytes, and the compressor.
func (c *coding) specs(ndim int) ([]codec.Spec, error) {
	var specs []codec.Spec
	if c.fortran && ndim > 1 {
		specs = append(specs, codec.Spec{Name: "transpose", Config: reversal(ndim)})
	}
	array, rest := c.filters, []codecV2(nil)
	if i := slices.IndexFunc(c.filters, func(f codecV2) bool { return !slices.Contains(arrayFilters, f.id) }); i >= 0 {
		array, rest = c.filters[:i], c.filters[i:]
	}
	if c.last != nil {
		rest = append(slices.Clip(rest), *c.last)
	}
	now := c.descr
	if c.object.Name != "" {
		if len(array) > 0 {
			return nil, fmt.Errorf("%s: %s works on numbers, and these are bytes", array[0].at, array[0].id)
		}
		specs = append(specs, c.object)
	} else {
		for _, f := range array {
			made, err := f.becomes(now)
			if err != nil {
				return nil, err
			}
			if err := f.takes(now); err != nil {
				return nil, err
			}
			now = made
			specs = append(specs, codec.Spec{Name: numcodecs + f.id, Config: f.config})
		}
		specs = append(specs, bytesSpec(now))
	}
	item := now.Type.Size() // of what the next codec is given, as numcodecs sees it
	for _, f := range rest {
		if slices.Contains(arrayFilters, f.id) {
			return nil, fmt.Errorf("%s: %s works on elements, and what comes before makes bytes of them", f.at, f.id)
		}
		if slices.Contains(pythonFilters, f.id) || objectFilters[f.id] != (dtype.Type{}) {
			return nil, fmt.Errorf("%s: %s works on objects of Python, and these are none", f.at, f.id)
		}
		s, err := f.spec(max(item, 1))
		if err != nil {
			return nil, err
		}
		specs, item = append(specs, s), 1
	}
	return specs, nil
}

func reversal(ndim int) json.RawMessage {
	out := []byte(`{"order":[`)
	for i := ndim - 1; i >= 0; i-- {
		out = fmt.Appendf(out, "%d", i)
		if i > 0 {
			out = append(out, ',')
		}
	}
	return append(out, "]}"...)
}

// bytesSpec is the codec that stores elements as they are, in a byte order.
func bytesSpec(d dtype.Descr) codec.Spec {
	if !d.Type.Ordered() {
		return codec.Spec{Name: "bytes"}
	}
	order, _ := d.Order()
	return codec.Spec{Name: "bytes", Config: fmt.Appendf(nil, `{"endian":"%s"}`, order)}
}

// takes reports an error for elements that a filter takes for those of another byte
// order: to numcodecs they are other numbers then.
func (f codecV2) takes(d dtype.Descr) error {
	order, ordered, err := filterOrder(f.id, f.config)
	if err != nil {
		return fmt.Errorf("%s: %w", f.at, err)
	}
	if is, _ := d.Order(); ordered && d.Type.Ordered() && order != is {
		return fmt.Errorf("%s: %s takes elements for %s-endian ones that are %s-endian, which is not supported: copy the array with zarr-python to one of that byte order", f.at, f.id, order, is)
	}
	return nil
}

// becomes returns the type of what a filter makes of elements. Its configuration
// says so in the words of NumPy.
func (f codecV2) becomes(d dtype.Descr) (dtype.Descr, error) {
	var config map[string]json.RawMessage
	if f.config != nil {
		if err := json.Unmarshal(f.config, &config); err != nil {
			return d, fmt.Errorf("%s: %w", f.at, err)
		}
	}
	names := []string{"astype", "dtype"}
	switch f.id {
	case "packbits":
		return dtype.ParseDescr(json.RawMessage(`"|u1"`))
	case "astype":
		names = []string{"encode_dtype"}
	case "bitround":
		names = nil
	}
	for _, name := range names {
		if raw := config[name]; raw != nil && !isNull(raw) {
			made, err := dtype.ParseDescr(raw)
			if err != nil {
				return d, fmt.Errorf("%s.%s: %w", f.at, name, err)
			}
			if _, uniform := made.Order(); !uniform {
				return d, fmt.Errorf("%s.%s: fields of different byte orders are not supported", f.at, name)
			}
			return made, nil
		}
	}
	return d, nil
}

// spec returns a codec of bytes as Zarr v3 has it: those of its specifications
// where they store the same bytes.
func (f codecV2) spec(item int) (codec.Spec, error) {
	switch f.id {
	case "zstd":
		return codec.Spec{Name: f.id, Config: f.config}, nil
	case "gzip":
		var c struct {
			Level *int `json:"level"`
		}
		if json.Unmarshal(f.config, &c) == nil && c.Level != nil && *c.Level >= 0 { // which the codec of v3 has to be told
			return codec.Spec{Name: f.id, Config: f.config}, nil
		}
	case "blosc":
		return f.blosc(item)
	}
	return codec.Spec{Name: numcodecs + f.id, Config: f.config}, nil
}

// shuffles are blosc's filters as numcodecs counts them; -1 is to choose one by the
// size of elements.
var shuffles = []string{"noshuffle", "shuffle", "bitshuffle"}

// bloscConfig is the configuration of blosc in Zarr v3.
type bloscConfig struct {
	Name     string `json:"cname"`
	Level    int    `json:"clevel"`
	Shuffle  string `json:"shuffle"`
	TypeSize int    `json:"typesize"`
	Block    int    `json:"blocksize"`
}

func (f codecV2) blosc(item int) (codec.Spec, error) {
	m := &object{f.at, map[string]json.RawMessage{}}
	if f.config != nil {
		var err error
		if m, err = members(f.config, f.at); err != nil {
			return codec.Spec{}, err
		}
	}
	c, shuffle := bloscConfig{Name: "lz4", Level: 5}, 1
	for name, into := range map[string]any{"cname": &c.Name, "clevel": &c.Level, "shuffle": &shuffle, "blocksize": &c.Block} {
		if err := m.take(name, into, optional); err != nil {
			return codec.Spec{}, err
		}
	}
	delete(m.rest, "typesize") // some versions of numcodecs write it, and it is in every chunk
	if err := m.end(); err != nil {
		return codec.Spec{}, err
	}
	c.TypeSize = item
	if item > 255 { // as blosc has it
		c.TypeSize = 1
	}
	if shuffle == -1 {
		shuffle = 1
		if c.TypeSize == 1 {
			shuffle = 2
		}
	}
	if shuffle < 0 || shuffle >= len(shuffles) {
		return codec.Spec{}, fmt.Errorf("%s.shuffle: %d is not from -1 to 2", f.at, shuffle)
	}
	c.Shuffle = shuffles[shuffle]
	return codec.NewSpec("blosc", c)
}
