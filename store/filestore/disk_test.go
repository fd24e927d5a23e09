//go:build linux || darwin

package filestore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Disk records what stores do below one directory, and makes of it what a disk may
// hold after a loss of power at any moment. Every change that no later fsync
// covers may be there or not: names in any combination, only that a rename is done
// wholly or not at all; content torn in any way.
type Disk struct {
	// Forget, if not nil, tells of syncs that are not to count: of a "file", of a
	// "folder" that changed, of the folders "above" it, of "all". A test that finds
	// nothing wrong without them is worth nothing.
	Forget func(what string) bool

	mu      sync.Mutex
	objects map[uint64]int   // by inode number
	folders []map[string]int // by object: what is in it now; nil for a file
	data    [][]byte         // by object: what is in it now
	ops     []diskOp
	last    int // folder synced
}

type diskOp struct {
	file    int     // written to, or -1
	size    int     // of the file then
	entries []entry // names given and taken, all or none
	synced  []int   // objects
	all     bool    // everything synced
}

type entry struct {
	folder int
	name   string
	object int // -1: none
}

var genuine = sys

// Record records what is done below root, which must be empty, until the test
// ends or something else is recorded.
func Record(t testing.TB, root string) *Disk {
	t.Helper()
	d := &Disk{objects: map[uint64]int{}}
	fd, err := openAt(unix.AT_FDCWD, root, unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	d.add(fd, true)
	unix.Close(fd)
	real := genuine
	t.Cleanup(func() { sys = genuine })
	sys.open = func(at int, path string, flags int, mode uint32) (int, error) {
		if flags&unix.O_CREAT == 0 {
			return real.open(at, path, flags, mode)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		fd, err := real.open(at, path, flags, mode)
		if folder, name, ok := d.find(at, path); ok && err == nil {
			d.name(entry{folder, name, d.add(fd, false)})
		}
		return fd, err
	}
	sys.write = func(fd int, p []byte) (int, error) {
		return d.write(fd, func() (int, error) { return real.write(fd, p) })
	}
	sys.writev = func(fd int, pieces [][]byte) (int, error) {
		return d.write(fd, func() (int, error) { return real.writev(fd, pieces) })
	}
	sys.copy = func(dst, src, n int) (int, error) {
		return d.write(dst, func() (int, error) { return real.copy(dst, src, n) })
	}
	sys.mkdir = func(at int, path string, mode uint32) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		err := real.mkdir(at, path, mode)
		if folder, name, ok := d.find(at, path); ok && err == nil {
			fd, err := openAt(at, path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
			if err != nil {
				t.Error(err)
				return err
			}
			d.name(entry{folder, name, d.add(fd, true)})
			unix.Close(fd)
		}
		return err
	}
	sys.unlink = func(at int, path string, flags int) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		err := real.unlink(at, path, flags)
		if folder, name, ok := d.find(at, path); ok && err == nil {
			d.name(entry{folder, name, -1})
		}
		return err
	}
	sys.link = func(at int, old string, to int, name string, flags int) error {
		return d.move(at, old, to, name, func(from, to entry) []entry { return []entry{to} },
			func() error { return real.link(at, old, to, name, flags) })
	}
	sys.rename = func(at int, old string, to int, name string) error {
		return d.move(at, old, to, name, func(from, to entry) []entry {
			from.object = -1
			return []entry{from, to}
		}, func() error { return real.rename(at, old, to, name) })
	}
	sys.exchange = func(at int, old string, to int, name string) error {
		return d.move(at, old, to, name, func(from, to entry) []entry {
			from.object = d.folders[to.folder][to.name]
			return []entry{from, to}
		}, func() error { return real.exchange(at, old, to, name) })
	}
	sys.fsync = func(fd int) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if object, ok := d.object(fd); ok {
			what := "file"
			if d.folders[object] != nil {
				what = "folder"
				for _, o := range d.folders[object] {
					if o == d.last {
						what = "above"
					}
				}
				d.last = object
			}
			if d.Forget == nil || !d.Forget(what) {
				d.ops = append(d.ops, diskOp{file: -1, synced: []int{object}})
			}
		}
		return nil // though nothing was synced, for the machine's sake
	}
	sys.syncfs = func(fd int) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.Forget == nil || !d.Forget("all") {
			d.ops = append(d.ops, diskOp{file: -1, all: true})
		}
		return nil
	}
	return d
}

// Stop ends the recording. Until the test ends there is still no sync in truth.
func (d *Disk) Stop() {
	sys = genuine
	sys.fsync = func(int) error { return nil }
	sys.syncfs = sys.fsync
}

// Now is the moment after all that was done so far.
func (d *Disk) Now() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ops)
}

func inode(fd int) uint64 {
	a, err := file{fd}.attr()
	if err != nil {
		panic(err)
	}
	return a.ino
}

func (d *Disk) add(fd int, folder bool) int {
	d.objects[inode(fd)] = len(d.folders)
	var names map[string]int
	if folder {
		names = map[string]int{}
	}
	d.folders, d.data = append(d.folders, names), append(d.data, nil)
	return len(d.folders) - 1
}

func (d *Disk) object(fd int) (int, bool) {
	o, ok := d.objects[inode(fd)]
	return o, ok
}

// find follows a path to the folder that its last name is in.
func (d *Disk) find(at int, path string) (folder int, name string, ok bool) {
	folder, ok = d.object(at)
	for {
		head, rest, deeper := strings.Cut(path, "/")
		if !deeper || !ok {
			return folder, head, ok
		}
		folder, ok = d.folders[folder][head]
		path = rest
	}
}

func (d *Disk) name(entries ...entry) {
	for _, e := range entries {
		if e.object < 0 {
			delete(d.folders[e.folder], e.name)
		} else {
			d.folders[e.folder][e.name] = e.object
		}
	}
	d.ops = append(d.ops, diskOp{file: -1, entries: entries})
}

func (d *Disk) write(fd int, call func() (int, error)) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := call()
	if o, ok := d.object(fd); ok && err == nil {
		p := make([]byte, n)
		if err := (file{fd}).readAt(p, int64(len(d.data[o]))); err != nil {
			return n, err
		}
		d.data[o] = append(d.data[o], p...)
		d.ops = append(d.ops, diskOp{file: o, size: len(d.data[o])})
	}
	return n, err
}

func (d *Disk) move(at int, old string, to int, name string, effect func(from, to entry) []entry, call func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	from, was, ok := d.find(at, old)
	into, is, ok2 := d.find(to, name)
	err := call()
	if ok && ok2 && err == nil {
		d.name(effect(entry{from, was, 0}, entry{into, is, d.folders[from][was]})...)
	}
	return err
}

// PowerCut makes below root, an empty directory, what may be there if the power
// fails after the first n operations. choose(k) decides, by a number below k.
func (d *Disk) PowerCut(n int, choose func(int) int, root string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	objects := len(d.folders)
	durable := make([]int, objects) // operations before are on disk, for an object
	for i, op := range d.ops[:n] {
		for _, o := range op.synced {
			durable[o] = i
		}
		if op.all {
			for o := range durable {
				durable[o] = i
			}
		}
	}
	names := make([]map[string]int, objects)
	kept, size := make([]int, objects), make([]int, objects) // of files: what is durable, what was written
	for i, op := range d.ops[:n] {
		if op.file >= 0 {
			size[op.file] = op.size
			if i < durable[op.file] {
				kept[op.file] = op.size
			}
		}
		there := op.entries != nil
		for _, e := range op.entries {
			if i < durable[e.folder] {
				there = false // to be decided: it is
				for _, e := range op.entries {
					set(names, e)
				}
				break
			}
		}
		if there && choose(2) == 1 {
			for _, e := range op.entries {
				set(names, e)
			}
		}
	}
	contents := map[int][]byte{}
	return d.put(0, root, names, func(o int) []byte {
		if _, ok := contents[o]; !ok {
			contents[o] = torn(d.data[o][:size[o]], kept[o], choose)
		}
		return contents[o]
	})
}

func set(names []map[string]int, e entry) {
	if names[e.folder] == nil {
		names[e.folder] = map[string]int{}
	}
	if e.object < 0 {
		delete(names[e.folder], e.name)
	} else {
		names[e.folder][e.name] = e.object
	}
}

// torn is what a disk may have of content of which only so much is known to be
// there.
func torn(content []byte, kept int, choose func(int) int) []byte {
	if kept == len(content) {
		return content
	}
	loose := len(content) - kept
	switch choose(7) {
	case 0:
		return content[:kept]
	case 1:
		return content[:kept+choose(loose)]
	case 2: // the length, and zeros
		return append(content[:kept:kept], make([]byte, loose)...)
	case 3: // zeros at the end
		at := kept + choose(loose)
		return append(content[:at:at], make([]byte, len(content)-at)...)
	case 4: // blocks missing
		out := append([]byte(nil), content...)
		block := 1 + choose(loose)
		for at := kept; at < len(out); at += block {
			if choose(2) == 0 {
				clear(out[at:min(at+block, len(out))])
			}
		}
		return out
	case 5: // what was in these blocks before
		out := append([]byte(nil), content...)
		for at := kept + choose(loose); at < len(out); at++ {
			out[at] = byte(at*31 + 7)
		}
		return out
	}
	return content
}

func (d *Disk) put(folder int, path string, names []map[string]int, content func(o int) []byte) error {
	for _, name := range slices.Sorted(maps.Keys(names[folder])) {
		o := names[folder][name]
		to := filepath.Join(path, name)
		if d.folders[o] == nil {
			if err := os.WriteFile(to, content(o), 0o666); err != nil {
				return err
			}
			continue
		}
		if err := os.Mkdir(to, 0o777); err != nil {
			return err
		}
		if err := d.put(o, to, names, content); err != nil {
			return err
		}
	}
	return nil
}

// Chance returns a choice by seed. Some disks keep nearly all, some nearly nothing.
func Chance(seed uint64) func(int) int {
	r := rand.New(rand.NewPCG(seed, 1))
	keep := []float64{0.03, 0.5, 0.5, 0.8, 0.97}[r.IntN(5)]
	return func(n int) int {
		if n == 2 {
			if r.Float64() < keep {
				return 1
			}
			return 0
		}
		return r.IntN(n)
	}
}

// Every calls f with choices until all have been gone through, or f fails.
func Every(f func(choose func(int) int) error) (n int, err error) {
	var taken, of []int
	for {
		at := 0
		err := f(func(n int) int {
			if at == len(taken) {
				taken, of = append(taken, 0), append(of, n)
			}
			at++
			return taken[at-1]
		})
		n++
		if err != nil {
			return n, fmt.Errorf("choices %v of %v: %w", taken[:at], of[:at], err)
		}
		taken, of = taken[:at], of[:at]
		for at > 0 && taken[at-1] == of[at-1]-1 {
			at--
		}
		if at == 0 {
			return n, nil
		}
		taken, of = taken[:at], of[:at]
		taken[at-1]++
	}
}
