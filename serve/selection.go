package serve

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// selection is nd.Selection as JSON: a list of what stands between the brackets.
//
//	7                a position
//	[0, 10, null]    a slice, with null for what is left out
//	"..."            as many whole axes as are left over
//	null             a new axis
//	{"ints": [2, 3]} an array of positions, {"mask": [4]} one of booleans, of that shape
//
// The elements of arrays are at the beginning of the body, in order: positions in 8
// bytes of the machine's order, booleans in one.
type selection struct {
	items []json.RawMessage
}

func (s *selection) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &s.items) }

// parse returns the selection, and what follows its arrays in the body.
func (s selection) parse(body []byte, orthogonal bool) (nd.Selection, []byte, error) {
	items := make([]nd.Index, len(s.items))
	for i, raw := range s.items {
		var err error
		if items[i], body, err = parseIndex(raw, body); err != nil {
			return nd.Selection{}, nil, fmt.Errorf("%w: item %d of a selection, %.80s: %w", errIndex, i, raw, err)
		}
	}
	sel := nd.Sel(items...)
	if orthogonal {
		sel = sel.Orthogonal()
	}
	return sel, body, nil
}

func parseIndex(raw json.RawMessage, body []byte) (nd.Index, []byte, error) {
	switch {
	case raw[0] == '[':
		var bounds []*int
		if err := json.Unmarshal(raw, &bounds); err != nil {
			return nd.Index{}, nil, err
		}
		if len(bounds) != 3 {
			return nd.Index{}, nil, fmt.Errorf("a slice has start, stop and step")
		}
		at := [3]int{nd.None, nd.None, nd.None}
		for i, p := range bounds {
			if p != nil {
				at[i] = *p
			}
		}
		if at[2] == nd.None {
			at[2] = 1
		}
		return nd.RangeStep(at[0], at[1], at[2]), body, nil
	case raw[0] == '{':
		return parseArray(raw, body)
	case bytes.Equal(raw, []byte("null")):
		return nd.NewAxis(), body, nil
	case bytes.Equal(raw, []byte(`"..."`)):
		return nd.Ellipsis(), body, nil
	}
	var at int
	if err := json.Unmarshal(raw, &at); err != nil {
		return nd.Index{}, nil, err
	}
	return nd.At(at), body, nil
}

func parseArray(raw json.RawMessage, body []byte) (nd.Index, []byte, error) {
	var a struct{ Ints, Mask []int }
	if err := json.Unmarshal(raw, &a); err != nil {
		return nd.Index{}, nil, err
	}
	shape, item := a.Ints, 8
	if a.Ints == nil {
		shape, item = a.Mask, 1
	}
	if (a.Ints == nil) == (a.Mask == nil) {
		return nd.Index{}, nil, fmt.Errorf("an array has either ints or mask")
	}
	n, ok := nd.Size(shape)
	if !ok || n > len(body)/item {
		return nd.Index{}, nil, fmt.Errorf("the body has no %v elements of %d bytes left", shape, item)
	}
	head := bytes.Clone(body[:n*item]) // so that it is aligned
	body = body[n*item:]
	if item == 1 {
		mask := make([]bool, n)
		for i, b := range head {
			mask[i] = b != 0
		}
		return nd.Mask(shape, mask), body, nil
	}
	positions := make([]int, n)
	for i, p := range dtype.Slice[int64](head) {
		positions[i] = int(p)
	}
	return nd.Ints(shape, positions), body, nil
}
