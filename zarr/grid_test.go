package zarr_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/zarr"
)

// rectilinear returns a document of that shape and those lists of chunk lengths.
func rectilinear(shape, chunkShapes string) []byte {
	doc := string(with("chunk_grid", `{"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": `+chunkShapes+`}}`))
	return []byte(strings.NewReplacer("[4, 5]", shape, `["y", null]`, "null").Replace(doc))
}

func TestRectilinear(t *testing.T) {
	for _, c := range []struct{ shape, chunkShapes, want, written string }{
		// the example of the specification
		{"[6, 6, 6, 6, 6]", "[4, [1, 2, 3], [[4, 2]], [[1, 3], 3], [4, 4, 4]]",
			"[4 3 4 3 4] [[] [1 2 3] [4 4] [1 1 1 3] [4 4 4]]", "[ 4, [1, 2, 3], [4, 4], [[1, 3], 3], [[4, 3]] ]"},
		{"[4, 5]", "[2, 3]", "[2 3] [[] []]", "[2, 3]"},
		{"[26, 38]", "[[16, 10], [24, 14]]", "[16 24] [[16 10] [24 14]]", "[ [16, 10], [24, 14] ]"},
		{"[0, 5]", "[[7], 9]", "[7 9] [[7] []]", "[ [7], 9 ]"},
		{"[0, 5]", "[[], [2, 3]]", "[1 3] [[] [2 3]]", "[ [], [2, 3] ]"},
		{"[5]", "[[[5, 1]]]", "[5] [[5]]", "[ [5] ]"},
		{"[]", "[]", "[] []", "[]"},
		{"[1048576]", "[[[1, 1048576]]]", "", "[ [[1, 1048576]] ]"},
		{"[1]", "[[9223372036854775807]]", "", ""},
	} {
		doc, err := zarr.Parse(rectilinear(c.shape, c.chunkShapes))
		if c.written == "" { // too large for elements of any size
			if err == nil || !strings.Contains(err.Error(), "chunk_shapes: [9223372036854775807] has too many elements") {
				t.Errorf("%s: %v", c.chunkShapes, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.chunkShapes, err)
			continue
		}
		a := checkStable(t, rectilinear(c.shape, c.chunkShapes)).(*zarr.Array)
		if a.Edges == nil {
			t.Errorf("%s is regular", c.chunkShapes)
		}
		if got := fmt.Sprint(a.Chunks, a.Edges); c.want != "" && got != c.want {
			t.Errorf("%s: got %s, want %s", c.chunkShapes, got, c.want)
		}
		out, err := doc.Marshal()
		if err != nil {
			t.Error(err)
		}
		want := `"configuration": { "kind": "inline", "chunk_shapes": ` + c.written + ` }`
		if got := strings.Join(strings.Fields(string(out)), " "); !strings.Contains(got, want) {
			t.Errorf("%s is written as\n%s", c.chunkShapes, out)
		}
	}
}

func TestRectilinearBad(t *testing.T) {
	most := strings.Repeat("1, ", zarr.MaxEdges/8) + "1"
	for _, c := range []struct{ config, want string }{
		{`{"chunk_shapes": [2, 3]}`, `chunk_grid.configuration: "kind" is missing`},
		{`{"kind": "outline", "chunk_shapes": [2, 3]}`, `chunk_grid.configuration.kind: unknown kind "outline" (known: inline)`},
		{`{"kind": null, "chunk_shapes": [2, 3]}`, `chunk_grid.configuration.kind: null where a string`},
		{`{"kind": "inline"}`, `chunk_grid.configuration: "chunk_shapes" is missing`},
		{`{"kind": "inline", "chunk_shape": [2, 3]}`, `chunk_grid.configuration: "chunk_shapes" is missing`},
		{`{"kind": "inline", "chunk_shapes": [2, 3], "x": 1}`, `chunk_grid.configuration: unknown member "x"`},
		{`{"kind": "inline", "chunk_shapes": 2}`, `chunk_shapes: 2 where a list is wanted`},
		{`{"kind": "inline", "chunk_shapes": null}`, `chunk_shapes: null where a list is wanted`},
		{`{"kind": "inline", "chunk_shapes": [2]}`, `chunk_shapes: it has 1 dimensions, and the shape [4 5] has 2`},
		{`{"kind": "inline", "chunk_shapes": [2, 3, 4]}`, `chunk_shapes: it has 3 dimensions`},
		{`{"kind": "inline", "chunk_shapes": [0, 3]}`, `chunk_shapes[0]: 0 is below 1`},
		{`{"kind": "inline", "chunk_shapes": [4, -3]}`, `chunk_shapes[1]: -3 is below 1`},
		{`{"kind": "inline", "chunk_shapes": [4, null]}`, `chunk_shapes[1]: an integer is wanted`},
		{`{"kind": "inline", "chunk_shapes": [4, "5"]}`, `chunk_shapes[1]: an integer is wanted`},
		{`{"kind": "inline", "chunk_shapes": [4, 5.0]}`, `chunk_shapes[1]: 5.0 where an integer`},
		{`{"kind": "inline", "chunk_shapes": [4, 9223372036854775808]}`, `chunk_shapes[1]: 9223372036854775808 where an integer`},
		{`{"kind": "inline", "chunk_shapes": [[], 5]}`, `chunk_shapes[0]: the lengths add up to 0`},
		{`{"kind": "inline", "chunk_shapes": [[2, 0, 2], 5]}`, `chunk_shapes[0][1]: 0 is below 1`},
		{`{"kind": "inline", "chunk_shapes": [[2, -2, 4], 5]}`, `chunk_shapes[0][1]: -2 is below 1`},
		{`{"kind": "inline", "chunk_shapes": [[2, NaN], 5]}`, `chunk_shapes[0][1]: an integer is wanted`},
		{`{"kind": "inline", "chunk_shapes": [[2, {}], 5]}`, `chunk_shapes[0][1]: an integer is wanted`},
		{`{"kind": "inline", "chunk_shapes": [[2, true], 5]}`, `chunk_shapes[0][1]: an integer is wanted`},
		{`{"kind": "inline", "chunk_shapes": [[[2, 2, 2]], 5]}`, `chunk_shapes[0][0]: a list of 3 where a pair is wanted`},
		{`{"kind": "inline", "chunk_shapes": [[[]], 5]}`, `chunk_shapes[0][0]: a list of 0 where a pair is wanted`},
		{`{"kind": "inline", "chunk_shapes": [[[2, 0]], 5]}`, `chunk_shapes[0][0]: 0 is below 1`},
		{`{"kind": "inline", "chunk_shapes": [[[0, 2]], 5]}`, `chunk_shapes[0][0]: 0 is below 1`},
		{`{"kind": "inline", "chunk_shapes": [[[[2, 2], 2]], 5]}`, `chunk_shapes[0][0]: an integer is wanted`},
		{`{"kind": "inline", "chunk_shapes": [[1, 2], 5]}`, `chunk_shapes[0]: the lengths add up to 3, and the shape [4 5] has 4 there`},
		{`{"kind": "inline", "chunk_shapes": [[1, 2, 3], [[2, 2]]]}`, `chunk_shapes[1]: the lengths add up to 4`},
		{`{"kind": "inline", "chunk_shapes": [[1, [2, 1000000000]], 5]}`, `chunk_shapes[0][1]: more than 1048576 chunk lengths in all`},
		{`{"kind": "inline", "chunk_shapes": [[[1, 9223372036854775807]], 5]}`, `chunk_shapes[0][0]: more than 1048576`},
		{`{"kind": "inline", "chunk_shapes": [[[1, 1048576]], [5]]}`, `chunk_shapes[1][0]: more than 1048576`},
		{`{"kind": "inline", "chunk_shapes": [[` + most + `, [1, 1000000]], 5]}`, `[131073]: more than 1048576`},
		{`{"kind": "inline", "chunk_shapes": [[[1000000000000000, 10000]], 5]}`, `chunk_shapes[0]: the lengths add up to more than 63 bits`},
		{`{"kind": "inline", "chunk_shapes": [[` + strings.Repeat(most+", ", 8) + `1], 5]}`, `and at most 1048576 are supported`},
	} {
		doc, err := zarr.Parse(with("chunk_grid", `{"name": "rectilinear", "configuration": `+c.config+`}`))
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 400 {
			t.Errorf("%.80s: got %v, %v; want an error with %q", c.config, doc, err, c.want)
		}
	}
	if _, err := zarr.Parse(with("chunk_grid", `"rectilinear"`)); err == nil || !strings.Contains(err.Error(), `"kind" is missing`) {
		t.Errorf("no configuration: %v", err)
	}
}

// TestCheckEdges has what only programs can get wrong.
func TestCheckEdges(t *testing.T) {
	for want, spoil := range map[string]func(a *zarr.Array){
		"it has 1 dimensions":                         func(a *zarr.Array) { a.Edges = a.Edges[:1] },
		"[1]: 0 is below 1":                           func(a *zarr.Array) { a.Edges[1] = []int{5, 0} },
		"[1]: the lengths add up to 0":                func(a *zarr.Array) { a.Edges[1] = []int{} },
		"[1]: the lengths add up to more than 63":     func(a *zarr.Array) { a.Edges[1] = []int{math.MaxInt, 1} },
		"[0]: the longest length is 3, and not 4":     func(a *zarr.Array) { a.Chunks[0] = 4 },
		"more than 1048576 chunk lengths in all":      func(a *zarr.Array) { a.Edges[1] = slices.Repeat([]int{3}, zarr.MaxEdges) },
		"[0]: the lengths add up to 4, and the shape": func(a *zarr.Array) { a.Shape[0] = 5 },
	} {
		a := checkStable(t, rectilinear("[4, 5]", "[[1, 3], [2, 3]]")).(*zarr.Array)
		spoil(a)
		if _, err := a.Marshal(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
