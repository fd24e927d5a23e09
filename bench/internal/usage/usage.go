//go:build unix

// Package usage measures what this process takes of the machine.
package usage

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Meter tells what passes between Start and Stop.
type Meter struct {
	wall time.Time
	cpu  float64
}

// Start begins to measure.
func Start() Meter { return Meter{time.Now(), cpu()} }

// Stop returns what has passed since Start.
func (m Meter) Stop() (seconds, cpuSeconds float64) {
	return time.Since(m.wall).Seconds(), cpu() - m.cpu
}

// cpu returns the seconds that all threads of the process have worked.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// Peak returns the most memory, in MiB, that the process had resident. Where the
// system tells it, that is since the program began: what getrusage tells includes
// the process that started it.
func Peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				if kib, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
					return float64(kib) / 1024
				}
			}
		}
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // which counts bytes, where others count KiB
		u.Maxrss /= 1024
	}
	return float64(u.Maxrss) / 1024
}
