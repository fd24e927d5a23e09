package ops

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// diff compares two nodes and returns the differences, in order.
func diff(t testing.TB, a, b dosna.Node, o DiffOptions) ([]Difference, DiffSummary) {
	t.Helper()
	var list []Difference
	o.Report = func(d Difference) { list = append(list, d) }
	sum, err := Diff(t.Context(), a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Differences != len(list) {
		t.Errorf("%d differences, and %d are reported", sum.Differences, len(list))
	}
	return list, sum
}

// brief writes differences without the elements.
func brief(list []Difference) string {
	var lines []string
	for _, d := range list {
		line := fmt.Sprintf("%s %s", d.Path, d.Kind)
		if d.Name != "" {
			line += " " + d.Name
		}
		if d.A != nil || d.B != nil {
			line += fmt.Sprintf(" %s|%s", d.A, d.B)
		}
		if v := d.Values; v != nil {
			line += fmt.Sprintf(" %d/%d %v %s|%s %g %g", v.Count, v.Size, v.First, v.A, v.B, v.Abs, v.Rel)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, got []Difference, want ...string) {
	t.Helper()
	if text := brief(got); text != strings.Join(want, "\n") {
		t.Errorf("differences:\n%s\nwant:\n%s", text, strings.Join(want, "\n"))
	}
}

func root(t testing.TB, c *dosna.Connection) *dosna.Group {
	t.Helper()
	g, err := c.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func group(t testing.TB, c *dosna.Connection, path string, attrs dosna.Attributes) {
	t.Helper()
	if _, err := c.CreateGroup(t.Context(), path, attrs); err != nil {
		t.Fatal(err)
	}
}

func TestDiffOfTrees(t *testing.T) {
	a, b := open(t, "mem://", dosna.Options{}), open(t, "mem://", dosna.Options{})
	attrs := func(text string) dosna.Attributes {
		var v dosna.Attributes
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	group(t, a, "g", attrs(`{"same": [1, 2.0, {"x": null}], "n": 1, "o": {"in": {"x": 1, "y": 2}, "z": "<"}, "gone": true}`))
	group(t, b, "g", attrs(`{"same": [1.0, 2, {"x": null}], "n": 2, "o": {"in": {"y": 2, "x": "1"}, "z": "<", "w": []}, "new": null}`))
	group(t, a, "g/only/below", nil)
	group(t, b, "h", nil)
	one := dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{2}}
	dataset(t, a, "kind", one, nil)
	group(t, b, "kind", nil)
	x := dataset(t, a, "x", dosna.DatasetSpec{Shape: []int{2, 3}, Type: dtype.Int16, Chunks: []int{2, 2}, DimensionNames: []string{"y", "x"}}, nil)
	y := dataset(t, b, "x", dosna.DatasetSpec{Shape: []int{3, 2}, Type: dtype.Int32, Chunks: []int{1, 2}, Codec: "none", Fill: 7, Keys: "v2"}, nil)
	got, sum := diff(t, root(t, a), root(t, b), DiffOptions{})
	want := []string{
		"/g attribute gone true|",
		"/g attribute n 1|2",
		"/g attribute new |null",
		`/g attribute o.in.x 1|"1"`,
		"/g attribute o.w |[]",
		`/g/only only in A "group"|`,
		`/h only in B |"group"`,
		`/kind kind "dataset"|"group"`,
		"/x shape [2,3]|[3,2]",
		`/x dtype "int16"|"int32"`,
		"/x fill value 0|7",
		`/x dimension names ["y","x"]|null`,
	}
	expect(t, got, want...)
	if sum != (DiffSummary{Nodes: 4, Differences: len(want)}) {
		t.Errorf("summary %+v", sum)
	}
	got, _ = diff(t, x, y, DiffOptions{Metadata: true})
	if text := brief(got); !strings.Contains(text, "/ chunks [2,2]|[1,2]\n/ codecs [{") || !strings.Contains(text, "/ chunk keys") || strings.Contains(text, "shards") {
		t.Errorf("metadata:\n%s", text)
	}
	got, sum = diff(t, root(t, a), root(t, b), DiffOptions{First: true})
	expect(t, got, want[0])
	if sum.Differences != 1 {
		t.Errorf("summary %+v", sum)
	}
	for _, c := range []*dosna.Connection{a, b} {
		got, _ = diff(t, root(t, c), root(t, c), DiffOptions{Metadata: true})
		expect(t, got)
	}
}

func TestDiffOfNumbersInAttributes(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"1", "1.0", true},
		{"0.1", "1e-1", true},
		{"0.1", "0.10000000000000001", true},
		{"-0", "0", true},
		{"9007199254740993", "9007199254740992", false},
		{"1e999", "1e1000", false},
		{"1e999", "1e999", true},
		{"1", "2", false},
	} {
		if sameNumber(c.a, c.b) != c.same || sameNumber(c.b, c.a) != c.same {
			t.Errorf("%s and %s: same is not %v", c.a, c.b, c.same)
		}
	}
}

// TestDiffOfLayouts: how elements are stored makes no difference, and what differs
// is told the same way.
func TestDiffOfLayouts(t *testing.T) {
	shape := []int{7, 9, 5}
	data := make([]byte, 0, 4*7*9*5)
	for i := range 7 * 9 * 5 {
		elem, err := dtype.Float32.Encode(float64(i % 50))
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, elem...)
	}
	changed := slices.Clone(data)
	for at, v := range map[int]float64{2*45 + 3*5 + 1: 100, 6 * 45: math.NaN(), 2*45 + 4*5: 30} {
		elem, err := dtype.Float32.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		copy(changed[4*at:], elem)
	}
	specs := map[string]dosna.DatasetSpec{
		"plain":  {Chunks: []int{3, 4, 5}},
		"big":    {Chunks: []int{3, 4, 5}, Order: dtype.Big, Codec: "gzip:1"},
		"planes": {Chunks: []int{1, 9, 5}, Codec: "none", Checksum: "none"},
		"whole":  {Chunks: []int{7, 9, 5}},
		"shards": {Chunks: []int{2, 2, 5}, Shards: []int{4, 10, 5}},
		"wide":   {Chunks: []int{4, 4, 4}, Type: dtype.Float64},
	}
	for nameA, a := range specs {
		for nameB, b := range specs {
			t.Run(nameA+"-"+nameB, func(t *testing.T) {
				stored := func(s dosna.DatasetSpec, data []byte) *dosna.Dataset {
					c := open(t, "mem://", dosna.Options{Engine: engine.Threads(3)})
					to := s.Type
					s.Shape, s.Type = shape, dtype.Float32
					d := dataset(t, c, "x", s, data)
					if to == (dtype.Type{}) {
						return d
					}
					s.Type = to
					wide := dataset(t, c, "wide", s, nil)
					if err := Convert(t.Context(), wide, d, CastOptions{}); err != nil {
						t.Fatal(err)
					}
					return wide
				}
				x, y, z := stored(a, data), stored(b, data), stored(b, changed)
				var types []string
				if x.Type() != y.Type() {
					types = []string{fmt.Sprintf("/ dtype %s|%s", x.Type().JSON(), y.Type().JSON())}
				}
				got, sum := diff(t, x, y, DiffOptions{})
				expect(t, got, types...)
				if sum.Datasets != 1 || sum.Elements != 7*9*5 {
					t.Errorf("summary %+v", sum)
				}
				got, _ = diff(t, x, z, DiffOptions{})
				expect(t, got, append(types, "/ values 3/315 [2 3 1] 6|100 94 0.94")...)
				got, _ = diff(t, x, z, DiffOptions{Abs: 94})
				expect(t, got, append(types, "/ values 1/315 [6 0 0] 20|nan NaN NaN")...)
				got, _ = diff(t, z, x, DiffOptions{Rel: 100})
				expect(t, got, append(reversed(types), "/ values 1/315 [6 0 0] nan|20 NaN NaN")...)
			})
		}
	}
}

// reversed is the line about types with the sides exchanged.
func reversed(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	text, _ := strings.CutPrefix(lines[0], "/ dtype ")
	a, b, _ := strings.Cut(text, "|")
	return []string{"/ dtype " + b + "|" + a}
}

func TestDiffOfFill(t *testing.T) {
	h := storetest.NewFaults(memstore.New(), nil)
	a, err := dosna.OpenStore(t.Context(), h, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, "mem://", dosna.Options{})
	huge := dosna.DatasetSpec{Shape: []int{1 << 29, 1 << 29}, Type: dtype.Float32, Chunks: []int{64, 64}, Fill: math.NaN()}
	x, y := dataset(t, a, "x", huge, nil), dataset(t, b, "x", huge, nil)
	set := func(d *dosna.Dataset, at, v int) {
		t.Helper()
		sel := nd.BoxSelection(nd.Box{Start: []int{at, at}, Shape: []int{1, 1}})
		if err := dosna.Write(t.Context(), d, sel, []float32{float32(v)}); err != nil {
			t.Fatal(err)
		}
	}
	set(x, 1_000_000, 5)
	set(y, 1_000_000, 5)
	got, _ := diff(t, x, y, DiffOptions{})
	expect(t, got)
	set(x, 900_000, 1)
	set(y, 90, 2)
	set(y, 1_000_001, 3)
	h.Reset()
	got, _ = diff(t, x, y, DiffOptions{})
	expect(t, got, "/ values 3/288230376151711744 [90 90] nan|2 NaN NaN")
	if n := len(h.Log()); n > 20 {
		t.Errorf("%d requests for two chunks", n)
	}

	// Fill values that differ are found in what nobody stores.
	small := dosna.DatasetSpec{Shape: []int{10}, Type: dtype.Float32, Chunks: []int{4}, Fill: 1}
	p := dataset(t, a, "p", small, nil)
	small.Fill = 3
	q := dataset(t, b, "p", small, nil)
	got, _ = diff(t, p, q, DiffOptions{})
	expect(t, got, "/ fill value 1.0|3.0", "/ values 10/10 [0] 1|3 2 0.6666666666666666")

	// NaNs that are to differ, too.
	small.Fill = math.NaN()
	p, q = dataset(t, a, "q", small, nil), dataset(t, b, "q", small, nil)
	got, _ = diff(t, p, q, DiffOptions{NaNDiffers: true})
	expect(t, got, "/ values 10/10 [0] nan|nan NaN NaN")

	// Where a store cannot list, everything is read.
	h.SetPlan(storetest.Plan(storetest.Rule{Op: "List", Fault: storetest.Fail(errors.ErrUnsupported)}))
	got, _ = diff(t, p, q, DiffOptions{})
	expect(t, got)
}

func TestDiffOfNothing(t *testing.T) {
	c := open(t, "mem://", dosna.Options{})
	for i, shape := range [][]int{{}, {0}, {3, 0, 2}} {
		chunks := make([]int, len(shape))
		for i := range chunks {
			chunks[i] = 2
		}
		s := dosna.DatasetSpec{Shape: shape, Type: dtype.Int8, Chunks: chunks}
		x, y := dataset(t, c, fmt.Sprint("x", i), s, nil), dataset(t, c, fmt.Sprint("y", i), s, nil)
		got, _ := diff(t, x, y, DiffOptions{Metadata: true})
		expect(t, got)
	}
	x, err := c.OpenDataset(t.Context(), "x0")
	if err != nil {
		t.Fatal(err)
	}
	y, err := c.OpenDataset(t.Context(), "y0")
	if err != nil {
		t.Fatal(err)
	}
	if err := x.WriteRaw(t.Context(), nd.Selection{}, []byte{4}); err != nil {
		t.Fatal(err)
	}
	got, _ := diff(t, x, y, DiffOptions{})
	expect(t, got, "/ values 1/1 [] 4|0 4 +Inf")
}

func TestDiffOfTexts(t *testing.T) {
	a, b := open(t, "mem://", dosna.Options{Engine: engine.Threads(2)}), open(t, "mem://", dosna.Options{})
	words := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = strings.Repeat("ä", i%4) + fmt.Sprint(i%7)
		}
		return out
	}
	texts := func(c *dosna.Connection, path, typ string, chunks int, elements []string) *dosna.Dataset {
		t.Helper()
		dt, _, err := dtype.ParseType(typ)
		if err != nil {
			t.Fatal(err)
		}
		d := dataset(t, c, path, dosna.DatasetSpec{Shape: []int{len(elements)}, Type: dt, Chunks: []int{chunks}}, nil)
		block := codec.Join(elements)
		if !dt.Variable() {
			block = codec.Block{}
			for _, e := range elements {
				elem, err := dt.Encode(e)
				if err != nil {
					t.Fatal(err)
				}
				block.Data = append(block.Data, elem...)
			}
			err = d.WriteRaw(t.Context(), nd.Selection{}, block.Data)
		} else {
			err = d.WriteBlock(t.Context(), nd.Selection{}, block)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for i, c := range []struct{ a, b string }{
		{"string", "string"}, {"string", "U9"}, {"U4", "string"}, {"U4", "U5"}, {"variable_length_bytes", "S9"}, {"variable_length_bytes", "variable_length_bytes"},
	} {
		for j, chunks := range []int{10, 7} {
			name := fmt.Sprint("x", i, "-", j)
			x := texts(a, name, c.a, 10, words(64))
			y := texts(b, name, c.b, chunks, words(64))
			var types []string
			if c.a != c.b {
				types = []string{fmt.Sprintf("/ dtype %s|%s", x.Type().JSON(), y.Type().JSON())}
			}
			got, sum := diff(t, x, y, DiffOptions{Abs: 1})
			expect(t, got, types...)
			if sum.Elements != 64 {
				t.Errorf("%v: %d elements are compared", c, sum.Elements)
			}
			changed := words(64)
			changed[3] = "ö" // is "äää3"
			changed[60] = ""
			z := texts(b, name+"z", c.b, chunks, changed)
			got, _ = diff(t, x, z, DiffOptions{})
			expect(t, got, append(types, fmt.Sprintf("/ values 2/64 [3] %s|%s NaN NaN", "äää3", "ö"))...)
		}
	}
}

// TestDiffOfLinks: links to the same node are equal, however they say so.
func TestDiffOfLinks(t *testing.T) {
	tree := func() *dosna.Connection {
		c, err := dosna.Open(t.Context(), t.TempDir()+"/pool", &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	a, b := tree(), tree()
	if _, err := a.CreateGroup(t.Context(), "raw", nil); err != nil {
		t.Fatal(err)
	}
	g, err := a.CreateGroup(t.Context(), "g", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"out": "/raw", "in": "other", "around": "../g/other"} {
		if _, err := g.CreateLink(t.Context(), name, target); err != nil {
			t.Fatal(err)
		}
	}
	copied, err := dosna.Copy(t.Context(), g, b, "copied/g", nil)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := diff(t, g, copied, DiffOptions{})
	if len(list) != 0 {
		t.Errorf("differences: %s", brief(list))
	}
	l, err := b.OpenEntry(t.Context(), "copied/g/out")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.(*dosna.Link).SetTarget(t.Context(), "/raw"); err != nil {
		t.Fatal(err)
	}
	list, _ = diff(t, g, copied, DiffOptions{})
	if len(list) == 0 || !strings.Contains(brief(list), "/out attribute") {
		t.Errorf("differences: %s", brief(list))
	}
}
