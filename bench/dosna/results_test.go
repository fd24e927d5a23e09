//go:build unix

package main

import (
	"path/filepath"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

// checkResults makes results of which it is known what is to come out.
const checkResults = `
import json, os, sys
sys.path.insert(0, sys.argv[1])
import results

assert results.interval([1, 2, 3, 4, 5]) == (3, None)
assert results.interval([6, 5, 4, 3, 2, 1]) == (3.5, (1, 6))
assert results.interval(list(range(10))) == (4.5, (1, 8)) # 97.9 %; (2, 7) would be 89 %
assert results.interval(list(range(20)))[1] == (5, 14)    # 95.9 %

# Rounds differ by a factor of 5, which the ratios must not see. Peer a is best in CPU time, b in wall time.
path = sys.argv[2] + '/r.jsonl'
with open(path, 'w') as f:
    f.write(json.dumps({'machine': {'n': 128}}) + '\n')
    for rnd in range(6):
        noise = 1 + rnd % 3 * 2
        for peer, wall, cpu in (('dosna', 2, 1), ('a', 4, 1.05), ('b', 1.5, 3)):
            r = {'suite': 'main', 'layout': 'f4_raw64', 'op': 'read', 'peer': peer, 'round': rnd}
            f.write(json.dumps(r | {'seconds': wall * noise, 'cpu_s': cpu * noise, 'rss_mib': wall, 'load': 1}) + '\n')
    f.write(json.dumps({'suite': 'main', 'layout': 'f4_raw64', 'op': 'write', 'peer': 'dosna', 'round': 0, 'error': 'no space'}) + '\n')
_, (read, write) = results.load(path)
wall, cpu = read.ratio('seconds'), read.ratio('cpu_s')
assert (wall.peer, wall.n, wall.verdict) == ('b', 6, 'behind'), wall
assert abs(wall.median - 2 / 1.5) < 1e-9 and wall.interval[1] - wall.interval[0] < 1e-9, wall
assert (cpu.peer, cpu.verdict) == ('a', 'tie'), cpu
assert read.memory() == (2, 'b', 1.5), read.memory()
assert write.ratio('seconds') is None and write.errors['dosna'] == ['no space']
print('right')
`

func TestResults(t *testing.T) {
	scripts, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if out := testenv.RunPython(t, []string{"numpy"}, checkResults, scripts, t.TempDir()); string(out) != "right\n" {
		t.Errorf("%s", out)
	}
}
