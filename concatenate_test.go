package dosna_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Files of equal lengths, whose chunks have room for more, make chunks of one length, which every reader knows.
func TestConcatenateRegular(t *testing.T) {
	dir := t.TempDir()
	c, err := dosna.Open(t.Context(), dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var srcs []dosna.Node
	var want []int64
	for i, n := range []int{4, 4, 3} {
		d, err := c.CreateDataset(t.Context(), string(rune('a'+i)), dosna.DatasetSpec{Shape: []int{n, 2}, Chunks: []int{512, 2}, Type: dtype.Int64, DimensionNames: []string{"time", "x"}})
		if err != nil {
			t.Fatal(err)
		}
		v := make([]int64, 2*n)
		for k := range v {
			v[k] = int64(100*i + k)
		}
		if err := dosna.Write(t.Context(), d, nd.Selection{}, v); err != nil {
			t.Fatal(err)
		}
		srcs, want = append(srcs, d), append(want, v...)
	}
	n, err := dosna.Concatenate(t.Context(), srcs, "time", c, "/all")
	if err != nil {
		t.Fatal(err)
	}
	d := n.(*dosna.Dataset)
	if d.Edges() != nil || !slices.Equal(d.Chunks(), []int{4, 2}) || !slices.Equal(d.Shape(), []int{11, 2}) {
		t.Errorf("shape %v, chunks of %v, edges %v", d.Shape(), d.Chunks(), d.Edges())
	}
	got, err := dosna.ReadAll[int64](t.Context(), d, nd.Selection{})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := dosna.Concatenate(t.Context(), srcs, "level", c, "/none"); err == nil || !strings.Contains(err.Error(), `no dataset of "/a"`) || !strings.Contains(err.Error(), "there are time, x") {
		t.Errorf("an axis that none has: %v", err)
	}
}
