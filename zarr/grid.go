package zarr

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/dosna/dosna/nd"
)

// MaxEdges bounds the chunk lengths that a rectilinear grid lists, along all axes
// together: they are held one by one, however short the document is that says how
// often each is repeated.
const MaxEdges = 1 << 20

// gridPath is where a document has the lengths of chunks.
func (a *Array) gridPath() string {
	if a.Edges == nil {
		return "chunk_grid.configuration.chunk_shape"
	}
	return "chunk_grid.configuration.chunk_shapes"
}

func (a *Array) parseGrid(m *object) error {
	name, config, err := m.named("chunk_grid")
	if err != nil {
		return err
	}
	switch name {
	case "regular":
		err = a.parseRegular(config)
	case "rectilinear":
		err = a.parseRectilinear(config)
	default:
		err = fmt.Errorf("chunk_grid: unknown grid %q (known: regular, rectilinear)", name)
	}
	if err != nil {
		return err
	}
	return config.end()
}

func (a *Array) parseRegular(config *object) (err error) {
	if a.Chunks, err = config.takeLengths("chunk_shape"); err != nil {
		return err
	}
	// Some writers give an axis of length 0 chunks of length 0. There is no such
	// chunk, but others may come when the axis grows.
	for i := range min(len(a.Chunks), len(a.Shape)) {
		if a.Chunks[i] == 0 && a.Shape[i] == 0 {
			a.Chunks[i] = 1
		}
	}
	return nil
}

// parseRectilinear reads the configuration of a grid "rectilinear" (Zarr extension
// registry, chunk-grids/rectilinear).
func (a *Array) parseRectilinear(config *object) error {
	var kind string
	if err := config.take("kind", &kind, required); err != nil {
		return err
	}
	if kind != "inline" {
		return fmt.Errorf("%s: unknown kind %q (known: inline)", config.at("kind"), clip([]byte(kind)))
	}
	raw, ok := config.pop("chunk_shapes")
	if !ok {
		return fmt.Errorf("%s: %q is missing", config.path, "chunk_shapes")
	}
	path := config.at("chunk_shapes")
	v, err := decodeValue(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	axes, ok := v.([]any)
	if !ok {
		return fmt.Errorf("%s: %s where a list is wanted", path, clip(raw))
	}
	if len(axes) != len(a.Shape) {
		return fmt.Errorf("%s: it has %d dimensions, and the shape %v has %d", path, len(axes), a.Shape, len(a.Shape))
	}
	a.Chunks, a.Edges = make([]int, len(axes)), make([][]int, len(axes))
	left := MaxEdges
	for i, v := range axes {
		if list, ok := v.([]any); ok {
			a.Edges[i], err = expand(fmt.Sprintf("%s[%d]", path, i), list, left)
			left -= len(a.Edges[i])
			a.Chunks[i] = longest(a.Edges[i])
		} else {
			a.Chunks[i], err = positive(fmt.Sprintf("%s[%d]", path, i), v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expand returns the lengths that a list at a path says, no more than most: numbers,
// and pairs of a number and how often it is repeated.
func expand(path string, list []any, most int) ([]int, error) {
	edges := make([]int, 0, len(list))
	for i, v := range list {
		run, ok := v.([]any)
		if !ok {
			run = []any{v, json.Number("1")}
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		if len(run) != 2 {
			return nil, fmt.Errorf("%s: a list of %d where a pair is wanted: a length, and how often it is repeated", at, len(run))
		}
		edge, err := positive(at, run[0])
		if err != nil {
			return nil, err
		}
		count, err := positive(at, run[1])
		if err != nil {
			return nil, err
		}
		if count > most-len(edges) {
			return nil, fmt.Errorf("%s: more than %d chunk lengths in all: no more are supported; an axis of equal chunks needs one number only", at, MaxEdges)
		}
		for range count {
			edges = append(edges, edge)
		}
	}
	return edges, nil
}

// positive returns the value of JSON at a path that is to be an integer from 1.
func positive(path string, v any) (int, error) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%s: an integer is wanted", path)
	}
	n, err := strconv.Atoi(number.String())
	if err != nil {
		return 0, fmt.Errorf("%s: %s where an integer of at most 63 bits is wanted", path, clip([]byte(number)))
	}
	if n < 1 {
		return 0, fmt.Errorf("%s: %d is below 1", path, n)
	}
	return n, nil
}

// checkGrid reports grids that no array of at most so many elements has.
func (a *Array) checkGrid(most int) error {
	path := a.gridPath()
	if len(a.Chunks) > MaxDims {
		return fmt.Errorf("%s: %d dimensions, and the shape %v has %d", path, len(a.Chunks), a.Shape, len(a.Shape))
	}
	if len(a.Chunks) != len(a.Shape) {
		return fmt.Errorf("%s: %v has %d dimensions, and the shape %v has %d", path, a.Chunks, len(a.Chunks), a.Shape, len(a.Shape))
	}
	if slices.ContainsFunc(a.Chunks, func(n int) bool { return n < 1 }) {
		return fmt.Errorf("%s: %v has a length below 1", path, a.Chunks)
	}
	if n, ok := nd.Size(a.Chunks); !ok || n > most {
		return fmt.Errorf("%s: %v has too many elements for 63 bits", path, a.Chunks)
	}
	return a.checkEdges()
}

// checkEdges reports what no lists of chunk lengths may be.
func (a *Array) checkEdges() error {
	if a.Edges == nil {
		return nil
	}
	if len(a.Edges) != len(a.Shape) {
		return fmt.Errorf("%s: it has %d dimensions, and the shape %v has %d", a.gridPath(), len(a.Edges), a.Shape, len(a.Shape))
	}
	left := MaxEdges
	for i, list := range a.Edges {
		if list == nil {
			continue
		}
		if left -= len(list); left < 0 {
			return fmt.Errorf("%s: more than %d chunk lengths in all: no more are supported", a.gridPath(), MaxEdges)
		}
		sum := 0
		for _, n := range list {
			if n < 1 {
				return fmt.Errorf("%s[%d]: %d is below 1", a.gridPath(), i, n)
			}
			if n > math.MaxInt-sum {
				return fmt.Errorf("%s[%d]: the lengths add up to more than 63 bits hold", a.gridPath(), i)
			}
			sum += n
		}
		if sum < a.Shape[i] {
			return fmt.Errorf("%s[%d]: the lengths add up to %d, and the shape %v has %d there", a.gridPath(), i, sum, a.Shape, a.Shape[i])
		}
		if n := longest(list); n != a.Chunks[i] {
			return fmt.Errorf("%s[%d]: the longest length is %d, and not %d", a.gridPath(), i, n, a.Chunks[i])
		}
	}
	return nil
}

// longest returns the longest length of a list, 1 if it is empty, as it may be for an
// axis of length 0.
func longest(list []int) int {
	n := 1
	for _, m := range list {
		n = max(n, m)
	}
	return n
}

// grid returns the chunk grid as a value to be written.
func (a *Array) grid() []member {
	if a.Edges == nil {
		return extension("regular", member{"chunk_shape", list(a.Chunks)})
	}
	shapes := make([]any, len(a.Edges))
	for i, edges := range a.Edges {
		shapes[i] = a.Chunks[i]
		if edges != nil {
			shapes[i] = verbatim(appendRuns(nil, edges))
		}
	}
	return extension("rectilinear", member{"kind", "inline"}, member{"chunk_shapes", shapes})
}

// appendRuns appends chunk lengths as JSON, those that are repeated as pairs of a
// length and how often.
func appendRuns(dst []byte, edges []int) []byte {
	dst = append(dst, '[')
	for i := 0; i < len(edges); {
		n := 1
		for i+n < len(edges) && edges[i+n] == edges[i] {
			n++
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if n < 3 { // a pair would not be shorter
			dst, n = strconv.AppendInt(dst, int64(edges[i]), 10), 1
		} else {
			dst = fmt.Appendf(dst, "[%d, %d]", edges[i], n)
		}
		i += n
	}
	return append(dst, ']')
}
