package archtest

import (
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dosna/dosna/internal/testenv"
)

func module(t *testing.T) fs.FS {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	return os.DirFS(root)
}

func TestCode(t *testing.T) {
	faults, err := CheckCode(module(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
}

// TestPrograms looks at what the command links, by whatever way it came in.
func TestPrograms(t *testing.T) {
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "list", "-deps", "./cmd/...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, modulePath+"/store/storetest/check") {
		t.Errorf("there are no checks of stores among the %d packages", len(linked))
	}
	for _, name := range strings.Fields(neverLinked) {
		if slices.Contains(linked, name) {
			t.Errorf("the command links %s", name)
		}
	}
}

func TestDocs(t *testing.T) {
	faults, err := CheckDocs(module(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
}

// The checks must see the real tree, not an empty one.
func TestLoadSeesTheModule(t *testing.T) {
	packages, err := load(module(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nd", "internal/archtest", "internal/testenv"} {
		i := slices.IndexFunc(packages, func(p pkg) bool { return p.dir == want })
		if i < 0 {
			t.Errorf("package %s was not found", want)
		} else if len(packages[i].files) == 0 || packages[i].files[0].lines == 0 {
			t.Errorf("package %s was found empty", want)
		}
	}
}

// goFile is a file of package pkg that imports the given paths; those beginning
// with "." are of this module.
func goFile(pkg string, imports ...string) *fstest.MapFile {
	var b strings.Builder
	b.WriteString("// Package " + pkg + " does one thing.\npackage " + pkg + "\n\n")
	for _, imp := range imports {
		if rest, ok := strings.CutPrefix(imp, "."); ok {
			imp = modulePath + rest
		}
		b.WriteString("import _ \"" + imp + "\"\n")
	}
	return &fstest.MapFile{Data: []byte(b.String())}
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func TestCheckCode(t *testing.T) {
	for _, c := range []struct {
		name string
		tree fstest.MapFS
		want []string // a part of each fault, in order
	}{
		{"down", fstest.MapFS{"store/store.go": goFile("store", "io", "./nd", "./internal/bufpool")}, nil},
		{"up", fstest.MapFS{"store/store.go": goFile("store", "./zarr")}, []string{"store/store.go: imports zarr; package store may import"}},
		{"sibling", fstest.MapFS{"engine/engine.go": goFile("engine", "./store")}, []string{"imports store"}},
		{"bottom", fstest.MapFS{"nd/nd.go": goFile("nd", "./internal/bufpool")}, []string{"may import of this module only: nothing"}},
		{"stores see no shape", fstest.MapFS{"store/memstore/m.go": goFile("memstore", "./store", "./dtype")}, []string{"imports dtype"}},
		{"backend to backend", fstest.MapFS{"store/memstore/m.go": goFile("memstore", "./store/filestore")}, []string{"imports store/filestore"}},
		{"all backends", fstest.MapFS{"store/all/all.go": goFile("all", "./store", "./store/memstore", "./store/filestore")}, nil},
		{"root opens by all", fstest.MapFS{"open.go": goFile("dosna", "./store/all", "./zarr", "./engine", "./codec")}, nil},
		{"root knows no backend", fstest.MapFS{"open.go": goFile("dosna", "./store/memstore")}, []string{"open.go: imports store/memstore"}},
		{"root below commands", fstest.MapFS{"open.go": goFile("dosna", "./ops")}, []string{"imports ops"}},
		{"ops over root", fstest.MapFS{"ops/gauss.go": goFile("ops", ".", "./nd", "./engine")}, nil},
		{"ops knows no backend", fstest.MapFS{"ops/gauss.go": goFile("ops", "./store/filestore")}, []string{"imports store/filestore"}},
		{"command", fstest.MapFS{"cmd/dosna/main.go": goFile("main", ".", "./ops", "./store/filestore", "github.com/spf13/cobra")}, nil},
		{"tests are free", fstest.MapFS{"nd/nd.go": goFile("nd"), "nd/nd_test.go": goFile("nd_test", "./store/memstore", "./internal/testenv", "pgregory.net/rapid")}, nil},
		{"testenv in code", fstest.MapFS{"cmd/dosna/main.go": goFile("main", "./internal/testenv")}, []string{"which is for tests only"}},
		{"every platform", fstest.MapFS{"nd/nd_windows.go": goFile("nd", "./store")}, []string{"nd/nd_windows.go: imports store"}},
		{"every build tag", fstest.MapFS{"nd/nd.go": text("//go:build static\n\n// Package nd counts.\npackage nd\n\nimport _ \"" + modulePath + "/store\"\n")}, []string{"imports store"}},

		{"cgo", fstest.MapFS{"nd/nd.go": goFile("nd", "C")}, []string{"imports C, allowed here only in: nothing"}},
		{"log", fstest.MapFS{"nd/nd.go": goFile("nd", "log")}, []string{"imports log, "}},
		{"slog", fstest.MapFS{"zarr/z.go": goFile("zarr", "log/slog")}, nil},
		{"http", fstest.MapFS{"store/filestore/f.go": goFile("filestore", "net/http")}, []string{"imports net/http"}},
		{"cobra below commands", fstest.MapFS{"ops/o.go": goFile("ops", "github.com/spf13/cobra")}, []string{"imports github.com/spf13/cobra"}},
		{"compression", fstest.MapFS{"codec/c.go": goFile("codec", "github.com/klauspost/compress/zstd")}, []string{"compression is in internal/compress"}},
		{"a neighbour's name is no prefix", fstest.MapFS{"internal/compress/c.go": goFile("compress", "github.com/klauspost/compressor")}, []string{"a library that no room may use"}},
		{"stranger", fstest.MapFS{"nd/nd.go": goFile("nd", "example.com/x")}, []string{"imports example.com/x, a library that no room may use"}},
		{"stranger in a test", fstest.MapFS{"nd/nd_test.go": goFile("nd", "example.com/x")}, []string{"example.com/x"}},
		{"rapid in code", fstest.MapFS{"nd/nd.go": goFile("nd", "pgregory.net/rapid")}, []string{"it is for tests"}},
		{"rapid in a kit", fstest.MapFS{"store/storetest/s.go": goFile("storetest", "pgregory.net/rapid")}, nil},

		{"testing in code", fstest.MapFS{"store/storetest/check/c.go": goFile("check", "testing")}, []string{"no program links them"}},
		{"a kit in code", fstest.MapFS{"cmd/dosna/main.go": goFile("main", "./store/storetest")}, []string{"which is for tests only"}},

		{"new package", fstest.MapFS{"cache/c.go": goFile("cache")}, []string{"cache: this package has no place"}},
		{"name", fstest.MapFS{"internal/util/u.go": goFile("util")}, []string{"a package called util"}},
		{"no comment", fstest.MapFS{"nd/nd.go": text("package nd\n")}, []string{"nd: no file has a package comment"}},
		{"another comment", fstest.MapFS{"nd/nd.go": text("// Boxes.\npackage nd\n")}, []string{"nd: no file has a package comment"}},
		{"comment in one file", fstest.MapFS{"nd/a.go": text("package nd\n"), "nd/b.go": goFile("nd")}, nil},
		{"long file", fstest.MapFS{"nd/nd.go": text("// Package nd counts.\npackage nd\n" + strings.Repeat("\n", maxLines))}, []string{"nd/nd.go: 502 lines"}},
		{"long test", fstest.MapFS{"nd/nd_test.go": text("// Package nd counts.\npackage nd\n" + strings.Repeat("\n", maxLines))}, nil},

		{"not ours", fstest.MapFS{
			"nd/testdata/x/x.go": goFile("x", "example.com/x"),
			".venv/x.go":         goFile("x"),
			"_old/x.go":          goFile("x"),
			"tools/go.mod":       text("module tools\n"),
			"tools/tools.go":     goFile("tools"),
			"nd/gen.go":          text("//go:build ignore\n\npackage main\n\nimport _ \"example.com/x\"\n"),
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults, err := CheckCode(c.tree)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, faults, c.want)
		})
	}
	if _, err := CheckCode(fstest.MapFS{"nd/nd.go": text("pakage nd\n")}); err == nil {
		t.Error("a file that is not Go was accepted")
	}
}

func compare(t *testing.T, faults, want []string) {
	t.Helper()
	if len(faults) != len(want) {
		t.Fatalf("%d faults, want %d:\n%s", len(faults), len(want), strings.Join(faults, "\n"))
	}
	for i, w := range want {
		if !strings.Contains(faults[i], w) {
			t.Errorf("fault %q does not contain %q", faults[i], w)
		}
	}
}

// Rooms that build on each other both ways would let a cycle of ideas in where
// the compiler sees no cycle of packages yet.
func TestRoomsPointDown(t *testing.T) {
	named := []string{"nd", "dtype", "store", "store/layer", "store/memstore", "store/all", "engine", "hdf5", "codec", "zarr", "lock", ".", "convert", "ops", "gateway", "cmd/dosna", "internal/bufpool"}
	for _, a := range named {
		for _, b := range named {
			fromA, okA := importsOf(a)
			fromB, okB := importsOf(b)
			if !okA || !okB {
				t.Fatalf("%s or %s has no line in rooms", a, b)
			}
			if a != b && match(fromA, b) && match(fromB, a) {
				t.Errorf("%s and %s may import each other", a, b)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		patterns, dir string
		want          bool
	}{
		{"nd dtype", "dtype", true},
		{"nd dtype", "type", false},
		{"", "nd", false},
		{"...", ".", true},
		{".", "nd", false},
		{".", ".", true},
		{"cmd/...", "cmd", true},
		{"cmd/...", "cmd/dosna/x", true},
		{"cmd/...", "cmdx/dosna", false},
		{"store/*store", "store/memstore", true},
		{"store/*store", "store/storetest", false},
		{"store/*store", "store/x/memstore", false},
	} {
		if got := match(c.patterns, c.dir); got != c.want {
			t.Errorf("match(%q, %q) = %v", c.patterns, c.dir, got)
		}
	}
}
