package storetest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/storetest/check"
)

// Processes checks that a store keeps its promises among processes: they are
// copies of the test binary that races are shared out to. A package does so with
//
//	var processes = storetest.Processes{Open: func(ctx context.Context, place string) (store.Store, error) { … }}
//
//	func TestMain(m *testing.M) {
//		processes.Child()
//		os.Exit(m.Run())
//	}
//
//	func TestProcesses(t *testing.T) {
//		processes.Run(t, 4, func(t *testing.T) string { return t.TempDir() })
//	}
type Processes struct {
	// Open opens the store at a place, in whatever process.
	Open func(ctx context.Context, place string) (store.Store, error)
}

// childVar makes a test binary a child: its value is a job.
const childVar = "DOSNA_STORETEST_CHILD"

// job is what one process does of a race.
type job struct {
	Race, Place string
	Process, Of int
}

// result is what it found.
type result struct {
	Err   string
	Tally map[string]int
}

// Child does, in a process that Run has started, what it was started for, and
// ends the process. In any other it does nothing.
func (p Processes) Child() {
	text := os.Getenv(childVar)
	if text == "" {
		return
	}
	t := check.NewTally()
	r := result{Tally: t.Counts()}
	if err := p.child(text, t); err != nil {
		r.Err = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (p Processes) child(text string, t *check.Tally) (err error) {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	s, err := p.Open(ctx, j.Place)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err // nobody is left to race for
	}
	for _, r := range check.Races() {
		if r.Name() == j.Race {
			return r.Part(ctx, func(worker int) store.Store {
				if worker*j.Of/check.Workers == j.Process {
					return s
				}
				return nil
			}, t)
		}
	}
	return fmt.Errorf("there is no race %q", j.Race)
}

// Run races n processes for each promise that the store makes. place returns a
// place that is new and empty.
func (p Processes) Run(t *testing.T, n int, place func(t *testing.T) string) {
	for _, r := range check.Races() {
		t.Run(r.Name(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), checkTime)
			defer cancel()
			where := place(t)
			s, err := p.Open(ctx, where)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			if !r.Check().For(s.Guarantees()) {
				return // a promise that is not made
			}
			counts := check.NewTally()
			err = r.Around(ctx, s, counts, func() error { return raceProcesses(ctx, r.Name(), where, n, counts) })
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// raceProcesses starts n processes, lets them go at the same time and adds up
// what they counted.
func raceProcesses(ctx context.Context, race, place string, n int, counts *check.Tally) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	children := make([]*child, n)
	for i := range children {
		text, err := json.Marshal(job{Race: race, Place: place, Process: i, Of: n})
		if err != nil {
			return err
		}
		if children[i], err = startChild(ctx, self, string(text)); err != nil {
			return err
		}
		defer children[i].end()
	}
	var errs []error
	for _, c := range children {
		errs = append(errs, c.ready())
	}
	for _, c := range children {
		_, err := io.WriteString(c.in, "go\n")
		errs = append(errs, err)
	}
	for i, c := range children {
		var r result
		err := json.NewDecoder(c.out).Decode(&r)
		if err == nil && r.Err != "" {
			err = errors.New(r.Err)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("process %d of %d: %w", i+1, n, err))
		}
		counts.Merge(r.Tally)
	}
	return errors.Join(errs...)
}

type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startChild(ctx context.Context, self, text string) (*child, error) {
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), childVar+"="+text)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &child{cmd, in, bufio.NewReader(out)}, nil
}

func (c *child) ready() error {
	line, err := c.out.ReadString('\n')
	if err == nil && strings.TrimSpace(line) != "ready" {
		err = fmt.Errorf("a process said %q; is Processes.Child called in TestMain?", line)
	}
	return err
}

// end makes sure that the process is gone.
func (c *child) end() {
	c.in.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}
