package engine

import (
	"bytes"
	"context"
	"fmt"
)

// Comm connects the ranks of one program: processes, usually, each running the
// same code. Barrier, Bcast and AllGather are collective: every rank makes the
// same calls in the same order, from one goroutine at a time, and none of them
// returns before all ranks have called (Bcast may return earlier).
//
// A collective returns the cause soon after its ctx is done. The ranks are then
// out of step, and only Abort may follow. No slice passed in is kept, and those
// returned are the caller's.
type Comm interface {
	// Rank is this rank's number, from 0 to Size-1.
	Rank() int
	// Size is the number of ranks, the same on each.
	Size() int
	// Barrier waits for every rank.
	Barrier(ctx context.Context) error
	// Bcast returns root's data on every rank; the data of others is ignored.
	Bcast(ctx context.Context, data []byte, root int) ([]byte, error)
	// AllGather returns the data of every rank, in order of rank. Lengths may differ.
	AllGather(ctx context.Context, data []byte) ([][]byte, error)
	// Abort ends the run of all ranks on account of err: collectives that wait
	// or come later fail with its text, or (MPI) every process is ended and
	// Abort does not return. If it does, it returns err.
	Abort(err error) error
}

// Alone returns a Comm with one rank.
func Alone() Comm { return alone{} }

type alone struct{}

func (alone) Rank() int             { return 0 }
func (alone) Size() int             { return 1 }
func (alone) Abort(err error) error { return err }

func (alone) Barrier(ctx context.Context) error { return context.Cause(ctx) }

func (alone) Bcast(ctx context.Context, data []byte, root int) ([]byte, error) {
	if root != 0 {
		return nil, fmt.Errorf("broadcast from rank %d of 1", root)
	}
	return bytes.Clone(data), context.Cause(ctx)
}

func (alone) AllGather(ctx context.Context, data []byte) ([][]byte, error) {
	return [][]byte{bytes.Clone(data)}, context.Cause(ctx)
}
