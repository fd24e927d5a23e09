package zarr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/nd"
)

// maxEdges bounds the cells of a rectilinear grid along all axes together: a few
// bytes of text may stand for any number.
const maxEdges = 1 << 22

func (a *Array) parseGrid(m *object) error {
	name, config, err := m.named("chunk_grid")
	if err != nil {
		return err
	}
	switch name {
	case "regular":
		a.Chunks, err = config.takeLengths("chunk_shape")
	case "rectilinear":
		err = a.parseEdges(config)
	default:
		err = fmt.Errorf("chunk_grid: unknown grid %q (known: regular, rectilinear)", name)
	}
	if err != nil {
		return err
	}
	// Some writers give an axis of length 0 chunks of length 0. There is no such
	// chunk, but others may come when the axis grows.
	for i := range min(len(a.Chunks), len(a.Shape)) {
		if a.Chunks[i] == 0 && a.Shape[i] == 0 {
			a.Chunks[i] = 1
		}
	}
	return config.end()
}

// parseEdges reads a rectilinear grid (registry of extensions, chunk grid
// "rectilinear", kind "inline"): for each axis a list of lengths, and of pairs of a
// length and how often it is there. One integer alone, as later drafts have it, is
// the length of all cells.
func (a *Array) parseEdges(config *object) error {
	var kind string
	if err := config.take("kind", &kind, required); err != nil {
		return err
	}
	if kind != "inline" {
		return fmt.Errorf("chunk_grid.configuration.kind: %q is not known (known: inline)", clip([]byte(kind)))
	}
	const at = "chunk_grid.configuration.chunk_shapes"
	var axes []json.RawMessage
	if err := config.take("chunk_shapes", &axes, required); err != nil {
		return err
	}
	if len(axes) != len(a.Shape) {
		return fmt.Errorf("%s: %d axes, and the shape %v has %d", at, len(axes), a.Shape, len(a.Shape))
	}
	a.Edges = make([][]int, len(axes))
	left := maxEdges
	for i, raw := range axes {
		edges, err := parseAxis(raw, a.Shape[i], left)
		if err != nil {
			return fmt.Errorf("%s[%d]: %w", at, i, err)
		}
		left -= len(edges)
		a.Edges[i] = edges
	}
	a.Chunks = longest(a.Edges)
	return nil
}

// longest returns the longest edge along every axis, which is 1 where there is none.
func longest(edges [][]int) []int {
	chunks := make([]int, len(edges))
	for i, e := range edges {
		chunks[i] = slices.Max(append([]int{1}, e...))
	}
	return chunks
}

var errEdges = fmt.Errorf("too many cells: at most %d are supported along all axes together", maxEdges)

// parseAxis reads the edges along an axis of a length, at most so many.
func parseAxis(raw json.RawMessage, length, most int) ([]int, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] != '[' {
		var edge *int
		if err := decode(raw, &edge); err != nil {
			return nil, err
		}
		if edge == nil || *edge < 1 {
			return nil, fmt.Errorf("%s where a list of lengths is wanted", clip(raw))
		}
		n := max(length, 0) / *edge
		if max(length, 0)%*edge != 0 {
			n++
		}
		return runs(nil, *edge, n, most)
	}
	var items []json.RawMessage
	if err := decode(raw, &items); err != nil {
		return nil, err
	}
	var edges []int
	for _, item := range items {
		edge, n := new(int), 1
		if item = bytes.TrimSpace(item); item[0] == '[' {
			var pair []*int
			if err := decode(item, &pair); err != nil {
				return nil, err
			}
			if len(pair) != 2 || pair[0] == nil || pair[1] == nil || *pair[1] < 1 {
				return nil, fmt.Errorf("%s is not a length and how often it is there", clip(item))
			}
			edge, n = pair[0], *pair[1]
		} else if err := decode(item, &edge); err != nil {
			return nil, err
		}
		if edge == nil {
			return nil, fmt.Errorf("null where an integer is wanted")
		}
		var err error
		if edges, err = runs(edges, *edge, n, most); err != nil {
			return nil, err
		}
	}
	return edges, nil
}

// runs appends n edges of a length, as long as there are at most so many in all.
func runs(edges []int, edge, n, most int) ([]int, error) {
	if n > most-len(edges) {
		return nil, errEdges
	}
	edges = slices.Grow(edges, n)
	for range n {
		edges = append(edges, edge)
	}
	return edges, nil
}

// checkGrid reports grids that no array of at most so many elements has.
func (a *Array) checkGrid(most int) error {
	const regular = "chunk_grid.configuration.chunk_shape"
	if a.Edges != nil {
		return a.checkEdges(most)
	}
	if len(a.Chunks) > MaxDims {
		return fmt.Errorf("%s: %d dimensions, and the shape %v has %d", regular, len(a.Chunks), a.Shape, len(a.Shape))
	}
	if len(a.Chunks) != len(a.Shape) {
		return fmt.Errorf("%s: %v has %d dimensions, and the shape %v has %d", regular, a.Chunks, len(a.Chunks), a.Shape, len(a.Shape))
	}
	if slices.ContainsFunc(a.Chunks, func(n int) bool { return n < 1 }) {
		return fmt.Errorf("%s: %v has a length below 1", regular, a.Chunks)
	}
	if n, ok := nd.Size(a.Chunks); !ok || n > most {
		return fmt.Errorf("%s: %v has too many elements for 63 bits", regular, a.Chunks)
	}
	return nil
}

// checkEdges: the cells of a rectilinear grid cover the array. The specification
// wants them to end where it does; later drafts let the last ones reach beyond.
func (a *Array) checkEdges(most int) error {
	const at = "chunk_grid.configuration.chunk_shapes"
	if len(a.Edges) != len(a.Shape) {
		return fmt.Errorf("%s: %d axes, and the shape %v has %d", at, len(a.Edges), a.Shape, len(a.Shape))
	}
	cells := 0
	for i, edges := range a.Edges {
		sum := 0
		for _, n := range edges {
			if n < 1 {
				return fmt.Errorf("%s[%d]: a length of %d, below 1", at, i, n)
			}
			if n > math.MaxInt-sum {
				return fmt.Errorf("%s[%d]: the sum of the lengths has more than 63 bits", at, i)
			}
			sum += n
		}
		if sum < a.Shape[i] {
			return fmt.Errorf("%s[%d]: the lengths sum up to %d, and the array has %d", at, i, sum, a.Shape[i])
		}
		if cells += len(edges); cells > maxEdges {
			return fmt.Errorf("%s: %w", at, errEdges)
		}
	}
	if !slices.Equal(a.Chunks, longest(a.Edges)) {
		return fmt.Errorf("%s: the longest are %v, and not %v", at, longest(a.Edges), a.Chunks)
	}
	if n, ok := nd.Size(a.Chunks); !ok || n > most {
		return fmt.Errorf("%s: the largest cell, %v, has too many elements for 63 bits", at, a.Chunks)
	}
	return nil
}

// grid returns the chunk grid as a value to be written.
func (a *Array) grid() []member {
	if a.Edges == nil {
		return extension("regular", member{"chunk_shape", list(a.Chunks)})
	}
	axes := make([]any, len(a.Edges))
	for i, edges := range a.Edges {
		axes[i] = axis(edges)
	}
	return extension("rectilinear", member{"kind", "inline"}, member{"chunk_shapes", axes})
}

// axis writes the edges along an axis, equal ones behind each other as a pair.
func axis(edges []int) []any {
	items := []any{}
	for i := 0; i < len(edges); {
		n := 1
		for i+n < len(edges) && edges[i+n] == edges[i] {
			n++
		}
		if n == 1 {
			items = append(items, edges[i])
		} else {
			items = append(items, []any{edges[i], n})
		}
		i += n
	}
	return items
}
