package engine

import (
	"context"
	"encoding/binary"
	"fmt"
)

// RankError is an error of a task that ran on another rank.
type RankError struct {
	Rank int
	Text string // the error's
}

// Error returns the text and the rank.
func (e *RankError) Error() string { return fmt.Sprintf("rank %d: %s", e.Rank, e.Text) }

// agree waits until every rank has run its tasks, and fails on all of them if
// one failed. It takes part even if ctx is done, since the other ranks wait.
func (e *Engine) agree(ctx context.Context, n int, err error) error {
	report := binary.AppendUvarint(nil, uint64(n))
	if err != nil {
		report = append(report, err.Error()+" "...) // never empty
	}
	all, commErr := e.comm.AllGather(context.WithoutCancel(ctx), report)
	if commErr != nil { // the ranks are out of step: those that still wait are to know
		commErr = fmt.Errorf("learn how the other ranks' tasks ended: %w", commErr)
		_ = e.comm.Abort(commErr)
		if err != nil {
			return err
		}
		return commErr
	}
	return verdict(all, e.comm.Rank(), n, err)
}

// verdict is what a rank concludes from all ranks' reports.
func verdict(all [][]byte, own, n int, err error) error {
	for rank, report := range all {
		theirs, used := binary.Uvarint(report)
		if used <= 0 || theirs != uint64(n) {
			return fmt.Errorf("rank %d ran %d tasks where rank %d ran %d; all ranks must call Run alike", rank, theirs, own, n)
		}
		if text := report[used:]; len(text) > 0 {
			if rank == own {
				return err
			}
			return &RankError{rank, string(text[:len(text)-1])}
		}
	}
	return err
}
