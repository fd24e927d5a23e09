package codec

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// However inner chunks lie, each one planned is inside one run, runs neither
// overlap nor lie near each other, and they fill the buffer.
func TestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var jobs []job
		for range rapid.IntRange(1, 30).Draw(t, "jobs") {
			off := rapid.Int64Range(0, 1<<20).Draw(t, "off")
			if rapid.Bool().Draw(t, "far") {
				off += 1<<63 - 1<<21
			}
			jobs = append(jobs, job{off: off, n: rapid.IntRange(1, 200<<10).Draw(t, "n")})
		}
		most := rapid.IntRange(1, 1<<20).Draw(t, "most")
		slices.SortFunc(jobs, byOffset)
		var s scratch
		for len(jobs) > 0 {
			n, total := s.plan(jobs, most)
			if n == 0 || total > most && n > 1 {
				t.Fatalf("%d jobs of %d bytes, where %d are allowed", n, total, most)
			}
			sum := 0
			for i, r := range s.runs {
				if r.pos != sum {
					t.Fatalf("run %d lies at %d of the buffer, not %d", i, r.pos, sum)
				}
				sum += r.n
				if i > 0 && r.off <= s.runs[i-1].off+int64(s.runs[i-1].n)+joinGap {
					t.Fatalf("runs %d and %d could be one", i-1, i)
				}
			}
			if sum != total {
				t.Fatalf("%d bytes in runs, and %d in all", sum, total)
			}
			for _, j := range jobs[:n] {
				i := slices.IndexFunc(s.runs, func(r run) bool {
					return j.off >= r.off && j.off+int64(j.n) <= r.off+int64(r.n)
				})
				if i < 0 || j.pos != s.runs[i].pos+int(j.off-s.runs[i].off) {
					t.Fatalf("%d bytes at %d are said to be at %d of the buffer", j.n, j.off, j.pos)
				}
			}
			jobs = jobs[n:]
		}
	})
}

func TestScratchKeepsWhatItLent(t *testing.T) {
	s := &scratch{}
	var lent [][]int
	for i := range 50 {
		x := s.take(i)
		for j := range x {
			x[j] = i
		}
		lent = append(lent, x)
	}
	for i, x := range lent {
		for _, v := range x {
			if v != i {
				t.Fatalf("loan %d was overwritten with %d", i, v)
			}
		}
	}
}
