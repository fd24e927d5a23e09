//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInterruptedSelftest stops a selftest, during which the tree beside it is
// listed and read as ever.
func TestInterruptedSelftest(t *testing.T) {
	dir := t.TempDir()
	for _, node := range []string{"a", "scan/raw", "z"} {
		if _, errOut, code := command(t, dir, "create", "pool#/"+node, "--shape", "3", "--dtype", "uint8", "--fill", "9"); code != 0 {
			t.Fatal(errOut)
		}
	}
	before, _, _ := command(t, dir, "ls", "-r", "pool")
	p := start(t, dir, nil, "selftest", "pool")
	await(t, filepath.Join(dir, "pool", selftestPrefix+"*"))
	for range 3 {
		if now, errOut, code := command(t, dir, "ls", "-r", "pool"); now != before || code != 0 || errOut != "" {
			t.Errorf("during a selftest the tree is\n%s%s(%d), before it was\n%s", now, errOut, code, before)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "pool", selftestPrefix+"*")); len(left) != 1 {
		t.Fatalf("the selftest is over before it is interrupted: %q", left)
	}
	p.interrupt(t, os.Interrupt, 130)
	if strings.Contains(p.errOut.String(), "still there") {
		t.Error(p.errOut.String())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "pool", "*"+selftestPrefix+"*")); len(left) > 0 {
		t.Errorf("an interrupted selftest has left %q", left)
	}
	if now, _, _ := command(t, dir, "ls", "-r", "pool"); now != before {
		t.Errorf("the tree is now\n%s", now)
	}
}
