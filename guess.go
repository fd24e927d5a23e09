package dosna

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dosna/dosna/nd"
)

const (
	// wholeChunk is the largest array that becomes one chunk by itself.
	wholeChunk = 1 << 20
	// guessedChunk is the size in bytes that guessed chunks come close to:
	// large enough that requests are few, small enough to fetch for a point.
	guessedChunk = 1 << 20
)

// GuessChunks returns a chunk shape for an array of elements of item bytes that
// is read as access says:
//
//	boxes         parts of about equal extent in all axes (also "")
//	planes:AXIS   whole planes, one position of the axis at a time
//	lines:AXIS    whole lines along the axis, such as spectra
//
// Chunks come close to 1 MiB. Planes and lines are cut, longest axis first,
// where they are larger than that. AXIS may be negative, counting from the end.
func GuessChunks(shape []int, item int, access string) ([]int, error) {
	kind, axis, err := parseAccess(access, len(shape))
	if err != nil {
		return nil, err
	}
	if _, ok := nd.Size(shape); !ok {
		return nil, fmt.Errorf("%w: an array cannot have the shape %v: a length is negative, or there are too many elements for 63 bits", ErrInvalid, shape)
	}
	goal := max(guessedChunk/max(item, 1), 1)
	chunks := make([]int, len(shape))
	for i, n := range shape {
		chunks[i] = max(n, 1)
	}
	switch kind {
	case "planes":
		chunks[axis] = 1
		halve(chunks, goal, func(i int) bool { return i != axis })
		stretch(chunks, shape, goal, axis)
	case "lines":
		along := chunks[axis]
		for i := range chunks {
			chunks[i] = 1
		}
		chunks[axis] = along
		halve(chunks, goal, func(i int) bool { return i == axis })
		for i := range chunks { // neighbouring lines, as many as fit, in a square
			if i != axis {
				chunks[i] = max(shape[i], 1)
			}
		}
		halve(chunks, goal, func(i int) bool { return i != axis })
	default:
		if saturated(chunks) <= wholeChunk/max(item, 1) {
			return chunks, nil
		}
		halve(chunks, goal, func(int) bool { return true })
	}
	return chunks, nil
}

func parseAccess(access string, ndim int) (kind string, axis int, err error) {
	kind, number, numbered := strings.Cut(access, ":")
	switch {
	case access == "" || access == "boxes":
		return "boxes", 0, nil
	case kind != "planes" && kind != "lines" || !numbered:
		return "", 0, fmt.Errorf("%w: access %q is none of boxes, planes:AXIS and lines:AXIS", ErrInvalid, access)
	}
	axis, err = strconv.Atoi(number)
	if err != nil || axis < -ndim || axis >= ndim {
		return "", 0, fmt.Errorf("%w: access %q: an array of %d dimensions has no axis %q", ErrInvalid, access, ndim, number)
	}
	if axis < 0 {
		axis += ndim
	}
	return kind, axis, nil
}

// halve halves the longest of the axes that may be cut, rounding up, until no
// more than goal elements are left.
func halve(chunks []int, goal int, may func(axis int) bool) {
	for saturated(chunks) > goal {
		longest := -1
		for i, n := range chunks {
			if may(i) && n > 1 && (longest < 0 || n > chunks[longest]) {
				longest = i
			}
		}
		if longest < 0 {
			return
		}
		chunks[longest] = (chunks[longest] + 1) / 2
	}
}

// stretch lengthens chunks along an axis while that keeps them within goal.
func stretch(chunks, shape []int, goal, axis int) {
	n := goal / max(saturated(chunks)/chunks[axis], 1)
	chunks[axis] = max(min(n, shape[axis]), 1)
}

func saturated(shape []int) int {
	n, ok := nd.Size(shape)
	if !ok {
		return 1<<63 - 1
	}
	return n
}
