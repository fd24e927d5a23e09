package storetest

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest/check"
)

// TestOptionalIsComplete fails when package store declares an optional method
// that the checks of layers do not know.
func TestOptionalIsComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../optional.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if it, ok := spec.Type.(*ast.InterfaceType); ok && spec.Name.Name != "Writer" {
			for _, m := range it.Methods.List {
				for _, name := range m.Names {
					declared = append(declared, spec.Name.Name+"."+name.Name)
				}
			}
		}
		return false
	})
	var known []string
	for _, o := range optional {
		known = append(known, o.of.Name()+"."+o.method)
		if !reflect.TypeFor[*spy]().Implements(o.of) {
			t.Errorf("the spy lacks %s", o.of)
		}
	}
	slices.Sort(declared)
	slices.Sort(known)
	if !slices.Equal(declared, known) {
		t.Errorf("store declares the optional operations\n%q, but layers are checked for\n%q", declared, known)
	}
}

// TestForwardsNotices wraps by hiding everything, and by embedding alone.
func TestForwardsNotices(t *testing.T) {
	for name, wrap := range map[string]func(store.Store) store.Store{
		"bare":    func(s store.Store) store.Store { return bare{s} },
		"reroute": func(s store.Store) store.Store { return reroute{s.(*spy)} },
	} {
		if err := Forwards(t.Context(), wrap); err == nil {
			t.Errorf("%s: a layer that does not forward was accepted", name)
		} else {
			t.Log(err)
		}
	}
}

// reroute has every optional operation, but one calls another.
type reroute struct{ *spy }

func (r reroute) Sync(ctx context.Context) error { return r.DeleteAll(ctx, nil) }

func TestBare(t *testing.T) {
	Run(t, func(t *testing.T) store.Store { return bare{memstore.New()} })
}

func TestChecksAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range check.All() {
		if seen[c.String()] || c.Area == "" || c.Name == "" || strings.Contains(c.Name, "/") {
			t.Errorf("the check %q has no name of its own", c)
		}
		seen[c.String()] = true
	}
	if len(Checks()) >= len(check.All()) {
		t.Error("Checks has those that close the store")
	}
}

// TestHeavy counts the requests of the checks that a quick look consists of.
func TestHeavy(t *testing.T) {
	if testing.Short() {
		return // it does all that TestBare does
	}
	for _, c := range Checks() {
		f := NewFaults(memstore.New(), nil)
		if !c.For(f.Guarantees()) {
			continue
		}
		if err := c.Run(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		requests := f.Count(Rule{}) - f.Count(Rule{Op: "Read Write"}) // a stream is one
		if !c.Heavy && requests > 1500 {
			t.Errorf("%s makes %d requests and is not said to be heavy", c, requests)
		}
	}
}
