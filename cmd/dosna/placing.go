package main

import (
	"context"
	"image"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// placing says what a picture shows and where it goes.
type placing struct {
	sheet int // planes on it; 0: a single plane
	kind  choiceFlag
}

func (p *placing) flags(cmd *cobra.Command) {
	p.kind = choiceFlag{value: "auto", of: []string{"auto", "none"}}
	for _, t := range render.Terminals {
		p.kind.of = append(p.kind.of, string(t))
	}
	f := cmd.Flags()
	f.Var(intFlag[int]{&p.sheet, "N", 1, 1 << 12}, "sheet", "draw so many planes of a selection with three axes, in one range of numbers")
	f.Var(&p.kind, "terminal", "how to show it in the terminal")
	_ = cmd.RegisterFlagCompletionFunc("terminal", words(p.kind.of...))
}

func (p *placing) check(file string) error {
	if file != "" && p.kind.value != "auto" && p.kind.value != "none" {
		return usagef("show: --terminal %s and -o exclude each other", p.kind.value)
	}
	return nil
}

func (p *placing) draw(ctx context.Context, d *dosna.Dataset, sel nd.Selection, o *render.ImageOptions) (image.Image, error) {
	if p.sheet > 0 {
		return convert.Sheet(ctx, d, sel, p.sheet, o)
	}
	return convert.Picture(ctx, d, sel, o)
}

// terminal returns how the picture is shown there, "" if it goes to a file.
func (p *placing) terminal(a *app, file string) render.Terminal {
	switch {
	case file != "" || p.kind.value == "none":
		return ""
	case p.kind.value != "auto":
		return render.Terminal(p.kind.value)
	case a.json || columnsOf(a.out) == 0:
		return ""
	}
	return render.DetectTerminal(os.Getenv)
}

// columnsOf returns the width of a terminal, 0 if w is none.
func columnsOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}
