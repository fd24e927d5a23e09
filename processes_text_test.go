package dosna_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// textRows and textCols are the shape of the array of these tests, which all processes
// write to, in cells of its few objects that are each one's own.
const textRows, textCols = 40, 50

// textBy is what a process writes the nth time: of any length, none of them empty.
func textBy(worker, n int) string {
	return fmt.Sprintf("%d:%d %s", worker, n, strings.Repeat("é", (worker*7+n*13)%90))
}

// writeTexts writes texts, and then longer or shorter ones in the place of the half of
// them.
func writeTexts(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	for n := range j.Times {
		at := textPlace(j, n)
		sel := nd.Sel(nd.At(at/textCols), nd.At(at%textCols))
		for _, text := range []string{textBy(j.Worker, n+j.Times), textBy(j.Worker, n)} {
			if err := dosna.WriteText(ctx, d, sel, []string{text}); err != nil {
				return err
			}
		}
		if err := j.report("%d", n); err != nil {
			return err
		}
	}
	return nil
}

// textPlace is where a process writes the nth time.
func textPlace(j *job, n int) int {
	return rand.New(rand.NewPCG(j.Seed, 0)).Perm(textRows * textCols)[n*j.Workers+j.Worker]
}

// TestProcessesWriteTexts: of texts that processes write into the same objects none is
// lost.
func TestProcessesWriteTexts(t *testing.T) {
	for name, spec := range map[string]dosna.DatasetSpec{
		"chunks": {Type: dtype.String, Chunks: []int{20, 50}},
		"shards": {Type: dtype.String, Chunks: []int{5, 10}, Shards: []int{40, 50}},
		"bytes":  {Type: dtype.ByteStrings, Chunks: []int{40, 25}},
	} {
		for _, kill := range killing() {
			t.Run(fmt.Sprintf("%s/kill=%v", name, kill), func(t *testing.T) {
				workers, times := hammer()
				times = min(times, textRows*textCols/workers)
				c, ways := waysTo(t)
				spec.Shape = []int{textRows, textCols}
				d, err := c.CreateDataset(ctx, "g/x", spec)
				if err != nil {
					t.Fatal(err)
				}
				seed := rand.Uint64()
				begin := time.Now()
				ps := start(t, job{Do: "texts", Times: times, Seed: seed}, workers, ways...)
				killed := 0
				if kill {
					killed = killSome(t, ps, rand.New(rand.NewPCG(seed, 1)))
				}
				wait(t, ps)
				t.Logf("%d processes, %d killed, of %d texts each, in %v", workers, killed, times, time.Since(begin).Round(time.Millisecond))
				got, err := dosna.ReadText[string](ctx, d, nd.Selection{})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range ps {
					done := len(p.done(t))
					if !p.killed.Load() && done != times {
						t.Errorf("process %d wrote %d texts of %d", p.Worker, done, times)
					}
					for n := range times {
						at := textPlace(&p.job, n)
						text := got[at]
						switch {
						case text == textBy(p.Worker, n) && (n < done || p.killed.Load()):
						case n >= done && (text == "" || text == textBy(p.Worker, n+times)):
						default:
							t.Errorf("process %d, %d of %d done: text %d is %q", p.Worker, done, times, n, text)
						}
						got[at] = ""
					}
				}
				for i, text := range got {
					if text != "" {
						t.Errorf("element %d, which nobody wrote to, is %q", i, text)
					}
				}
				checkTree(t, c)
				checkClean(t, c, "g")
			})
		}
	}
}
