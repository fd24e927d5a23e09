package ops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	stores "github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// TestDiffWithFaults: whatever request fails, it is an error, and never equality.
func TestDiffWithFaults(t *testing.T) {
	spec := dosna.DatasetSpec{Shape: []int{8, 8}, Type: dtype.Int16, Chunks: []int{4, 4}}
	data := bytes.Repeat([]byte{1, 2, 3, 4}, 32)
	for _, other := range [][]int{{4, 4}, {3, 8}} {
		h := storetest.NewFaults(memstore.New(), nil)
		a, err := dosna.OpenStore(t.Context(), h, &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		b := open(t, "mem://", dosna.Options{})
		for _, path := range []string{"g/x", "y"} {
			dataset(t, a, path, spec, data)
			s := spec
			s.Chunks = other
			dataset(t, b, path, s, data)
		}
		h.Reset()
		if _, err := Diff(t.Context(), root(t, a), root(t, b), DiffOptions{}); err != nil {
			t.Fatal(err)
		}
		requests := len(h.Log())
		for _, bad := range []error{stores.ErrTemporary, stores.ErrPermission, stores.ErrCorrupt} {
			for i := range requests {
				n := 0
				h.SetPlan(func(storetest.Op) storetest.Fault {
					if n++; n == i+1 {
						return storetest.Fail(bad)
					}
					return storetest.Fault{}
				})
				g, err := a.Root(t.Context())
				if err == nil {
					_, err = Diff(t.Context(), g, root(t, b), DiffOptions{})
				}
				if n > i && !errors.Is(err, bad) {
					t.Errorf("chunks %v, request %d fails with %v: %v", other, i, bad, err)
				}
			}
			h.SetPlan(nil)
		}
	}
}

// TestDiffGoesOn: what can be compared is, beside what cannot.
func TestDiffGoesOn(t *testing.T) {
	s := memstore.New()
	a, err := dosna.OpenStore(t.Context(), s, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, "mem://", dosna.Options{})
	spec := dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{4}}
	for i := range 13 {
		dataset(t, a, fmt.Sprintf("bad%02d", i), spec, []byte{1, 2, 3, 4})
		dataset(t, b, fmt.Sprintf("bad%02d", i), spec, []byte{1, 2, 3, 5})
	}
	dataset(t, a, "good", spec, []byte{1, 2, 3, 4})
	dataset(t, b, "good", spec, []byte{1, 2, 9, 4})
	for i := range 13 {
		key := fmt.Sprintf("bad%02d/c/0", i)
		if i == 0 {
			key = "bad00/zarr.json"
		}
		if _, err := s.Put(t.Context(), key, [][]byte{[]byte("nonsense")}, stores.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	var got []Difference
	_, err = Diff(t.Context(), root(t, a), root(t, b), DiffOptions{Report: func(d Difference) { got = append(got, d) }})
	expect(t, got, "/good values 1/4 [2] 3|9 6 0.6666666666666666")
	if !errors.Is(err, dosna.ErrCorrupt) || !strings.Contains(err.Error(), "bad00/zarr.json") || !strings.Contains(err.Error(), "and 3 more") {
		t.Errorf("error %v", err)
	}
}

func TestDiffRefuses(t *testing.T) {
	c := open(t, "mem://", dosna.Options{})
	for _, o := range []DiffOptions{{Abs: -1}, {Rel: math.NaN()}, {Abs: math.Inf(1)}} {
		if _, err := Diff(t.Context(), root(t, c), root(t, c), o); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	dataset(t, c, "x", dosna.DatasetSpec{Shape: []int{100}, Type: dtype.Uint8, Chunks: []int{10}}, bytes.Repeat([]byte{1}, 100))
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough of that")
	cancel(why)
	if _, err := Diff(ctx, root(t, c), root(t, c), DiffOptions{}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
}
