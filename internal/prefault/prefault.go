// Package prefault asks the system for the pages of fresh memory many at a time. It
// gives them one by one where memory is touched for the first time, and what it does
// to notice that is a third of the cost.
//
// It is for memory that is going to be written in full: what a process takes is then
// the same. Nothing is altered but the time that writes take later, and where the
// system has no such call not even that.
package prefault

// stretch is the size in bytes of what is asked for at once. Less than that is not
// worth the call.
const stretch = 2 << 20

// Stretches returns the number of parts that memory of so many bytes is asked for
// in. They may be asked for in any order, and at the same time.
func Stretches(bytes int) int { return bytes / stretch }

// Stretch asks for the pages of a part of b.
func Stretch(b []byte, i int) {
	end := (i + 1) * stretch
	if i == Stretches(len(b))-1 {
		end = len(b)
	}
	populate(b[i*stretch : end])
}
