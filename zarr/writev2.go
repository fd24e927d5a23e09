package zarr

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

// coding says in words of Zarr v2 what an array's codecs do, and returns the byte
// order of its elements.
func (l *layoutV2) coding(a *Array) (dtype.Order, error) {
	l.order, l.filters, l.compressor = json.RawMessage(`"C"`), json.RawMessage("null"), json.RawMessage("null")
	order := dtype.Little
	var list []json.RawMessage
	serialized, ordered := false, false
	for i, s := range a.Codecs {
		id, isNumcodecs := strings.CutPrefix(s.Name, numcodecs)
		var raw json.RawMessage
		var err error
		switch {
		case s.Name == "transpose" && i == 0:
			err = l.takeOrder(s, len(a.Shape))
		case s.Name == "bytes":
			serialized = true
			if !ordered {
				order, err = endian(s)
			}
		case isNumcodecs:
			raw, err = idOf(id, s.Config)
		case objectFilters[s.Name] != (dtype.Type{}):
			serialized = true
			raw, err = idOf(s.Name, s.Config)
		case s.Name == "gzip" || s.Name == "zstd":
			raw, err = idOf(s.Name, s.Config)
		case s.Name == "blosc":
			raw, err = bloscV2(s)
		case s.Name == "crc32c":
			err = errors.New("there is no checksum in Zarr v2 that all of its readers know; store without one")
		case s.Name == "sharding_indexed":
			err = errors.New("there are no shards in Zarr v2")
		default:
			err = errors.New("there is nothing like it in Zarr v2")
		}
		if err != nil {
			return order, fmt.Errorf("codec %s: %w", s.Name, err)
		}
		if raw == nil {
			continue
		}
		list = append(list, raw)
		if isNumcodecs && !serialized && !ordered {
			if order, ordered, err = filterOrder(id, s.Config); err != nil {
				return order, fmt.Errorf("codec %s: %w", s.Name, err)
			}
		}
	}
	if !serialized {
		return order, errors.New("codecs: none of them turns elements into bytes")
	}
	if n := len(list); n > 0 && isCompressor(list[n-1]) {
		l.compressor, list = list[n-1], list[:n-1]
	}
	if len(list) > 0 {
		var err error
		if l.filters, err = plainJSON(list); err != nil {
			return order, err
		}
	}
	return order, nil
}

// filterOrder returns the byte order that elements have for a filter to work on,
// if its configuration says so.
func filterOrder(id string, config json.RawMessage) (dtype.Order, bool, error) {
	name := "dtype"
	if id == "astype" {
		name = "decode_dtype"
	}
	var c map[string]json.RawMessage
	if len(config) > 0 {
		if err := json.Unmarshal(config, &c); err != nil {
			return dtype.Little, false, err
		}
	}
	if c[name] == nil || isNull(c[name]) {
		return dtype.Little, false, nil
	}
	d, err := dtype.ParseDescr(c[name])
	if err != nil {
		return dtype.Little, false, err
	}
	order, _ := d.Order()
	return order, d.Type.Ordered(), nil
}

// isCompressor reports whether a codec is one that Zarr v2 names apart from
// filters: not those of elements, nor what makes bytes of objects.
func isCompressor(raw json.RawMessage) bool {
	var c struct {
		ID string `json:"id"`
	}
	return json.Unmarshal(raw, &c) == nil && !slices.Contains(arrayFilters, c.ID) && objectFilters[c.ID] == (dtype.Type{}) && c.ID != "shuffle"
}

// idOf puts a name into a configuration.
func idOf(id string, config json.RawMessage) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if len(config) > 0 && !isNull(config) {
		if err := json.Unmarshal(config, &all); err != nil {
			return nil, err
		}
	}
	var err error
	if all["id"], err = plainJSON(id); err != nil {
		return nil, err
	}
	return plainJSON(all)
}

func endian(s codec.Spec) (dtype.Order, error) {
	var c struct {
		Endian string `json:"endian"`
	}
	if len(s.Config) > 0 {
		if err := json.Unmarshal(s.Config, &c); err != nil {
			return dtype.Little, err
		}
	}
	if c.Endian == dtype.Big.String() {
		return dtype.Big, nil
	}
	return dtype.Little, nil
}

// takeOrder turns a transposition into an order of axes.
func (l *layoutV2) takeOrder(s codec.Spec, ndim int) error {
	var c struct {
		Order json.RawMessage `json:"order"`
	}
	if err := json.Unmarshal(s.Config, &c); err != nil {
		return err
	}
	var axes []int
	if err := json.Unmarshal(c.Order, &axes); err != nil {
		if string(c.Order) != `"F"` && string(c.Order) != `"C"` {
			return err
		}
		l.order = c.Order
		return nil
	}
	straight, reversed := true, true
	for i, n := range axes {
		straight, reversed = straight && n == i, reversed && n == ndim-1-i
	}
	switch {
	case straight:
	case reversed:
		l.order = json.RawMessage(`"F"`)
	default:
		return fmt.Errorf("of the orders of axes Zarr v2 has C and F, and not %v", axes)
	}
	return nil
}

func bloscV2(s codec.Spec) (json.RawMessage, error) {
	var c bloscConfig
	if err := json.Unmarshal(s.Config, &c); err != nil {
		return nil, err
	}
	shuffle := slices.Index(shuffles, c.Shuffle)
	if shuffle < 0 {
		return nil, fmt.Errorf("%q is not one of %s", c.Shuffle, strings.Join(shuffles, ", "))
	}
	return fmt.Appendf(nil, `{"id": "blosc", "cname": %q, "clevel": %d, "shuffle": %d, "blocksize": %d}`, c.Name, c.Level, shuffle, c.Block), nil
}
