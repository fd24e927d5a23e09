//go:build unix

package ops_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// peakMemory returns the most bytes that an ended process had resident.
func peakMemory(t *testing.T, p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatalf("resource usage of type %T", p.SysUsage())
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // bytes
	}
	return usage.Maxrss << 10
}
