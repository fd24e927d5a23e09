package nd

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	maxText  = 1 << 20 // bytes of a selection's text
	maxDepth = 32      // nested lists, NumPy's limit of old
)

// ParseSelection reads what NumPy users write between the brackets of a[…]:
//
//	36:80, 89:, ::-2    slices, whose bounds may be negative or left out
//	5, -1               positions
//	...                 as many whole axes as the other items leave over
//	None, newaxis       a new axis of length 1
//	[1, 5, 9]           a list of positions; nested lists are arrays of them
//	[True, False]       a mask, likewise
//
// The whole may stand in (…), or in […] if it could not be a list by itself:
// "[0:5, 3]" is "0:5, 3", whereas "[5, 3]" is a list. In "oindex[…]" lists apply
// independently (Selection.Orthogonal). Empty text selects everything.
// Text longer than 1 MiB is refused. Errors name the column, counted in bytes
// from 1.
func ParseSelection(text string) (Selection, error) {
	p := parser{text: text}
	s, err := p.selection()
	if err != nil {
		return Selection{}, fmt.Errorf("parse selection %q: column %d: %w", abridge(text), p.pos+1, err)
	}
	return s, nil
}

// parser reads text from pos on; after an error pos is where it was found.
type parser struct {
	text string
	pos  int
}

func (p *parser) selection() (Selection, error) {
	if len(p.text) > maxText {
		return Selection{}, fmt.Errorf("text of %d bytes is longer than %d; give long lists and masks as arrays", len(p.text), maxText)
	}
	orthogonal := p.accept("oindex")
	closer := byte(0)
	switch {
	case orthogonal:
		if !p.accept("[") {
			return Selection{}, p.unexpected("'[' after oindex")
		}
		closer = ']'
	case p.accept("("):
		closer = ')'
	case p.enclosed():
		p.accept("[")
		closer = ']'
	}
	if orthogonal && p.accept("()") {
		return Selection{orthogonal: true}, p.end(closer)
	}
	items, err := p.items(closer)
	if err == nil {
		err = p.end(closer)
	}
	return Selection{items, orthogonal}, err
}

// enclosed reports whether the text is one pair of brackets around something
// that no list holds.
func (p *parser) enclosed() bool {
	text := strings.TrimSpace(p.text)
	if !strings.HasPrefix(text, "[") {
		return false
	}
	depth, found := 0, false
	for i, c := range []byte(text) {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
			if depth == 0 {
				return found && i == len(text)-1
			}
		case depth == 1 && strings.IndexByte(":.nN", c) >= 0: // :, ..., None, newaxis
			found = true
		}
	}
	return false
}

// end expects closer, unless it is 0, and then nothing more.
func (p *parser) end(closer byte) error {
	if closer != 0 && !p.accept(string(closer)) {
		return p.unexpected(fmt.Sprintf("',' or %q", closer))
	}
	if p.skip(); p.pos < len(p.text) {
		return p.unexpected("',' or the end")
	}
	return nil
}

// items reads comma separated items up to closer or the end.
func (p *parser) items(closer byte) ([]Index, error) {
	var items []Index
	for !p.at(closer) {
		x, err := p.item()
		if err != nil {
			return nil, err
		}
		items = append(items, x)
		if !p.accept(",") {
			break
		}
	}
	return items, nil
}

// at reports whether closer comes next; 0 means the end of the text.
func (p *parser) at(closer byte) bool {
	if p.skip(); p.pos == len(p.text) {
		return closer == 0
	}
	return p.text[p.pos] == closer
}

func (p *parser) item() (Index, error) {
	switch {
	case p.accept("..."):
		return Ellipsis(), nil
	case p.accept("["):
		return p.list()
	case p.word("True", "true"):
		return Mask([]int{}, []bool{true}), nil
	case p.word("False", "false"):
		return Mask([]int{}, []bool{false}), nil
	case p.word("newaxis", "np.newaxis", "numpy.newaxis"):
		return NewAxis(), nil
	}
	omitted := p.word("None")
	first, found, clipped, err := p.bound()
	switch {
	case err != nil:
		return Index{}, err
	case p.accept(":"):
		return p.slice(first)
	case omitted:
		return NewAxis(), nil
	case !found:
		return Index{}, p.unexpected("a position, a slice, a list, '...', None, True or False")
	case clipped:
		return Index{}, fmt.Errorf("the position before here does not fit 64 bits")
	}
	return At(first), nil
}

// slice reads what follows the first colon.
func (p *parser) slice(start int) (Index, error) {
	x := RangeStep(start, None, 1)
	var err error
	if x.stop, _, _, err = p.bound(); err != nil {
		return x, err
	}
	if !p.accept(":") {
		return x, nil
	}
	step, found, _, err := p.bound()
	if found {
		x.step = step
	}
	if err == nil {
		err = x.check()
	}
	return x, err
}

// bound reads an integer if there is one; else it is None. A number that does
// not fit is clipped, as Python clips the bounds of slices.
func (p *parser) bound() (value int, found, clipped bool, err error) {
	if p.word("None") {
		return None, false, false, nil
	}
	p.skip()
	negative := p.accept("-")
	signed := negative || p.accept("+")
	for p.pos < len(p.text) {
		d := int(p.text[p.pos]) - '0'
		if d < 0 || d > 9 {
			break
		}
		if found = true; value > (math.MaxInt-d)/10 {
			clipped, value = true, math.MaxInt
		} else {
			value = value*10 + d
		}
		p.pos++
	}
	switch {
	case !found && signed:
		return None, false, false, p.unexpected("a number after the sign")
	case !found:
		return None, false, false, nil
	case negative:
		value = -value
	}
	return value, true, clipped, nil
}

func (p *parser) skip() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// accept reads token if it comes next.
func (p *parser) accept(token string) bool {
	p.skip()
	if !strings.HasPrefix(p.text[p.pos:], token) {
		return false
	}
	p.pos += len(token)
	return true
}

// word reads one of the names if it comes next and no longer name does.
func (p *parser) word(names ...string) bool {
	p.skip()
	rest := p.text[p.pos:]
	end := strings.IndexFunc(rest, func(c rune) bool {
		return c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
	if end < 0 {
		end = len(rest)
	}
	if !slices.Contains(names, rest[:end]) {
		return false
	}
	p.pos += end
	return true
}

// unexpected says what was wanted where p stands and what is there.
func (p *parser) unexpected(wanted string) error {
	if p.skip(); p.pos == len(p.text) {
		return fmt.Errorf("expected %s, found the end", wanted)
	}
	found := []rune(p.text[p.pos:min(p.pos+4, len(p.text))])[0]
	if found == '.' && p.pos > 0 {
		return fmt.Errorf("expected %s, found '.'; positions are whole numbers", wanted)
	}
	return fmt.Errorf("expected %s, found %q", wanted, found)
}
