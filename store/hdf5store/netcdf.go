package hdf5store

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/hdf5"
)

// The netCDF-4 library says in the root group which it is, and names things so that HDF5's rules hold for them: see
// "File Format Specifications: NetCDF-4" of the NetCDF User's Guide.
const (
	ncProperties = "_NCProperties"
	ncStrict     = "_nc3_strict"
	notVariable  = "This is a netCDF dimension but not a netCDF variable."
	notCoord     = "_nc4_non_coord_"
	fillAttr     = "_FillValue"
)

// isNetCDF tells whether the file follows the model of netCDF-4, in which an attribute with one value and a list of one are
// the same, and a dimension need not be a variable. What is wrong with the root group is said by who reads it.
func isNetCDF(ctx context.Context, f *hdf5.File) bool {
	root, err := f.Root(ctx)
	if err != nil {
		return false
	}
	attrs, err := root.Attributes(ctx)
	return err == nil && slices.ContainsFunc(attrs, func(a hdf5.Attribute) bool { return a.Name == ncProperties || a.Name == ncStrict })
}

// simplify takes a value out of a list of one.
func simplify(v any) any {
	if list, ok := v.([]any); ok && len(list) == 1 {
		return list[0]
	}
	return v
}

// fillAttribute returns the value of the attribute _FillValue as xarray has it in documents of Zarr v3, where it is what stands for
// missing values, and not always what the fill value is: base64 of eight bytes for floating-point numbers, little-endian; two of
// such for complex numbers; and else a value. It is nil for bytes, of which xarray opens no array that has one.
func fillAttribute(v any, t dtype.Type) any {
	one := simplify(v)
	float := func(v any) (string, bool) {
		bits := 64
		if t == dtype.Float32 || t == dtype.Complex64 {
			bits = 32 // the digits are those that tell it from other numbers of its type
		}
		x, err := strconv.ParseFloat(fmt.Sprint(v), bits)
		if err != nil {
			return "", false
		}
		return base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x))), true
	}
	switch t.Kind() {
	case dtype.Float:
		if s, ok := float(one); ok {
			return s
		}
	case dtype.Complex:
		if parts, ok := one.([]any); ok && len(parts) == 2 {
			re, ok1 := float(parts[0])
			im, ok2 := float(parts[1])
			if ok1 && ok2 {
				return []any{re, im}
			}
		}
	case dtype.FixedBytes:
		return nil
	default:
		return one
	}
	return v
}

// isDimension tells whether a dataset is there for a dimension only.
func (sc scales) isDimension() bool {
	name, _ := sc.kept["NAME"].(string)
	return sc.scale && strings.HasPrefix(name, notVariable)
}
