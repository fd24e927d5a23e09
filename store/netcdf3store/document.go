package netcdf3store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/netcdf3"
)

// fillName is the attribute with the value of elements that are missing: "Attribute Conventions" of the NetCDF User's Guide.
const fillName = "_FillValue"

// characters is the type of netCDF's characters, each one byte.
var characters = func() dtype.Type {
	t, err := dtype.NewFixedBytes(1)
	if err != nil {
		panic(err)
	}
	return t
}()

var types = map[netcdf3.Type]dtype.Type{
	netcdf3.Byte: dtype.Int8, netcdf3.Char: characters, netcdf3.Short: dtype.Int16, netcdf3.Int: dtype.Int32, netcdf3.Float: dtype.Float32,
	netcdf3.Double: dtype.Float64, netcdf3.UByte: dtype.Uint8, netcdf3.UShort: dtype.Uint16, netcdf3.UInt: dtype.Uint32,
	netcdf3.Int64: dtype.Int64, netcdf3.UInt64: dtype.Uint64,
}

// root makes up the document of the root.
func (t *tree) root() []byte {
	f := t.file
	ours := map[string]any{"format": fmt.Sprintf("CDF-%d", f.Version)}
	alone := map[string]any{}
	for i, d := range f.Dimensions {
		if d.Unlimited {
			ours["unlimited"] = d.Name
		}
		if !slices.ContainsFunc(f.Variables, func(v netcdf3.Variable) bool { return slices.Contains(v.Dimensions, i) }) {
			alone[d.Name] = d.Len
		}
	}
	if len(alone) > 0 {
		ours["dimensions"] = alone
	}
	attrs := attributes(f.Attributes)
	if theirs, ok := attrs["dosna"]; ok {
		ours["attributes"] = map[string]any{"dosna": theirs}
	}
	attrs["dosna"] = map[string]any{"netcdf": ours}
	return marshal(map[string]any{"zarr_format": 3, "node_type": "group", "attributes": attrs})
}

// document makes up that of a variable.
func (a *array) document(f *netcdf3.File) []byte {
	attrs := attributes(a.v.Attributes)
	for _, at := range a.v.Attributes {
		switch {
		case at.Name != fillName:
		case a.v.Type == netcdf3.Char: // xarray opens no array of bytes that has it
			delete(attrs, fillName)
		default:
			attrs[fillName] = fillAttribute(at)
		}
	}
	if theirs, ok := attrs["dosna"]; ok {
		attrs["dosna"] = map[string]any{"netcdf": map[string]any{"attributes": map[string]any{"dosna": theirs}}}
	}
	plain := map[string]any{"name": "bytes"}
	if a.t.Ordered() {
		plain["configuration"] = map[string]any{"endian": dtype.Big.String()}
	}
	native := slices.Clone(a.fill)
	if dtype.Native != dtype.Big {
		a.t.Swap(native)
	}
	doc := map[string]any{
		"zarr_format": 3, "node_type": "array", "attributes": attrs,
		"shape":              list(a.v.Shape),
		"data_type":          a.t.JSON(),
		"chunk_grid":         map[string]any{"name": "regular", "configuration": map[string]any{"chunk_shape": list(a.chunk)}},
		"chunk_key_encoding": map[string]any{"name": "default", "configuration": map[string]any{"separator": "/"}},
		"fill_value":         a.t.FormatFill(native),
		"codecs":             []any{plain},
	}
	if len(a.v.Dimensions) > 0 {
		names := []string{}
		for _, i := range a.v.Dimensions {
			names = append(names, f.Dimensions[i].Name)
		}
		doc["dimension_names"] = names
	}
	return marshal(doc)
}

func list(shape []int) []int {
	if shape == nil {
		return []int{}
	}
	return shape
}

func attributes(of []netcdf3.Attribute) map[string]any {
	attrs := map[string]any{}
	for _, a := range of {
		attrs[a.Name] = a.Value()
	}
	return attrs
}

// fillAttribute is the value of _FillValue as xarray has it in Zarr v3: base64 of eight bytes, little-endian, for a floating-point number.
func fillAttribute(a netcdf3.Attribute) any {
	var raw []byte
	switch {
	case len(a.Data) != a.Type.Size():
		return a.Value()
	case a.Type == netcdf3.Float:
		raw = binary.LittleEndian.AppendUint64(nil, math.Float64bits(float64(math.Float32frombits(binary.BigEndian.Uint32(a.Data)))))
	case a.Type == netcdf3.Double:
		raw = binary.LittleEndian.AppendUint64(nil, binary.BigEndian.Uint64(a.Data))
	default:
		return a.Value()
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of maps, lists, strings and numbers that JSON has
	}
	return b.Bytes()
}
