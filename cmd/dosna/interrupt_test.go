//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/dtype"
)

// process is dosna at work.
type process struct {
	*exec.Cmd
	errOut bytes.Buffer
}

func start(t *testing.T, dir string, stdin io.Reader, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command("dosna", args...)}
	p.Dir, p.Stdin, p.Stderr = dir, stdin, &p.errOut
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return p
}

// await waits until a file exists.
func await(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if found, err := filepath.Glob(path); err == nil && len(found) > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come into being", path)
		}
	}
}

// interrupt sends ^C and checks how the process ends.
func (p *process) interrupt(t *testing.T, s os.Signal, code int) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	if got := p.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d; %s", got, code, p.errOut.String())
	}
	if text := p.errOut.String(); !strings.HasPrefix(text, "dosna: ") || strings.Count(text, "\n") != 1 {
		t.Errorf("it said %q", text)
	}
}

// slowPipe returns a pipe that holds the first half of an array and never ends.
func slowPipe(t *testing.T) io.Reader {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	n, err := convert.NewWriter(w, convert.NPY, []int{64, 64, 64}, dtype.Uint8, "")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = n.Write(bytes.Repeat([]byte{7}, 64*64*32)) // fails when the pipe is closed
	}()
	return r
}

func TestInterruptedImport(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, slowPipe(t), "import", "-", "pool#/scan/raw", "--chunks", "8,64,64")
	await(t, filepath.Join(dir, "pool/scan/raw/zarr.json"))
	p.interrupt(t, os.Interrupt, 130)
	if _, err := os.Stat(filepath.Join(dir, "pool")); !os.IsNotExist(err) { // it was made for this
		t.Errorf("the tree is still there: %v", err)
	}
}

func TestTerminatedImport(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, slowPipe(t), "import", "-", "pool#/raw")
	await(t, filepath.Join(dir, "pool/raw/zarr.json"))
	p.interrupt(t, syscall.SIGTERM, 143)
	if _, err := os.Stat(filepath.Join(dir, "pool/raw/zarr.json")); err == nil {
		t.Error("the dataset is still there")
	}
}

// A process that waits for the first byte of a pipe ends as well.
func TestInterruptedWaiting(t *testing.T) {
	dir := t.TempDir()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	p := start(t, dir, r, "import", "-", "pool#/raw")
	time.Sleep(50 * time.Millisecond) // whether it waits already or not, it ends
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	if _, err := os.Stat(filepath.Join(dir, "pool/raw")); err == nil {
		t.Error("there is a dataset")
	}
}

// A pipe by another name, as a shell makes it of "<(…)", is like standard input.
func TestNamedPipe(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{nil, {1, 2, 3}} {
		p := start(t, dir, nil, "import", "fifo", "pool#/raw")
		w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		out, err := convert.NewWriter(w, convert.NPY, []int{3}, dtype.Uint8, "")
		if err != nil {
			t.Fatal(err)
		}
		if data == nil {
			await(t, filepath.Join(dir, "pool/raw/zarr.json"))
			p.interrupt(t, os.Interrupt, 130)
			_ = w.Close()
			continue
		}
		if _, err := out.Write(data); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		if err := p.Wait(); err != nil {
			t.Fatal(err, p.errOut.String())
		}
	}
	if out, _, _ := command(t, dir, "get", "pool#/raw"); out != "[1 2 3]\n" {
		t.Errorf("the dataset is %q", out)
	}
}

// What is to be replaced stays if the replacement is not completed.
func TestInterruptedOverwrite(t *testing.T) {
	dir := t.TempDir()
	if _, errOut, code := command(t, dir, "create", "pool#/raw", "--shape", "3", "--dtype", "uint8", "--fill", "9"); code != 0 {
		t.Fatal(errOut)
	}
	p := start(t, dir, slowPipe(t), "import", "-", "pool#/raw", "--overwrite")
	await(t, filepath.Join(dir, "pool/raw.new-*/zarr.json"))
	p.interrupt(t, os.Interrupt, 130)
	if out, _, _ := command(t, dir, "get", "pool#/raw"); out != "[9 9 9]\n" {
		t.Errorf("the dataset is now %q", out)
	}
	if out, _, _ := command(t, dir, "ls", "pool"); strings.Count(out, "\n") != 1 {
		t.Errorf("the tree is now %q", out)
	}
}

// TestKilledImport: what a killed import leaves is seen by nobody, and rm removes it.
func TestKilledImport(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, slowPipe(t), "import", "-", "pool#/scan/raw", "--chunks", "8,64,64")
	await(t, filepath.Join(dir, "pool/scan/raw/zarr.json"))
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	if out, errOut, code := command(t, dir, "ls", "-r", "pool"); code != 0 || strings.Contains(out, "raw") {
		t.Errorf("the tree is %q (%d): %s", out, code, errOut)
	}
	if _, errOut, code := command(t, dir, "info", "pool#/scan/raw"); code != 1 || !strings.Contains(errOut, "not complete") {
		t.Errorf("info: %d, %s", code, errOut)
	}
	if out, _, code := command(t, dir, "verify", "-r", "pool"); code != 0 || !strings.Contains(out, "dosna rm pool#/scan/raw") {
		t.Errorf("verify: %d, %s", code, out)
	}
	if _, errOut, code := command(t, dir, "rm", "pool#/scan/raw"); code != 0 {
		t.Errorf("rm: %d, %s", code, errOut)
	}
	if _, err := os.Stat(filepath.Join(dir, "pool/scan/raw")); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestInterruptedBlurAndCopy(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil, "demo", "--size", "192", "--sigma", "0", "--out", "d", "--codec", "none", "--quiet")
	if err := p.Wait(); err != nil {
		t.Fatal(err, p.errOut.String())
	}
	tree := filepath.Join(dir, "d/volume.zarr")
	for _, args := range [][]string{
		{"blur", tree + "#/raw", "#/out", "--sigma", "40", "--engine", "cpu"},
		{"cp", tree + "#/raw", "#/out", "--chunks", "5,7,6", "--codec", "zstd:19", "--engine", "cpu"},
		{"cp", "-r", tree, filepath.Join(dir, "other") + "#/out", "--chunks", "5,7,6", "--codec", "zstd:19", "--engine", "cpu"},
	} {
		out := filepath.Join(tree, "out")
		if args[1] == "-r" {
			out = filepath.Join(dir, "other/out")
		}
		p := start(t, dir, nil, args...)
		await(t, filepath.Join(out, "zarr.json"))
		p.interrupt(t, os.Interrupt, 130)
		if _, err := os.Stat(filepath.Join(out, "zarr.json")); err == nil {
			t.Errorf("%v: its output is still there", args)
		}
	}
}

// What an interrupted command has taken is told all the same.
func TestInterruptedStats(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, slowPipe(t), "import", "-", "pool#/scan/raw", "--chunks", "8,64,64", "--stats=json")
	await(t, filepath.Join(dir, "pool/scan/raw/zarr.json"))
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	lines := strings.Split(strings.TrimSpace(p.errOut.String()), "\n")
	if p.ProcessState.ExitCode() != 130 || len(lines) != 2 || lines[0] != "dosna: interrupted" || !strings.Contains(lines[1], `"operation":"put"`) {
		t.Errorf("exit code %d, and it said %q", p.ProcessState.ExitCode(), lines)
	}
}
