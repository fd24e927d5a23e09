package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/dosna/dosna"
)

// kindOf says what a node is.
func kindOf(n dosna.Node) string {
	switch n.(type) {
	case *dosna.Dataset:
		return "dataset"
	case *dosna.Link:
		return "link"
	}
	return "group"
}

// arrow is what follows the name of a link.
func arrow(l *dosna.Link) string { return " -> " + targetText(l) }

// targetText is the target of a link, which a stranger may have made, for a line.
func targetText(l *dosna.Link) string {
	target := clipped(l.Target(), 200)
	if quoted := strconv.Quote(target); target == "" || quoted != `"`+target+`"` {
		return quoted
	}
	return target
}

// leadsTo is what is where a link leads.
type leadsTo struct {
	Address string `json:"address,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Error   string `json:"error,omitempty"` // why it leads nowhere
}

func (l *leadsTo) String() string {
	if l.Error != "" {
		return "leads nowhere: " + l.Error
	}
	return l.Kind + " " + l.Address
}

// follow looks at what is where a link leads. That this is nothing is no error.
func follow(ctx context.Context, l *dosna.Link) (*leadsTo, error) {
	n, err := l.Follow(ctx)
	if ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		return &leadsTo{Error: oneLine(allowing(err))}, nil
	}
	return &leadsTo{Address: placeOf(n).String(), Kind: kindOf(n)}, nil
}

// linkInfo is what there is to say of a link.
type linkInfo struct {
	Path    string           `json:"path"`
	Kind    string           `json:"kind"`
	Target  string           `json:"target"`
	LeadsTo *leadsTo         `json:"leads_to"`
	Attrs   dosna.Attributes `json:"attributes"`
}

func (a *app) infoLink(ctx context.Context, l *dosna.Link) error {
	to, err := follow(ctx, l)
	if err != nil {
		return err
	}
	attrs := l.Attrs()
	if ours, ok := attrs["dosna"].(map[string]any); ok && len(ours) == 1 {
		delete(attrs, "dosna") // the link itself
	}
	info := linkInfo{l.Path(), "link", l.Target(), to, attrs}
	return a.show(info, func(w *strings.Builder) {
		table(w, append([][]string{
			{"link", placeOf(l).String()},
			{"target", targetText(l)},
			{"leads to", to.String()},
		}, attrRows(attrs)...))
	})
}

// elsewhere says how a link that was made leads nowhere yet.
func elsewhere(to *leadsTo) string {
	if to.Error == "" {
		return ""
	}
	return fmt.Sprintf(", which %s", to)
}
