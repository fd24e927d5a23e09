package refstore

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dosna/dosna/store"
)

// templates are the named texts of a manifest of version 1. Of the template
// language (Jinja's) what manifests are made with is understood: {{name}}, calls of
// templates with texts for names in them, {{f(c='text')}}, and in generated
// references sums, differences, products, quotients (//), remainders and
// parentheses of whole numbers and dimensions, {{(i + 1) * 1000}}.
type templates map[string]string

const (
	mostText  = 64 << 10 // bytes of an expanded text
	mostDepth = 16       // templates in templates, parentheses in parentheses
	mostSteps = 10_000   // double braces that are replaced to expand one text
)

// expand replaces what is in double braces.
func (t templates) expand(text string, vars map[string]int64) (string, error) {
	steps := mostSteps
	return t.within(text, vars, nil, 0, &steps)
}

// within is expand of a text in which args have names, depth templates deep.
func (t templates) within(text string, vars map[string]int64, args map[string]string, depth int, steps *int) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	if depth > mostDepth {
		return "", fmt.Errorf("%w: templates use each other in a circle, or too deep, in %.100q", store.ErrInvalid, text)
	}
	var out strings.Builder
	for rest := text; rest != ""; {
		before, after, ok := strings.Cut(rest, "{{")
		out.WriteString(before)
		if !ok {
			break
		}
		inner, behind, ok := strings.Cut(after, "}}")
		if !ok {
			return "", fmt.Errorf("%w: {{ without }} in %.100q", store.ErrInvalid, text)
		}
		if *steps--; *steps < 0 {
			return "", fmt.Errorf("%w: the template %.100q uses others too often", store.ErrTooLarge, text)
		}
		p := parser{t: t, vars: vars, args: args, depth: depth, steps: steps, text: inner}
		value, err := p.whole()
		if err != nil {
			return "", fmt.Errorf("%w: the template %.100q: %w", store.ErrInvalid, text, err)
		}
		out.WriteString(value)
		if out.Len() > mostText {
			return "", fmt.Errorf("%w: the template %.100q expands to more than %d bytes", store.ErrTooLarge, text, mostText)
		}
		rest = behind
	}
	return out.String(), nil
}

// parser evaluates what stands between double braces.
type parser struct {
	t     templates
	vars  map[string]int64
	args  map[string]string
	depth int
	steps *int
	text  string
	at    int
	deep  int
}

func (p *parser) space() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// take reports whether the token comes next, and steps over it.
func (p *parser) take(token string) bool {
	p.space()
	if strings.HasPrefix(p.text[p.at:], token) {
		p.at += len(token)
		return true
	}
	return false
}

func (p *parser) name() string {
	p.space()
	begin := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (p.at == begin || c < '0' || c > '9') {
			break
		}
		p.at++
	}
	return p.text[begin:p.at]
}

func (p *parser) end() error {
	if p.space(); p.at < len(p.text) {
		return fmt.Errorf("%.40q is not understood: names, calls with texts, and arithmetic of whole numbers are", p.text[p.at:])
	}
	return nil
}

// whole is a text by name, a call, or a number.
func (p *parser) whole() (string, error) {
	name := p.name()
	if _, number := p.vars[name]; name == "" || number {
		p.at = 0
		n, err := p.sum()
		if err == nil {
			err = p.end()
		}
		return strconv.FormatInt(n, 10), err
	}
	text, ok := p.args[name]
	if ok {
		return text, p.end()
	}
	if text, ok = p.t[name]; !ok {
		return "", fmt.Errorf("there is no template %q", name)
	}
	args := map[string]string{}
	if p.take("(") {
		for !p.take(")") {
			if len(args) > 0 && !p.take(",") {
				return "", fmt.Errorf("a comma is missing in the call of %q", name)
			}
			arg := p.name()
			quote := ""
			if arg != "" && p.take("=") {
				for _, q := range []string{"'", `"`} {
					if p.take(q) {
						quote = q
					}
				}
			}
			value, rest, ok := strings.Cut(p.text[p.at:], quote)
			if quote == "" || !ok {
				return "", fmt.Errorf("the call of %q is not understood: it should have names with texts, as in f(c='text')", name)
			}
			args[arg] = value
			p.at = len(p.text) - len(rest)
		}
	}
	if err := p.end(); err != nil {
		return "", err
	}
	return p.t.within(text, p.vars, args, p.depth+1, p.steps)
}

func (p *parser) sum() (int64, error) {
	x, err := p.product()
	for err == nil {
		var y int64
		switch {
		case p.take("+"):
			if y, err = p.product(); err == nil && (y > 0 && x > math.MaxInt64-y || y < 0 && x < math.MinInt64-y) {
				err = errOverflow
			}
			x += y
		case p.take("-"):
			if y, err = p.product(); err == nil && (y < 0 && x > math.MaxInt64+y || y > 0 && x < math.MinInt64+y) {
				err = errOverflow
			}
			x -= y
		default:
			return x, nil
		}
	}
	return x, err
}

var errOverflow = fmt.Errorf("%w: a number of more than 63 bits", store.ErrTooLarge)

func (p *parser) product() (int64, error) {
	x, err := p.factor()
	for err == nil {
		var y int64
		switch {
		case p.take("*"):
			if y, err = p.factor(); err == nil && x != 0 && (x*y/x != y || x == -1 && y == math.MinInt64) {
				err = errOverflow
			}
			x *= y
		case p.take("//"):
			if y, err = p.factor(); err == nil {
				x, _, err = divide(x, y)
			}
		case p.take("%"):
			if y, err = p.factor(); err == nil {
				_, x, err = divide(x, y)
			}
		default:
			return x, nil
		}
	}
	return x, err
}

// divide rounds down, as Python does.
func divide(x, y int64) (quotient, remainder int64, err error) {
	if y == 0 {
		return 0, 0, fmt.Errorf("division by zero")
	}
	if y == -1 && x == math.MinInt64 {
		return 0, 0, errOverflow
	}
	q, r := x/y, x%y
	if r != 0 && (r < 0) != (y < 0) {
		q, r = q-1, r+y
	}
	return q, r, nil
}

func (p *parser) factor() (int64, error) {
	if p.deep++; p.deep > mostDepth {
		return 0, fmt.Errorf("parentheses and signs are nested too deep")
	}
	defer func() { p.deep-- }()
	switch {
	case p.take("("):
		x, err := p.sum()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return x, err
	case p.take("-"):
		x, err := p.factor()
		if x == math.MinInt64 {
			err = errOverflow
		}
		return -x, err
	}
	if name := p.name(); name != "" {
		x, ok := p.vars[name]
		if !ok {
			return 0, fmt.Errorf("there is no dimension %q", name)
		}
		return x, nil
	}
	begin := p.at
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	if p.at == begin {
		return 0, fmt.Errorf("a number is missing before %.40q", p.text[p.at:])
	}
	x, err := strconv.ParseInt(p.text[begin:p.at], 10, 64)
	if err != nil {
		err = errOverflow
	}
	return x, err
}
