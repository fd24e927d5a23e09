package refstore

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
)

const (
	mostJSON      = 2 << 30 // bytes of a manifest
	mostGenerated = 1 << 22 // references that the generators of a manifest make
)

// ParseJSON reads references as kerchunk writes them: version 0, an object of
// references by key, or version 1, which has templates and generators beside.
// Relative URLs stay so.
//
// What is read is at most 2 GiB, and what is generated 2^22 references. Where the
// language of templates goes further than this package the error says so.
func ParseJSON(ctx context.Context, r io.Reader) (*Manifest, error) {
	p := &jsonParser{ctx: ctx, in: &io.LimitedReader{R: r, N: mostJSON}}
	p.d = json.NewDecoder(p.in)
	m, err := p.parse()
	switch {
	case err == nil:
		return m, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case p.in.N <= 0:
		return nil, fmt.Errorf("%w: a manifest of more than %d bytes", store.ErrTooLarge, int64(mostJSON))
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: no JSON: %s", store.ErrCorrupt, err.Error()) // which has io.ErrUnexpectedEOF in it
	}
	return nil, err
}

type jsonParser struct {
	ctx context.Context
	in  *io.LimitedReader
	d   *json.Decoder

	version json.RawMessage
	flat    Builder // what stands at the top, as in version 0
	refs    Builder // what stands in refs, as in version 1
	within  bool    // there is a member refs that is an object
	texts   templates
	gen     []generator
}

func (p *jsonParser) parse() (*Manifest, error) {
	if err := p.open('{'); err != nil {
		return nil, err
	}
	err := p.members(func(key string) error {
		switch key {
		case "version":
			return p.d.Decode(&p.version)
		case "templates":
			if err := p.d.Decode(&p.texts); err != nil {
				return fmt.Errorf("%w: templates: %w", store.ErrInvalid, err)
			}
			return nil
		case "gen":
			if err := p.d.Decode(&p.gen); err != nil {
				return fmt.Errorf("%w: gen: %w", store.ErrInvalid, err)
			}
			return nil
		case "refs":
			p.within = true
			if err := p.open('{'); err != nil {
				return err
			}
			return p.members(func(key string) error { return p.ref(&p.refs, key) })
		}
		return p.ref(&p.flat, key)
	})
	if err != nil {
		return nil, err
	}
	if t, err := p.d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: %.40v follows the manifest", store.ErrCorrupt, t)
	}
	switch v := string(p.version); {
	case v == "1":
		return p.one()
	case v != "" && v != "0":
		return nil, fmt.Errorf("%w: references of version %.20s, and 0 and 1 are known", store.ErrInvalid, v)
	case p.within:
		return nil, fmt.Errorf(`%w: there are "refs", but no "version": 1`, store.ErrInvalid)
	}
	return p.flat.Manifest(), nil
}

// open reads the beginning of an object.
func (p *jsonParser) open(delim json.Delim) error {
	t, err := p.d.Token()
	if err == nil && t != delim {
		err = fmt.Errorf("%w: %.40v where an object of references should begin", store.ErrInvalid, t)
	}
	return err
}

// members calls f for each member of an object up to its end; f reads the value.
func (p *jsonParser) members(f func(key string) error) error {
	for n := 0; p.d.More(); n++ {
		if n%1000 == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		t, err := p.d.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if err := f(key); err != nil {
			return err
		}
	}
	_, err := p.d.Token()
	return err
}

// ref reads one reference.
func (p *jsonParser) ref(b *Builder, key string) error {
	var raw json.RawMessage
	if err := p.d.Decode(&raw); err != nil {
		return err
	}
	fault := func() error {
		return fmt.Errorf("%w: the reference %.200q is %.100s, and not a text, an object, [url] or [url, offset, length]", store.ErrInvalid, key, raw)
	}
	switch raw[0] {
	case '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		data, err := inlineOf(text)
		if err != nil {
			return fmt.Errorf("%w: the reference %.200q: %w", store.ErrInvalid, key, err)
		}
		return b.AddInline(key, data)
	case '{':
		var out bytes.Buffer
		if err := json.Compact(&out, raw); err != nil {
			return err
		}
		return b.AddInline(key, out.Bytes())
	case '[':
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil || len(parts) != 1 && len(parts) != 3 {
			return fault()
		}
		var url string
		var off, n int64
		if json.Unmarshal(parts[0], &url) != nil || url == "" {
			return fault()
		}
		if len(parts) == 3 {
			if string(parts[1]) == "null" || string(parts[2]) == "null" || json.Unmarshal(parts[1], &off) != nil || json.Unmarshal(parts[2], &n) != nil {
				return fault()
			}
			if n == 0 { // which would mean all that follows
				return b.AddInline(key, nil)
			}
		}
		return b.AddRange(key, b.AddSource(Source{URL: url, Size: -1}), off, n)
	}
	return fault()
}

const base64Prefix = "base64:"

func inlineOf(text string) ([]byte, error) {
	if coded, ok := strings.CutPrefix(text, base64Prefix); ok {
		return base64.StdEncoding.DecodeString(coded)
	}
	return []byte(text), nil
}

// one finishes a manifest of version 1, now that its templates are known.
func (p *jsonParser) one() (*Manifest, error) {
	if len(p.texts) > 0 {
		for i, s := range p.refs.sources {
			if i%100 == 0 && p.ctx.Err() != nil {
				return nil, p.ctx.Err()
			}
			url, err := p.texts.expand(s.URL, nil)
			if err != nil {
				return nil, err
			}
			p.refs.sources[i].URL = url
		}
		p.refs.known = nil // by other URLs
	}
	left := mostGenerated
	for _, g := range p.gen {
		if err := g.generate(p.ctx, p.texts, &p.refs, &left); err != nil {
			return nil, fmt.Errorf("generate the references %.200q: %w", g.Key, err)
		}
	}
	return p.refs.Manifest(), nil
}

// generator makes references for all combinations of its dimensions.
type generator struct {
	Key        string                     `json:"key"`
	URL        string                     `json:"url"`
	Offset     *string                    `json:"offset"`
	Length     *string                    `json:"length"`
	Dimensions map[string]json.RawMessage `json:"dimensions"`
}

func (g generator) generate(ctx context.Context, t templates, b *Builder, left *int) error {
	if g.Key == "" || g.URL == "" || (g.Offset == nil) != (g.Length == nil) || len(g.Dimensions) == 0 {
		return fmt.Errorf("%w: it needs a key, a url, dimensions, and an offset with a length or neither", store.ErrInvalid)
	}
	names := slices.Sorted(maps.Keys(g.Dimensions))
	values := make([][]int64, len(names))
	total := 1
	for i, name := range names {
		var err error
		if values[i], err = dimension(g.Dimensions[name]); err != nil {
			return fmt.Errorf("the dimension %.40q: %w", name, err)
		}
		if total *= len(values[i]); total > *left {
			return fmt.Errorf("%w: more than %d references", store.ErrTooLarge, mostGenerated)
		}
	}
	*left -= total
	vars := map[string]int64{}
	for n := range total {
		if n%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for i, k := len(names)-1, n; i >= 0; i-- {
			vars[names[i]] = values[i][k%len(values[i])]
			k /= len(values[i])
		}
		if err := g.one(t, b, vars); err != nil {
			return err
		}
	}
	return nil
}

// one makes the reference for one combination.
func (g generator) one(t templates, b *Builder, vars map[string]int64) error {
	key, err := t.expand(g.Key, vars)
	if err != nil {
		return err
	}
	url, err := t.expand(g.URL, vars)
	if err != nil {
		return err
	}
	var off, n int64
	if g.Offset != nil {
		for text, to := range map[*string]*int64{g.Offset: &off, g.Length: &n} {
			expanded, err := t.expand(*text, vars)
			if err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(expanded), to); err != nil {
				return fmt.Errorf("%w: %.100q is no whole number", store.ErrInvalid, expanded)
			}
		}
		if n == 0 {
			return b.AddInline(key, nil)
		}
	}
	return b.AddRange(key, b.AddSource(Source{URL: url, Size: -1}), off, n)
}

// dimension returns the values of a dimension: listed, or from start to stop.
func dimension(raw json.RawMessage) ([]int64, error) {
	var listed []int64
	if json.Unmarshal(raw, &listed) == nil && listed != nil {
		if len(listed) > mostGenerated {
			return nil, fmt.Errorf("%w: more than %d values", store.ErrTooLarge, mostGenerated)
		}
		return listed, nil
	}
	span := struct {
		Start int64  `json:"start"`
		Stop  *int64 `json:"stop"`
		Step  int64  `json:"step"`
	}{Step: 1}
	if err := json.Unmarshal(raw, &span); err != nil || span.Stop == nil || span.Step == 0 {
		return nil, fmt.Errorf(`%w: %.100s is neither a list of whole numbers nor {"start": …, "stop": …, "step": …}`, store.ErrInvalid, raw)
	}
	const most = 1 << 53 // beyond which differences could be too large
	if max(span.Start, -span.Start, *span.Stop, -*span.Stop, span.Step, -span.Step) > most || min(span.Start, *span.Stop, span.Step) < -most {
		return nil, errOverflow
	}
	for x := span.Start; span.Step > 0 && x < *span.Stop || span.Step < 0 && x > *span.Stop; x += span.Step {
		if listed = append(listed, x); len(listed) > mostGenerated {
			return nil, fmt.Errorf("%w: more than %d values", store.ErrTooLarge, mostGenerated)
		}
	}
	return listed, nil
}
