package ops

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// attributes compares attributes, or objects in them, one by one. prefix is where
// these are, with a dot at its end.
func (f *differ) attributes(path, prefix string, a, b map[string]any) error {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		x, inA := a[name]
		y, inB := b[name]
		if inA && inB && sameJSON(x, y) {
			continue
		}
		objectA, isObjectA := x.(map[string]any)
		objectB, isObjectB := y.(map[string]any)
		var err error
		if isObjectA && isObjectB {
			err = f.attributes(path, prefix+name+".", objectA, objectB)
		} else {
			d := Difference{Kind: DiffAttribute, Path: path, Name: prefix + name}
			if inA {
				d.A = textOf(x)
			}
			if inB {
				d.B = textOf(y)
			}
			err = f.found(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// textOf returns a value that was read from JSON as JSON.
func textOf(v any) json.RawMessage {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(out.Bytes())
}

// sameJSON reports whether two values that were read from JSON, with numbers as
// json.Number, are equal: objects whatever the order of their members, numbers
// whatever they are written like.
func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameJSON)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameJSON)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(string(a), string(b))
	}
	return a == b
}

// sameNumber compares integers exactly, and others as the float64 that programs
// take them for; what is too large for that by its text.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil || math.IsInf(x, 0) || x != y {
		return false
	}
	const fraction = ".eE"
	return x == 0 || strings.ContainsAny(a, fraction) || strings.ContainsAny(b, fraction)
}
