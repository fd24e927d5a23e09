package dosna_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// jobVar makes this test binary a process of a test: its value is the job, in JSON.
const jobVar = "DOSNA_TEST_JOB"

// job is what one of several processes does. Each thing that it has done is a line
// in its log, which outlives the process.
type job struct {
	Do      string
	Address string // of the tree
	Path    string // of the node, from there
	Worker  int    // of Workers
	Workers int
	Times   int
	Seed    uint64
	Log     string
	Stop    string // a file: when it is there, who works until told ends

	log *os.File
}

// roles are what processes may do.
var roles = map[string]func(j *job, c *dosna.Connection) error{
	"tiles":        writeTiles,
	"buffer":       bufferTiles,
	"increment":    incrementBoxes,
	"stamp":        writeStamps,
	"look":         lookForTears,
	"attrs":        countInAttributes,
	"append":       appendRows,
	"create":       createNodes,
	"children":     createChildren,
	"fill":         fillGroup,
	"late":         writeUntilGone,
	"follow":       writeWhereItIs,
	"stale":        writeWhileCut,
	"consolidated": changeNodes,
	"texts":        writeTexts,
}

// runJob is the main function of a process of a test.
func runJob(text string) int {
	var j job
	err := json.Unmarshal([]byte(text), &j)
	if err == nil {
		j.log, err = os.OpenFile(j.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	}
	var c *dosna.Connection
	if err == nil {
		c, err = dosna.Open(context.Background(), j.Address, &dosna.Options{Mode: dosna.ReadWrite})
	}
	if err == nil {
		err = errors.Join(roles[j.Do](&j, c), c.Close(), j.log.Close())
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s %d: %v\n", j.Do, j.Worker, err)
		return 1
	}
	return 0
}

// report notes that something has been done.
func (j *job) report(format string, args ...any) error {
	_, err := fmt.Fprintf(j.log, format+"\n", args...)
	return err
}

func (j *job) random() *rand.Rand { return rand.New(rand.NewPCG(j.Seed, uint64(j.Worker))) }

func (j *job) stopped() bool {
	_, err := os.Stat(j.Stop)
	return err == nil
}

// process is a job under way.
type process struct {
	job
	cmd    *exec.Cmd
	killed atomic.Bool
	ended  chan struct{}
	err    error // once it has ended
}

// start starts a process for each of n workers, in turn at the addresses.
func start(t *testing.T, j job, n int, addresses ...[2]string) []*process {
	t.Helper()
	j.Workers = n
	j.Stop = filepath.Join(testenv.ScratchDir(t), "stop")
	ps := make([]*process, n)
	for i := range ps {
		p := &process{job: j, ended: make(chan struct{})}
		p.Worker = i
		p.Address, p.Path = addresses[i%len(addresses)][0], addresses[i%len(addresses)][1]
		p.Log = filepath.Join(testenv.ScratchDir(t), fmt.Sprint("log", i))
		text, err := json.Marshal(p.job)
		if err != nil {
			t.Fatal(err)
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		p.cmd = exec.CommandContext(t.Context(), self)
		p.cmd.Env = append(os.Environ(), jobVar+"="+string(text), "GOMAXPROCS=2")
		p.cmd.Stderr = os.Stderr
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			defer close(p.ended)
			p.err = p.cmd.Wait()
		}()
		ps[i] = p
	}
	return ps
}

// stop tells processes to end that work until they are told.
func stop(t *testing.T, ps []*process) {
	t.Helper()
	if err := os.WriteFile(ps[0].Stop, nil, 0o666); err != nil {
		t.Fatal(err)
	}
}

// wait waits for processes to end.
func wait(t *testing.T, ps []*process) {
	t.Helper()
	for _, p := range ps {
		if <-p.ended; p.err != nil && !p.killed.Load() {
			t.Errorf("%s %d: %v", p.Do, p.Worker, p.err)
		}
	}
}

// killSome kills a third of the processes, each when it has done a random part of
// its work, and returns how many it got.
func killSome(t *testing.T, ps []*process, r *rand.Rand) int {
	t.Helper()
	n := 0
	for _, i := range r.Perm(len(ps))[:(len(ps)+2)/3] {
		p := ps[i]
		p.reach(t, r.IntN(p.Times*2/3+1))
		time.Sleep(time.Duration(r.IntN(2000)) * time.Microsecond)
		p.killed.Store(true)
		if err := p.cmd.Process.Kill(); err == nil {
			n++
		} else {
			p.killed.Store(false) // it had ended
		}
	}
	return n
}

// reach waits until a process has reported n things, or ended.
func (p *process) reach(t *testing.T, n int) {
	t.Helper()
	for len(p.done(t)) < n {
		select {
		case <-p.ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// done returns the lines that a process has reported.
func (p *process) done(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(p.Log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

// hammer returns how many processes do how much: small, and with -scale full eight
// times a thousand.
func hammer() (workers, times int) {
	switch {
	case *scale == "full":
		return 8, 1000
	case testenv.Race || testing.Short():
		return 3, 12
	}
	return 4, 30
}

// killing is whether processes are killed: in the small tests always.
func killing() []bool {
	if *scale == "full" {
		return []bool{false, true}
	}
	return []bool{true}
}

// waysTo returns ways to one tree, made in a new directory: each an address, and
// the path from there of what is called x in the group g.
func waysTo(t *testing.T) (c *dosna.Connection, ways [][2]string) {
	t.Helper()
	dir := testenv.ScratchDir(t)
	root := filepath.Join(dir, "pool")
	c = create(t, root)
	if !c.Store().Guarantees().PutIfMatch {
		t.Skip("the file system does not keep writers apart")
	}
	if _, err := c.CreateGroup(ctx, "g", nil); err != nil {
		t.Fatal(err)
	}
	whole, part := filepath.Join(dir, "whole"), filepath.Join(dir, "part")
	if err := errors.Join(os.Symlink(root, whole), os.Symlink(filepath.Join(root, "g"), part)); err != nil {
		t.Fatal(err)
	}
	return c, [][2]string{
		{root, "g/x"}, {root + "#/g", "x"}, {filepath.Join(root, "g"), "x"}, {whole, "g/x"}, {part, "x"},
	}
}

// checkTree reports everything stored that belongs to no node, nodes that lie in
// none, marks of deletions, and stored objects that do not decode.
func checkTree(t *testing.T, c *dosna.Connection) {
	t.Helper()
	nodes := map[string]zarr.Document{}
	var keys []string
	for info, err := range c.Store().List(ctx, store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		folder, name := "", info.Key
		if i := strings.LastIndexByte(info.Key, '/'); i >= 0 {
			folder, name = info.Key[:i], info.Key[i+1:]
		}
		if name != zarr.Key {
			keys = append(keys, info.Key)
			continue
		}
		raw, _, err := c.Store().Get(ctx, info.Key, store.GetOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := zarr.Parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", info.Key, err)
		}
		if doc.Head().Deleting {
			t.Errorf("%s is marked as being deleted", info.Key)
		}
		nodes[folder] = doc
	}
	above := func(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }
	for path := range nodes {
		for up := path; up != ""; {
			up = above(up)
			if _, ok := nodes[up].(*zarr.Group); !ok {
				t.Errorf("node %q lies in %q, which is no group", path, up)
			}
		}
	}
	for _, key := range keys {
		up := above(key)
		for nodes[up] == nil && up != "" {
			up = above(up)
		}
		if _, ok := nodes[up].(*zarr.Array); !ok {
			t.Errorf("%s belongs to no dataset", key)
		}
	}
	for path, doc := range nodes {
		if _, ok := doc.(*zarr.Array); !ok {
			continue
		}
		_, err := dataset(t, c, "/"+path).Verify(ctx, func(f dosna.Fault) { t.Errorf("%s: %v", f.Key, f.Err) })
		if err != nil {
			t.Error(err)
		}
	}
}

// checkClean deletes a node, and reports what is left in its directory.
func checkClean(t *testing.T, c *dosna.Connection, path string) {
	t.Helper()
	if err := c.Delete(ctx, path); err != nil && !errors.Is(err, dosna.ErrNotExist) {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Join(c.URL(), path), func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			t.Errorf("%s is left", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
