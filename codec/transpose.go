package codec

import (
	"encoding/json"
	"slices"
)

// transpose adds a transpose codec (Zarr v3 codec "transpose"): axis i of what
// is stored is axis order[i] of what came before.
func (c *Chain) transpose(s Spec) error {
	var raw json.RawMessage
	if err := s.config(required("order", &raw)); err != nil {
		return err
	}
	n := len(c.shape)
	order, err := parseOrder(s, raw, n)
	if err != nil {
		return err
	}
	shape, perm := make([]int, n), make([]int, n)
	for i, p := range order {
		shape[i], perm[i] = c.shape[p], p
		if c.perm != nil {
			perm[i] = c.perm[p]
		}
	}
	c.shape, c.perm = shape, perm
	return nil
}

func parseOrder(s Spec, raw json.RawMessage, ndim int) ([]int, error) {
	var letter string
	if json.Unmarshal(raw, &letter) == nil { // "C" and "F", of earlier drafts
		order := make([]int, ndim)
		for i := range order {
			order[i] = i
		}
		switch letter {
		case "F":
			slices.Reverse(order)
		case "C":
		default:
			return nil, s.errorf(`configuration: "order": %q is neither a permutation of the axes nor C or F`, letter)
		}
		return order, nil
	}
	var order []int
	if err := json.Unmarshal(raw, &order); err != nil {
		return nil, s.errorf(`configuration: "order": %w`, err)
	}
	if len(order) != ndim {
		return nil, s.errorf(`configuration: "order" has %d entries for %d axes`, len(order), ndim)
	}
	seen := make([]bool, ndim)
	for _, p := range order {
		if p < 0 || p >= ndim || seen[p] {
			return nil, s.errorf(`configuration: "order": %v is not a permutation of the axes 0 to %d`, order, ndim-1)
		}
		seen[p] = true
	}
	return order, nil
}
