package convert

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// maxNamedGaps bounds the gaps that a note names.
const maxNamedGaps = 3

// numbering tells of gaps in the numbers of a stack's files, which come in order:
// "" if each is followed by the next, or if names differ in more than one number.
func numbering(paths []string) string {
	var gaps []string
	for i := range len(paths) - 1 {
		a, b := filepath.Base(paths[i]), filepath.Base(paths[i+1])
		if n, ok := successor(a, b); ok && n > 1 {
			gaps = append(gaps, fmt.Sprintf("%s is followed by %s", a, b))
		}
	}
	switch n := len(gaps); {
	case n == 0:
		return ""
	case n > maxNamedGaps:
		gaps = append(gaps[:maxNamedGaps], fmt.Sprintf("and %d gaps more", n-maxNamedGaps))
	}
	return strings.Join(gaps, ", ")
}

// successor returns by how much the number in b is larger than the one in a; it is
// false if that is not all they differ in.
func successor(a, b string) (int, bool) {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	for i > 0 && digits(a[i-1:]) > 0 { // back to where the number begins
		i--
	}
	x, y := a[i:][:digits(a[i:])], b[i:][:digits(b[i:])]
	if a[i+len(x):] != b[i+len(y):] {
		return 0, false
	}
	m, err := strconv.Atoi(x)
	if err != nil {
		return 0, false
	}
	n, err := strconv.Atoi(y)
	return n - m, err == nil
}
