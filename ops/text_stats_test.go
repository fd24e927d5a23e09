package ops

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

func TestTextStats(t *testing.T) {
	c := open(t, "mem://text-stats", dosna.Options{Engine: engine.Threads(3)})
	texts := []string{"b", "", "日本", "b", "é", "", "zz", "a long text", "b", "\U0001F600", "B", "zz"}
	for name, want := range map[string]string{
		// bytes are counted as such
		"string": `12 2 8 "" "😀" 0 11 23`, "U11": `12 2 8 "" "😀" 0 11 23`, "bytes": `12 2 8 "" "😀" 0 11 31`, "S11": `12 2 8 "" "😀" 0 11 31`,
	} {
		d := dataset(t, c, name, dosna.DatasetSpec{Shape: []int{4, 3}, Type: typeOf(t, name), Chunks: []int{3, 2}}, nil)
		if err := dosna.WriteText(t.Context(), d, nd.Selection{}, texts); err != nil {
			t.Fatal(err)
		}
		told := func(selection string) (string, error) {
			sel, err := nd.ParseSelection(selection)
			if err != nil {
				t.Fatal(err)
			}
			s, err := TextStats(t.Context(), d, sel)
			if s.More {
				t.Errorf("%s: %+v", name, s)
			}
			return fmt.Sprintf("%d %d %d %q %q %d %d %d", s.Count, s.Empty, s.Distinct, s.Min, s.Max, s.Shortest, s.Longest, s.Total), err
		}
		if got, err := told(":"); err != nil || got != want {
			t.Errorf("%s: %s, want %s, %v", name, got, want, err)
		}
		if got, err := told("::2, [0, 2]"); err != nil || got != fmt.Sprintf(`4 0 3 "b" %q 1 %s`, "日本", map[bool]string{true: "2 6", false: "6 10"}[isUnicode(d.Type())]) {
			t.Errorf("%s: a selection: %s %v", name, got, err)
		}
		if got, err := told("4:"); err != nil || got != `0 0 0 "" "" 0 0 0` {
			t.Errorf("%s: nothing: %s %v", name, got, err)
		}
		if _, err := told("[0, 0]"); err == nil {
			t.Errorf("%s: elements selected twice", name)
		}
	}
	if _, err := TextStats(t.Context(), dataset(t, c, "n", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.Int8}, nil), nd.Selection{}); err == nil {
		t.Error("statistics of numbers as texts")
	}
}

func TestTextStatsAreBounded(t *testing.T) {
	many := &textTally{distinct: map[string]struct{}{}}
	for i := range MaxDistinct + 5 {
		many.add([]string{fmt.Sprint(i), fmt.Sprint(i)}, dtype.String)
	}
	if many.Distinct != MaxDistinct || !many.More || many.Count != 2*(MaxDistinct+5) {
		t.Errorf("%+v", many.TextStatistics)
	}
	large := &textTally{distinct: map[string]struct{}{}}
	for i := range 5 {
		large.add([]string{strings.Repeat("x", maxDistinctBytes/4) + fmt.Sprint(i)}, dtype.String)
	}
	if large.Distinct != 3 || !large.More {
		t.Errorf("%+v", large.Distinct)
	}
}
