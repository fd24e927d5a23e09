// Package archtest holds the source tree to its architecture: which package may
// import which, which libraries each may use, how long a file may be, what a
// package must say of itself, and that the documentation's links lead somewhere.
// The rules are tables in rules.go.
//
// It reads files rather than asking the go command, so that files for every
// platform and build tag are checked alike.
package archtest

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const modulePath = "github.com/dosna/dosna"

// CheckCode reports each breach of the rules by the Go code of the module whose
// root is tree, one sentence each, in a stable order. The error is for trees
// that cannot be read or parsed.
func CheckCode(tree fs.FS) ([]string, error) {
	packages, err := load(tree)
	if err != nil {
		return nil, err
	}
	var faults []string
	for _, p := range packages {
		faults = append(faults, p.check()...)
	}
	return faults, nil
}

// pkg is the Go code of one directory.
type pkg struct {
	dir   string // "." for the module's root
	files []file
}

type file struct {
	name    string // path in the tree
	pkg     string // name in the package clause
	doc     string
	imports []string
	lines   int
}

func (f file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

func (p pkg) check() []string {
	var faults []string
	report := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }

	if name := path.Base(p.dir); slices.Contains(strings.Fields(forbiddenNames), name) {
		report("%s: a package called %s says nothing of what it does; name it for what it provides", p.dir, name)
	}
	if !slices.ContainsFunc(p.files, file.hasDoc) {
		report("%s: no file has a package comment; begin one with \"Package %s …\" (\"Command …\" for a program) and state the contract", p.dir, path.Base(p.dir))
	}
	allowed, ok := importsOf(p.dir)
	if !ok {
		report("%s: this package has no place in the architecture; give it a line in rooms, internal/archtest/rules.go", p.dir)
		allowed = "..."
	}
	for _, f := range p.files {
		if f.lines > maxLines && !f.isTest() {
			report("%s: %d lines, more than %d; cut it by type or by task", f.name, f.lines, maxLines)
		}
		for _, imp := range f.imports {
			if fault := checkImport(p.dir, f.isTest(), allowed, imp); fault != "" {
				report("%s: %s (see internal/archtest/rules.go)", f.name, fault)
			}
		}
	}
	return faults
}

// checkImport says what is wrong with an import in a file of dir, or "".
func checkImport(dir string, test bool, allowed, imp string) string {
	if target, ours := inModule(imp); ours {
		switch {
		case test:
			return ""
		case match(testOnly, target):
			return fmt.Sprintf("imports %s, which is for tests only", target)
		case !match(allowed, target):
			return fmt.Sprintf("imports %s; package %s may import of this module only: %s", target, dir, cmp.Or(allowed, "nothing"))
		}
		return ""
	}
	for _, l := range libraries {
		if imp != l.path && !strings.HasPrefix(imp, l.path+"/") {
			continue
		}
		if rooms := l.rooms(test); !match(rooms, dir) {
			return fmt.Sprintf("imports %s, allowed here only in: %s; %s", imp, cmp.Or(rooms, "nothing"), l.why)
		}
		return ""
	}
	if first, _, _ := strings.Cut(imp, "/"); strings.Contains(first, ".") {
		return fmt.Sprintf("imports %s, a library that no room may use; if it is worth having, give it a line in libraries", imp)
	}
	return ""
}

func (l library) rooms(test bool) string {
	if test {
		return l.tests
	}
	return l.code
}

func importsOf(dir string) (string, bool) {
	for _, r := range rooms {
		if match(r.packages, dir) {
			return r.imports, true
		}
	}
	return "", false
}

// match reports whether one of the patterns, separated by spaces, is the
// package in dir. In a pattern * stands for any part of one path element, and a
// pattern ending in "/..." also means every package below; "..." alone is all.
func match(patterns, dir string) bool {
	for _, p := range strings.Fields(patterns) {
		if p == "..." {
			return true
		}
		if tree, ok := strings.CutSuffix(p, "/..."); ok && (dir == tree || strings.HasPrefix(dir, tree+"/")) {
			return true
		}
		if ok, _ := path.Match(p, dir); ok {
			return true
		}
	}
	return false
}

func inModule(imp string) (dir string, ok bool) {
	if imp == modulePath {
		return ".", true
	}
	return strings.CutPrefix(imp, modulePath+"/")
}

// hasDoc accepts what godoc shows as a heading for the package.
func (f file) hasDoc() bool {
	if f.pkg == "main" {
		return f.doc != ""
	}
	return strings.HasPrefix(f.doc, "Package "+strings.TrimSuffix(f.pkg, "_test")+" ")
}

// load parses every Go file of the module, grouped by directory. It skips what
// the go command skips, nested modules included, and programs run by hand
// (build tag ignore).
func load(tree fs.FS) ([]pkg, error) {
	var packages []pkg
	err := walk(tree, func(name string) error {
		if path.Ext(name) != ".go" {
			return nil
		}
		f, err := parse(tree, name)
		if err != nil || f == nil {
			return err
		}
		dir := path.Dir(name)
		i := slices.IndexFunc(packages, func(p pkg) bool { return p.dir == dir })
		if i < 0 {
			i = len(packages)
			packages = append(packages, pkg{dir: dir})
		}
		packages[i].files = append(packages[i].files, *f)
		return nil
	})
	return packages, err
}

func parse(tree fs.FS, name string) (*file, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(syntax.Comments, isIgnored) {
		return nil, nil
	}
	f := &file{name: name, pkg: syntax.Name.Name, doc: syntax.Doc.Text(), lines: bytes.Count(text, []byte("\n"))}
	for _, spec := range syntax.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.imports = append(f.imports, imp)
	}
	return f, nil
}

func isIgnored(c *ast.CommentGroup) bool {
	return slices.ContainsFunc(c.List, func(c *ast.Comment) bool { return c.Text == "//go:build ignore" })
}

// walk visits the files of the module in lexical order, except testdata, nested
// modules and directories whose names begin with a dot or an underscore.
func walk(tree fs.FS, visit func(name string) error) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !d.IsDir():
			return visit(name)
		case name == ".":
			return nil
		case d.Name() == "testdata" || d.Name()[0] == '.' || d.Name()[0] == '_':
			return fs.SkipDir
		}
		if _, err := fs.Stat(tree, path.Join(name, "go.mod")); err == nil {
			return fs.SkipDir
		}
		return nil
	})
}
