package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cellsFlag is the shape of chunks or shards, "64,64,64", or along some axes a list of
// their lengths, one after the other: "[100,200*4,50],64", where 200*4 is four times 200.
type cellsFlag struct {
	shape []int   // 0 where there is a list
	edges [][]int // nil without lists
}

func (f *cellsFlag) Type() string { return "SHAPE" }

func (f *cellsFlag) Set(s string) error {
	if !strings.Contains(s, "[") {
		shape, err := parseShape(s)
		*f = cellsFlag{shape: shape}
		return err
	}
	shape, edges, err := parseCells(s)
	if err != nil {
		return fmt.Errorf("%q: %w; a list of lengths for each axis is wanted, such as [100,200*4,50],64", s, err)
	}
	*f = cellsFlag{shape, edges}
	return nil
}

func (f *cellsFlag) String() string {
	if f.shape == nil {
		return ""
	}
	return cells(f.shape, f.edges)
}

// maxListed bounds the lengths that a flag lists.
const maxListed = 1 << 20

func parseCells(s string) (shape []int, edges [][]int, err error) {
	text := strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(text, "("); ok {
		text = strings.TrimSuffix(inner, ")")
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ",")
	for more := true; more; {
		text = strings.TrimSpace(text)
		n, list := 0, []int(nil)
		rest, listed := strings.CutPrefix(text, "[")
		if listed {
			inner, after, closed := strings.Cut(rest, "]")
			if !closed {
				return nil, nil, fmt.Errorf("[ without ]")
			}
			if list, err = parseLengths(inner); err != nil {
				return nil, nil, err
			}
			after = strings.TrimSpace(after)
			if text, more = strings.CutPrefix(after, ","); !more && after != "" {
				return nil, nil, fmt.Errorf("%q behind ]", after)
			}
		} else {
			var number string
			number, text, more = strings.Cut(text, ",")
			if n, err = parseLength(number); err != nil {
				return nil, nil, err
			}
		}
		shape, edges = append(shape, n), append(edges, list)
	}
	return shape, edges, nil
}

// parseLengths reads lengths, each perhaps with how often it is repeated.
func parseLengths(s string) ([]int, error) {
	list := []int{}
	for part := range strings.SplitSeq(s, ",") {
		length, times, repeated := strings.Cut(part, "*")
		n, err := parseLength(length)
		count := 1
		if err == nil && repeated {
			count, err = parseLength(times)
		}
		if err != nil {
			return nil, err
		}
		if count > maxListed-len(list) {
			return nil, fmt.Errorf("more than %d lengths", maxListed)
		}
		for range count {
			list = append(list, n)
		}
	}
	return list, nil
}

func parseLength(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a number from 1", s)
	}
	return n, nil
}

// cells prints the shape of chunks or shards as --chunks takes it, in short where lists
// of lengths are long: "(64, 64)", "([100, 200*4, 50], 64)",
// "([1, 2, 3, 4, 5, 6, … 365 from 1 to 31], 64)".
func cells(shape []int, edges [][]int) string {
	const most = 6 // runs
	text := tuple(shape)
	if len(edges) == 0 {
		return text
	}
	parts := strings.Split(strings.Trim(text, "(,)"), ", ")
	for axis, list := range edges {
		if list == nil {
			continue
		}
		var runs []string
		for i := 0; i < len(list); {
			n := 1
			for i+n < len(list) && list[i+n] == list[i] {
				n++
			}
			if len(runs) == most {
				runs = append(runs, fmt.Sprintf("… %d from %d to %d", len(list), slices.Min(list), slices.Max(list)))
				break
			}
			run := strconv.Itoa(list[i])
			if n > 1 {
				run += "*" + strconv.Itoa(n)
			}
			runs = append(runs, run)
			i += n
		}
		parts[axis] = "[" + strings.Join(runs, ", ") + "]"
	}
	text = strings.Join(parts, ", ")
	if len(parts) == 1 {
		text += ","
	}
	return "(" + text + ")"
}
