package elapsed

import (
	"time"

	"golang.org/x/sys/unix"
)

var began = time.Now()

// Now returns the time since an unknown moment, the same one in all calls of a
// process. On Linux it counts the time that the machine sleeps.
func Now() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil { // before Linux 2.6.39
		return time.Since(began)
	}
	return time.Duration(t.Nano())
}
