package codec

import (
	"encoding/json"
	"slices"
)

// transpose adds a transpose codec (Zarr v3 codec "transpose"): axis i of what
// is stored is axis order[i] of what came before.
func (c *Chain) transpose(s Spec) error {
	var o struct {
		Order json.RawMessage `json:"order"`
	}
	if err := s.config(&o, "order"); err != nil {
		return err
	}
	n := len(c.shape)
	order, err := parseOrder(s, o.Order, n)
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
	var order []int
	var letter string
	if json.Unmarshal(raw, &letter) == nil { // "C" and "F", of earlier drafts
		for i := range ndim {
			order = append(order, i)
		}
		switch letter {
		case "F":
			slices.Reverse(order)
		case "C":
		default:
			return nil, s.errorf("order %q is neither a permutation of the axes nor C or F", letter)
		}
		return order, nil
	}
	if err := json.Unmarshal(raw, &order); err != nil {
		return nil, s.errorf("order: %w", err)
	}
	seen := make([]bool, ndim)
	for _, p := range order {
		if p < 0 || p >= ndim || seen[p] {
			return nil, s.errorf("order %v is not a permutation of the axes 0 to %d", order, ndim-1)
		}
		seen[p] = true
	}
	if len(order) != ndim {
		return nil, s.errorf("order %v has %d entries for %d axes", order, len(order), ndim)
	}
	return order, nil
}
