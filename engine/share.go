package engine

// RunOptions say which rank runs which task. With one rank they change nothing.
type RunOptions struct {
	// Unit is the number of consecutive tasks that go to one rank together,
	// because they share a stored object, say; 0 means 1. Units are dealt out to
	// the ranks in turn.
	Unit int
	// Contiguous gives each rank one run of consecutive units instead.
	Contiguous bool
}

// share is the part of the tasks 0…total-1 that one rank runs: n of them, found
// by index. The tasks form units (the last may be short), and the rank has the
// units first, first+step, first+2·step, …
type share struct {
	n, unit, first, step int
}

func newShare(total int, o RunOptions, rank, size int) share {
	s := share{unit: max(o.Unit, 1), first: rank, step: size}
	units := 0
	if total > 0 {
		units = (total-1)/s.unit + 1
	}
	mine, extra := units/size, units%size // the first extra ranks have one more
	if o.Contiguous {
		s.first, s.step = mine*rank+min(rank, extra), 1
	}
	if rank < extra {
		mine++
	}
	if mine == 0 {
		return s
	}
	last := s.first + (mine-1)*s.step
	s.n = (mine-1)*s.unit + min(s.unit, total-last*s.unit)
	return s
}

// index returns the share's k-th task.
func (s share) index(k int) int {
	return (s.first+k/s.unit*s.step)*s.unit + k%s.unit
}
