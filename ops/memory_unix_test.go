//go:build unix

package ops_test

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// peakMemory returns the most bytes that this process had resident. On Linux
// it reads the figure of the process image: the one of getrusage also counts
// what the parent had resident when it started this process.
func peakMemory(t *testing.T) int64 {
	if runtime.GOOS == "linux" {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := bytes.Cut(status, []byte("VmHWM:"))
		field := bytes.Fields(rest)
		if !found || len(field) == 0 {
			t.Fatalf("/proc/self/status has no VmHWM:\n%s", status)
		}
		kib, err := strconv.ParseInt(string(field[0]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return kib << 10
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) // bytes
	}
	return int64(usage.Maxrss) << 10
}
