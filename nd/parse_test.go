package nd

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseSelection(t *testing.T) {
	for _, c := range []struct {
		text string
		want Selection
	}{
		{"", Sel()},
		{" ", Sel()},
		{"()", Sel()},
		{"5", Sel(At(5))},
		{"-1, +2", Sel(At(-1), At(2))},
		{"36:80, 89:, ::-2, ..., [1,5,9]", Sel(Range(36, 80), Range(89, None), RangeStep(None, None, -2), Ellipsis(), List(1, 5, 9))},
		{":,", Sel(All())},
		{": : 2", Sel(RangeStep(None, None, 2))},
		{"1:2:", Sel(Range(1, 2))},
		{"None:5, None, 3:None:None", Sel(Range(None, 5), NewAxis(), Range(3, None))},
		{"newaxis, np.newaxis, numpy.newaxis", Sel(NewAxis(), NewAxis(), NewAxis())},
		{"[]", Sel(List())},
		{"[5, 3]", Sel(List(5, 3))},
		{"[5, 3,]", Sel(List(5, 3))},
		{"[[1, 2], [3, 4], [5, 6]]", Sel(Ints([]int{3, 2}, []int{1, 2, 3, 4, 5, 6}))},
		{"[[], []]", Sel(Ints([]int{2, 0}, nil))},
		{"[True, False]", Sel(Mask([]int{2}, []bool{true, false}))},
		{"[[true], [false]]", Sel(Mask([]int{2, 1}, []bool{true, false}))},
		{"True, 0", Sel(Mask([]int{}, []bool{true}), At(0))},
		{"[0:5, 3]", Sel(Range(0, 5), At(3))},
		{" [ ..., [1, 2] ] ", Sel(Ellipsis(), List(1, 2))},
		{"[None, 1]", Sel(NewAxis(), At(1))},
		{"(1, 2)", Sel(At(1), At(2))},
		{"[1, 2], [0:1]"[:6], Sel(List(1, 2))},
		{"[1], [2]", Sel(List(1), List(2))},
		{"oindex[[1, 2], 0:3]", Sel(List(1, 2), Range(0, 3)).Orthogonal()},
		{"oindex[[1, 2]]", Sel(List(1, 2)).Orthogonal()},
		{"oindex[()]", Sel().Orthogonal()},
		{"oindex[]", Sel().Orthogonal()},
		{"-99999999999999999999:99999999999999999999:99999999999999999999", Sel(RangeStep(-maxInt, maxInt, maxInt))},
		{"-9223372036854775807", Sel(At(-maxInt))},
	} {
		got, err := ParseSelection(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if !same(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
		if again, err := ParseSelection(got.String()); err != nil || !same(again, got) {
			t.Errorf("%q: printed as %q, which reads as %v, %v", c.text, got.String(), again, err)
		}
	}
}

const maxInt = int(^uint(0) >> 1)

// same compares selections without telling nil slices from empty ones.
func same(a, b Selection) bool {
	if a.orthogonal != b.orthogonal || len(a.items) != len(b.items) {
		return false
	}
	norm := func(x Index) Index {
		x.shape = append([]int{}, x.shape...)
		x.ints = append([]int{}, x.ints...)
		x.bools = append([]bool{}, x.bools...)
		return x
	}
	for i := range a.items {
		if !reflect.DeepEqual(norm(a.items[i]), norm(b.items[i])) {
			return false
		}
	}
	return true
}

func TestParseSelectionErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a", "column 1: expected a position"},
		{"1.5", "column 2: expected ',' or the end, found '.'; positions are whole numbers"},
		{"1,,2", "column 3: expected a position"},
		{",", "column 1: expected a position"},
		{"1 2", "column 3: expected ',' or the end, found '2'"},
		{"::0", "column 4: slice step cannot be zero"},
		{"-", "column 2: expected a number after the sign, found the end"},
		{"1:2:3:4", "column 6: expected ',' or the end, found ':'"},
		{"[1, 2", "column 6: expected ',' or ']', found the end"},
		{"1, 2]", "column 5: expected ',' or the end, found ']'"},
		{"[1, x]", "column 5: expected a position, True, False or ']', found 'x'"},
		{"[1, True]", "column 5: a list holds either positions or True and False, not both"},
		{"[[1, 2], [3]]", "column 10: the entries of a list must have one shape; the first has (2,) and this one (1,)"},
		{"[1, [2]]", "column 5: the entries of a list must have one shape; the first has () and this one (1,)"},
		{"99999999999999999999", "column 21: the position before here does not fit 64 bits"},
		{"(1, 2", "column 6: expected ',' or ')', found the end"},
		{"(1), 2", "column 4: expected ',' or the end, found ','"},
		{"oindex 1", "column 8: expected '[' after oindex, found '1'"},
		{"Nonesuch", "column 1: expected a position"},
		{"3, é", "column 4: expected a position, a slice, a list, '...', None, True or False, found 'é'"},
		{strings.Repeat("[", 40) + strings.Repeat("]", 40), "lists are nested more than 32 deep"},
		{strings.Repeat("1,", 1<<20), "longer than 1048576"},
	} {
		_, err := ParseSelection(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", abridge(c.text), err, c.want)
		}
	}
}

func FuzzParseSelection(f *testing.F) {
	for _, s := range []string{
		"", "36:80, 89:, ::-2, ..., [1,5,9]", "None, newaxis, [[True,False]]", "oindex[[1,2], 3]", "[0:5, [1, -2]]",
		"(1,)", "True", "[[],[]]", "-9223372036854775808:9223372036854775807:-1", "[1, [2]]", "oindex[()]", "None:None:None",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSelection(text)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Fatalf("error of %d bytes", len(err.Error()))
			}
			return
		}
		again, err := ParseSelection(s.String())
		if err != nil || !same(s, again) {
			t.Fatalf("%q reads as %v; printed, that reads as %v, %v", text, s, again, err)
		}
	})
}
