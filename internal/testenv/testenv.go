// Package testenv tells tests what the machine offers beyond Go: a Python with
// the packages that check interoperability, a native library, a server.
//
// A test that lacks such a component skips and says which command provides it.
// A skipped test must not look green where the component is promised, so a
// component named in DOSNA_TEST_REQUIRE (comma separated) fails the test
// instead; "make test" sets that variable to all it installs.
package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/dosna/dosna"

// Require skips the test when component is not available, or fails it when
// DOSNA_TEST_REQUIRE names the component. Why says what was missing and how to
// get it. Require returns only if available is true.
func Require(t testing.TB, component string, available bool, why string) {
	t.Helper()
	if available {
		return
	}
	if Required(component) {
		t.Fatalf("%s is required by DOSNA_TEST_REQUIRE: %s", component, why)
	}
	t.Skipf("needs %s: %s", component, why)
}

// Required reports whether DOSNA_TEST_REQUIRE names component.
func Required(component string) bool {
	names := strings.Split(os.Getenv("DOSNA_TEST_REQUIRE"), ",")
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.TrimSpace(name) == component
	})
}

// Root returns the directory of the module's go.mod, found upwards from the
// working directory, which for a test is the directory of its package.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && isModule(string(text)) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("find the root of module %s: no go.mod of it in %s or above", modulePath, start)
		}
		dir = parent
	}
}

// isModule tells our go.mod from those of the modules nested in ours.
func isModule(gomod string) bool {
	for line := range strings.Lines(gomod) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "module" {
			return fields[1] == modulePath
		}
	}
	return false
}
