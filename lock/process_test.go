//go:build unix

package lock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
)

func init() { roles["count"], roles["write"] = countRole, writeRole }

// openFiles opens the store in a directory.
func openFiles(dir string) (store.Store, error) { return filestore.Open(dir, store.OpenOptions{}) }

// process starts this test binary in a role.
func process(t *testing.T, role string, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), roleVar+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// countRole adds one to the number in a file so many times, each under a lease, and tells of
// each when it is done. It neither replaces the file at once nor compares it.
func countRole(args []string) error {
	s, err := openFiles(args[0])
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	file := filepath.Join(args[0], "count")
	for range times {
		l, err := Acquire(context.Background(), s, testKey, &Options{TTL: 2 * time.Second})
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return fmt.Errorf("somebody else writes: %w", err)
		}
		time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
		if err := l.Err(); err != nil { // on a machine that is very busy
			fmt.Println("lost")
			continue
		}
		if err := os.WriteFile(file, []byte(strconv.Itoa(n+1)), 0o666); err != nil {
			return err
		}
		fmt.Println("done")
		if err := l.Release(context.Background()); err != nil {
			return err
		}
	}
	return s.Close()
}

// TestProcessesCount has processes count under a lease, some of which are killed. What they
// have counted is there; each that was killed may have counted one more.
func TestProcessesCount(t *testing.T) {
	t.Parallel()
	workers, times, kills := 8, 15, 2
	if testenv.Race || testing.Short() {
		workers, times, kills = 4, 8, 1
	}
	dir := testenv.ScratchDir(t)
	file := filepath.Join(dir, "count")
	if err := os.WriteFile(file, []byte("0"), 0o666); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i := range workers {
		cmd, out := process(t, "count", dir, strconv.Itoa(times))
		wg.Go(func() {
			mine := 0
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				if lines.Text() != "done" {
					t.Logf("process %d: %s", i, lines.Text())
					continue
				}
				if mine++; i < kills && mine == times/3+i {
					_ = cmd.Process.Kill()
				}
			}
			if err := cmd.Wait(); err != nil && i >= kills {
				t.Errorf("process %d: %v", i, err)
			}
			mu.Lock()
			done += mine
			mu.Unlock()
		})
	}
	wg.Wait()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(string(text)); err != nil || n < done || n > done+kills {
		t.Errorf("the count is %q, and %d were counted by %d processes, %d of them killed", text, done, workers, kills)
	}
	s, err := openFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if l, err := Acquire(t.Context(), s, testKey, nil); err != nil {
		t.Error(err)
	} else if err := l.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// writeRole stores numbers under a lease until that has ended, and tells of each.
func writeRole(args []string) error {
	s, err := openFiles(args[0])
	if err != nil {
		return err
	}
	l, err := Acquire(context.Background(), s, testKey, &Options{TTL: time.Second})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		ctx := context.WithoutCancel(l.Context()) // to go on for as long as the guard lets it
		if _, err = Guard(ctx, s).Put(ctx, chunkKey, [][]byte{fmt.Appendf(nil, "old %d", n)}, store.Cond{}); err != nil {
			break
		}
		fmt.Println("stored", n)
	}
	fmt.Println("ended", errors.Is(err, ErrLost), l.Err() != nil, context.Cause(l.Context()) != nil)
	return l.Release(context.Background())
}

// TestProcessStopped stops a process while it stores under a lease, for longer than its
// time to live. What its successor has stored meanwhile stays when it goes on.
func TestProcessStopped(t *testing.T) {
	t.Parallel()
	for range 3 {
		dir := testenv.ScratchDir(t)
		s, err := openFiles(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Guarantees().PutIfMatch {
			t.Skip("the file system does not keep writers apart")
		}
		cmd, out := process(t, "write", dir)
		lines := bufio.NewScanner(out)
		for range 3 + rand.IntN(50) {
			if !lines.Scan() {
				t.Fatal("it has ended")
			}
		}
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		l, err := Acquire(ctx, s, testKey, nil)
		if errors.Is(err, context.DeadlineExceeded) {
			_ = cmd.Process.Kill()
			t.Skip("it was stopped while it renewed its lease, and held the directory locked")
		}
		if err != nil {
			t.Fatal(err)
		}
		// A process that was stopped between its comparison and its renaming keeps
		// others out of the directory until it goes on.
		stored := make(chan error, 1)
		go func() {
			_, err := Guard(l.Context(), s).Put(l.Context(), chunkKey, [][]byte{[]byte("new")}, store.Cond{})
			stored <- err
		}()
		select {
		case err = <-stored:
			stored <- err
		case <-time.After(50 * time.Millisecond):
		}
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if err := <-stored; err != nil {
			t.Fatal(err)
		}
		last := ""
		for lines.Scan() {
			last = lines.Text()
		}
		if err := cmd.Wait(); err != nil || last != "ended true true true" {
			t.Errorf("the process ended with %v: %s", err, last)
		}
		if got, _, err := s.Get(ctx, chunkKey, store.GetOptions{}, nil); err != nil || string(got) != "new" {
			t.Errorf("%q, %v is stored: a late write has replaced what came after it", got, err)
		}
		if state, err := Inspect(ctx, s, testKey); err != nil || len(state.Holders) != 1 || !strings.HasPrefix(state.Holders[0].ID, l.Claim().ID) {
			t.Errorf("%v, %v", state, err)
		}
		if err := l.Release(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
