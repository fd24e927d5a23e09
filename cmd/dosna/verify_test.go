//go:build unix

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

var scale = flag.String("scale", "small", "small or full")

// manyObjects makes a tree of about n small objects in several datasets, flips a bit
// in some, and returns the keys of these.
func manyObjects(t *testing.T, dir string, n int) (damaged []string) {
	t.Helper()
	ctx := context.Background()
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const datasets = 10
	for i := range datasets {
		d, err := c.CreateDataset(ctx, fmt.Sprintf("g%d/x", i), dosna.DatasetSpec{Shape: []int{n / datasets}, Type: dtype.Uint8, Chunks: []int{1}})
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{7}); err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("g%d/x/c/%d", i, rand.IntN(n/datasets))
		if i%2 == 0 {
			raw, err := os.ReadFile(filepath.Join(dir, key))
			if err != nil {
				t.Fatal(err)
			}
			raw[len(raw)-1] ^= 1
			if err := os.WriteFile(filepath.Join(dir, key), raw, 0o666); err != nil {
				t.Fatal(err)
			}
			damaged = append(damaged, key)
		}
	}
	return damaged
}

// verifyLines reads what verify prints as JSON.
func verifyLines(t *testing.T, out string) (found map[string]int, sum verified) {
	t.Helper()
	found = map[string]int{}
	for line := range strings.Lines(out) {
		var f findingInfo
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if f.Kind != "" {
			found[f.Object]++
		} else if err := json.Unmarshal([]byte(line), &sum); err != nil {
			t.Fatal(err)
		}
	}
	return found, sum
}

// TestVerifyResumes kills and interrupts a verification at random moments: the last
// run tells all findings, each once, and counts every object once.
func TestVerifyResumes(t *testing.T) {
	n, stops, rate := 2000, 3, "1000"
	if *scale == "full" {
		n, stops, rate = 10_000, 12, "1000"
	}
	dir := t.TempDir()
	damaged := manyObjects(t, filepath.Join(dir, "pool"), n)
	state := filepath.Join(dir, "state")
	args := []string{"verify", "-r", "pool", "--json", "--requests", rate, "--resume", "state"}
	stopped, kept := 0, map[string]bool{}
	for range stops {
		p := start(t, dir, nil, args...)
		wait := time.Duration(rand.IntN(400)+200) * time.Millisecond
		kill := stopped%2 == 0
		timer := time.AfterFunc(wait, func() {
			if kill {
				_ = p.Process.Kill()
			} else {
				_ = p.Process.Signal(os.Interrupt)
			}
		})
		err := p.Wait()
		timer.Stop()
		if err == nil || p.ProcessState.ExitCode() == 1 {
			t.Fatalf("it was not stopped: %v %s", err, p.errOut.String())
		}
		stopped++
		text, err := os.ReadFile(state)
		if err != nil {
			t.Fatal(err)
		}
		var s verifyState
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatalf("after it was stopped the state is %q: %v", text, err)
		}
		kept[s.After] = true
	}
	if len(kept) < 2 {
		t.Errorf("the state was always %v", kept)
	}
	if _, errOut, code := command(t, dir, "verify", "-r", "pool#/g1", "--resume", "state"); code != 1 || !strings.Contains(errOut, "belongs to the verification of") {
		t.Errorf("another tree went on with the state: %d, %s", code, errOut)
	}
	begun := time.Now()
	out, errOut, code := command(t, dir, "verify", "-r", "pool", "--json", "--resume", "state")
	if code != 1 || !strings.Contains(errOut, "there is damage") {
		t.Errorf("exit code %d: %s", code, errOut)
	}
	found, sum := verifyLines(t, out)
	for _, key := range damaged {
		if found[key] != 1 {
			t.Errorf("%s was told of %d times", key, found[key])
		}
	}
	if sum.Objects != n || sum.Datasets != 10 || sum.Nodes != 21 || sum.Losses != len(damaged) || len(found) != len(damaged) {
		t.Errorf("counted %+v, found %v", sum, found)
	}
	left, err := filepath.Glob(state + "*")
	if err != nil || len(left) > 0 {
		t.Errorf("the state is still there: %v, %v", left, err)
	}
	t.Logf("%d objects, stopped %d times, at %d places; the rest took %v", sum.Objects, stopped, len(kept), time.Since(begun))
	begun = time.Now()
	if out, _, _ := command(t, dir, "verify", "-r", "pool", "--json"); strings.Count(out, "\n") != len(damaged)+1 {
		t.Errorf("in one go it prints %s", out)
	}
	t.Logf("in one go, without limits: %v", time.Since(begun))
}
