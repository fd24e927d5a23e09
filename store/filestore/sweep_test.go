//go:build linux || darwin

package filestore

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
)

// whenMade calls f once, when a temporary file has just been made and its writer has
// not locked it yet.
func whenMade(t *testing.T, f func(at int, name string)) {
	t.Helper()
	t.Cleanup(func() { sys = genuine })
	sys.open = func(at int, path string, flags int, mode uint32) (int, error) {
		fd, err := genuine.open(at, path, flags, mode)
		if err == nil && flags&unix.O_CREAT != 0 {
			sys = genuine
			f(at, path)
		}
		return fd, err
	}
}

func mustHold(t *testing.T, s *Store, want map[string]string) {
	t.Helper()
	if got := contents(t, s.path); !maps.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
}

// TestSweepOfNewFile sweeps a temporary file that its writer has no lock on yet,
// which looks like a dead one's: the writer begins anew.
func TestSweepOfNewFile(t *testing.T) {
	for name, others := range map[string]func(s *Store, d dir, temp string) error{
		"sweep": func(_ *Store, d dir, temp string) error {
			if !sweep(d, temp) {
				t.Error("a file that nobody has locked was not swept")
			}
			return nil
		},
		"delete all":   func(s *Store, _ dir, _ string) error { return s.DeletePrefix(t.Context(), "") },
		"delete other": func(s *Store, _ dir, _ string) error { return s.Delete(t.Context(), "a/other", store.Cond{}) },
		"put": func(s *Store, _ dir, temp string) error {
			_, err := s.Put(t.Context(), "a/x", [][]byte{[]byte("soon replaced")}, store.Cond{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			other, err := Open(s.path, store.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			if _, err := s.Put(t.Context(), "a/other", nil, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			whenMade(t, func(at int, temp string) {
				if err := others(other, dir{at}, temp); err != nil {
					t.Error(err)
				}
			})
			if _, err := s.Put(t.Context(), "a/x", [][]byte{[]byte("whole")}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"a/x": "whole", "a/other": ""}
			if strings.HasPrefix(name, "delete") {
				delete(want, "a/other")
			}
			mustHold(t, s, want)
		})
	}
}

// TestWriterMeetsItsSweeper makes the sweeper hold the lock on the temporary file
// when its writer comes to lock it.
func TestWriterMeetsItsSweeper(t *testing.T) {
	s := openTest(t)
	done := make(chan struct{})
	whenMade(t, func(at int, temp string) {
		d := dir{at}
		f, _, err := d.open(temp)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := f.tryLock(); !ok || err != nil {
			t.Errorf("lock: %v, %v", ok, err)
		}
		go func() {
			defer close(done)
			time.Sleep(time.Millisecond)
			d.unlink(temp)
			f.close()
		}()
	})
	if _, err := s.Put(t.Context(), "x", [][]byte{[]byte("whole")}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	<-done
	if got, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); err != nil || string(got) != "whole" {
		t.Errorf("get returned %q, %v", got, err)
	}
}

// TestReplacedObjectIsNobodysLeftover begins to write an object at the moment when
// the one that was just replaced has the temporary name, and no lock.
func TestReplacedObjectIsNobodysLeftover(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	if _, err := s.Put(ctx, "x", [][]byte{[]byte("old")}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	var late store.Writer
	t.Cleanup(func() { sys = genuine })
	sys.exchange = func(at int, old string, to int, name string) error {
		sys = genuine
		err := genuine.exchange(at, old, to, name)
		w, werr := s.OpenWriter(ctx, "x", store.Cond{})
		if werr != nil {
			t.Fatal(werr)
		}
		late = w
		return err
	}
	if _, err := s.Put(ctx, "x", [][]byte{[]byte("new")}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	if late == nil {
		t.Skip("this system does not exchange names")
	}
	if _, err := late.Write([]byte("newest")); err != nil {
		t.Fatal(err)
	}
	if _, err := late.Commit(); err != nil {
		t.Fatal(err)
	}
	mustHold(t, s, map[string]string{"x": "newest"})
}

// TestManyWritersOfOneObject has more writers at the same time than the object has
// names for them.
func TestManyWritersOfOneObject(t *testing.T) {
	s := openTest(t)
	var writers []store.Writer
	for range 2 * tempNames {
		w, err := s.OpenWriter(t.Context(), "x", store.Cond{})
		if err != nil {
			t.Fatal(err)
		}
		writers = append(writers, w)
	}
	for _, w := range writers {
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	mustHold(t, s, map[string]string{"x": ""})
}

// TestKilledWriters kills processes in the middle of their puts. What they leave is
// bounded by the number of objects, is used up by the next writers, and goes with
// the last object.
func TestKilledWriters(t *testing.T) {
	const objects = 5
	key := func(i int) string { return "a/" + string(rune('k'+i)) }
	if root := os.Getenv("DOSNA_TEST_KILLED"); root != "" {
		s, err := Open(root, store.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 1<<20)
		for i := 0; ; i++ {
			if _, err := s.Put(t.Context(), key(i%objects), [][]byte{data}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			if i == 2*objects {
				os.Stdout.WriteString("!")
			}
		}
	}
	times := 15
	if testing.Short() || testenv.Race {
		times = 4
	}
	s := openTest(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for i := range times {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestKilledWriters$")
		cmd.Env = append(os.Environ(), "DOSNA_TEST_KILLED="+s.path)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 100 * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		left := 0
		for name, data := range contents(t, filepath.Join(s.path, "a")) {
			if strings.HasPrefix(name, store.TempPrefix) {
				left++
			} else if len(data) != 1<<20 {
				t.Errorf("%s has %d bytes", name, len(data))
			}
		}
		most = max(most, left)
	}
	t.Logf("at most %d leftovers at a time", most)
	if most > objects {
		t.Errorf("%d processes died, and left %d unfinished objects of %d", times, most, objects)
	}
	for i := range objects {
		if _, err := s.Put(t.Context(), key(i), nil, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := contents(t, s.path); len(got) != objects {
		t.Errorf("after all objects were put again there is %q", got)
	}
	// What was left under names that are not used again goes with the last object.
	for _, name := range []string{"x", "y"} {
		if err := os.WriteFile(filepath.Join(s.path, "a", store.TempPrefix+name), []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for i := range objects {
		if err := s.Delete(t.Context(), key(i), store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustHold(t, s, map[string]string{})
}
