package convert

import (
	"fmt"
	"strconv"
	"strings"
)

// pyParser reads the few Python literals of a .npy header. After a fault, err is
// set and nothing more is read.
type pyParser struct {
	text string // what is left
	err  error
}

func (p *pyParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.text = ""
}

func (p *pyParser) skip() { p.text = strings.TrimLeft(p.text, " \t\r\n") }

// accept consumes token if it comes next.
func (p *pyParser) accept(token string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.text, token)
	p.text = rest
	return ok
}

func (p *pyParser) want(token string) {
	if rest := p.text; !p.accept(token) {
		p.fail("want %q before %q", token, clip(rest))
	}
}

// quoted reads a string without escapes.
func (p *pyParser) quoted() string {
	p.skip()
	if p.text == "" || p.text[0] != '\'' && p.text[0] != '"' {
		p.fail("want a string before %q", clip(p.text))
		return ""
	}
	s, rest, ok := strings.Cut(p.text[1:], p.text[:1])
	if !ok || strings.ContainsAny(s, "\\\n") {
		p.fail("want a plain string before %q", clip(p.text))
		return ""
	}
	p.text = rest
	return s
}

func (p *pyParser) bool() bool {
	if p.accept("True") {
		return true
	}
	if rest := p.text; !p.accept("False") {
		p.fail("want True or False before %q", clip(rest))
	}
	return false
}

// tuple reads a tuple of lengths.
func (p *pyParser) tuple() []int {
	shape := []int{}
	p.want("(")
	for p.err == nil && !p.accept(")") {
		shape = append(shape, p.length())
		if comma := p.accept(","); !comma && (len(shape) == 1 || !strings.HasPrefix(p.text, ")")) {
			p.fail("want a tuple of lengths before %q", clip(p.text))
		}
		if len(shape) > maxDims {
			p.fail("the array has more than %d dimensions", maxDims)
		}
	}
	return shape
}

// length reads an integer, also as Python 2 writes long ones.
func (p *pyParser) length() int {
	p.skip()
	end := 0
	for end < len(p.text) && p.text[end] >= '0' && p.text[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(p.text[:end])
	if err != nil {
		p.fail("want a length before %q", clip(p.text))
		return 0
	}
	p.text = strings.TrimPrefix(p.text[end:], "L")
	return n
}
