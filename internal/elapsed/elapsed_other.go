//go:build !linux

package elapsed

import "time"

var began = time.Now()

// Now returns the time since an unknown moment, the same one in all calls of a
// process. What the machine sleeps does not count.
func Now() time.Duration { return time.Since(began) }
