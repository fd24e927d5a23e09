// Package engine runs many independent tasks: one after another, on several
// workers of this process, or on the workers of several processes (ranks).
//
// An [Engine] is a number of workers on each rank of a [Comm]. Engines differ in
// nothing else, so code that runs on [CPU] runs unchanged on [Threads] and over
// MPI. Package enginetest checks that a Comm or an Engine keeps what is promised
// here.
package engine
