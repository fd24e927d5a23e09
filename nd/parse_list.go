package nd

import (
	"fmt"
	"slices"
)

// list reads an index array after its first bracket.
func (p *parser) list() (Index, error) {
	var l listParser
	shape, err := l.read(p, 1)
	switch {
	case err != nil:
		return Index{}, err
	case l.bools != nil:
		return Mask(shape, l.bools), nil
	}
	return Ints(shape, l.ints), nil
}

// listParser collects the values of an index array, which are all of one kind.
type listParser struct {
	ints  []int
	bools []bool
}

// read reads the rest of a list whose bracket is read, and returns its shape.
func (l *listParser) read(p *parser, depth int) ([]int, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("lists are nested more than %d deep", maxDepth)
	}
	n := 0
	var inner []int // shape of the entries
	for !p.at(']') {
		var shape []int
		var err error
		start := p.pos
		if p.accept("[") {
			if shape, err = l.read(p, depth+1); shape == nil && err == nil {
				shape = []int{}
			}
		} else {
			err = l.value(p)
		}
		if err != nil {
			return nil, err
		}
		if n > 0 && !slices.Equal(inner, shape) {
			p.pos = start
			return nil, fmt.Errorf("the entries of a list must have one shape; the first has %s and this one %s", tuple(inner), tuple(shape))
		}
		inner = shape
		n++
		if !p.accept(",") {
			break
		}
	}
	if !p.accept("]") {
		return nil, p.unexpected("',' or ']'")
	}
	return append([]int{n}, inner...), nil
}

// value reads one entry.
func (l *listParser) value(p *parser) error {
	p.skip()
	start := p.pos
	yes := p.word("True", "true")
	if yes || p.word("False", "false") {
		l.bools = append(l.bools, yes)
	} else {
		i, found, clipped, err := p.bound()
		switch {
		case err != nil:
			return err
		case !found:
			p.pos = start
			return p.unexpected("a position, True, False or ']'")
		case clipped:
			return fmt.Errorf("the position before here does not fit 64 bits")
		}
		l.ints = append(l.ints, i)
	}
	if l.ints != nil && l.bools != nil {
		p.pos = start
		return fmt.Errorf("a list holds either positions or True and False, not both")
	}
	return nil
}
