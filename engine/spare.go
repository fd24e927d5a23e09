package engine

import (
	"os"
	"runtime"
)

// Spare lets one goroutine more run Go code at a time than there are cores,
// unless the environment variable GOMAXPROCS says how many. A program that
// spends its time in reading and writing arrays calls it once, when it starts.
//
// While a worker is in libzstd or reads a file, the Go scheduler takes away its
// right to run, if nobody else's is idle, and the worker has to queue for another when it
// returns. With one to spare nothing is taken away. That is a setting of the
// process, and so is the program's affair, not this library's.
func Spare() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

// cores is how many workers can run at a time.
func cores() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }
