package convert

import (
	"sync"

	"github.com/dosna/dosna"
)

// Options modify conversions; the zero value (and nil) is right for most.
type Options struct {
	// Memory bounds the bytes of elements in flight, beside those of the
	// stored objects being worked on; 0 is DefaultMemory. With little memory
	// for long rows, stored objects may be read or written several times.
	Memory int
	// Name is that of the array in an archive that is written (.npz).
	Name string
	// Compression is that of TIFF files that are written, one of Compressions.
	Compression string
	// Levels, if not nil, turns numbers into those of 8 or 16 bits in TIFF files
	// and stacks of pictures.
	Levels *Levels
}

// DefaultMemory is the default of Options.Memory.
const DefaultMemory = 128 << 20

// part returns the most bytes of a part: while one is being read, another is
// being written.
func (o *Options) part() int {
	if o == nil || o.Memory <= 0 {
		return DefaultMemory / 2
	}
	return max(o.Memory/2, 1)
}

// progress divides the dataset's report of a long call among the calls that it
// is made of. It counts bytes of elements.
type progress struct {
	report func(done, total int)
	mu     sync.Mutex
	done   int
	total  int
}

// forParts returns the dataset with options for the calls that work on parts,
// and their common progress.
func forParts(d *dosna.Dataset, total int) (*dosna.Dataset, *progress) {
	o := d.Connection().Options()
	p := &progress{report: o.Progress, total: total}
	o.Progress, o.Durable = nil, false
	return d.With(o), p
}

// add reports n bytes more.
func (p *progress) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if p.report != nil {
		p.report(p.done, p.total)
	}
}
