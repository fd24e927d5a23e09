package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// show prints a result: as a JSON document if that was asked for, or else as
// text says.
func (a *app) show(v any, text func(w *strings.Builder)) error {
	var b strings.Builder
	if a.json {
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return err
		}
	} else {
		text(&b)
	}
	_, err := io.WriteString(a.out, b.String())
	return err
}

// confirm prints what has been done, in a line, unless that is not wanted.
func (a *app) confirm(v any, format string, args ...any) error {
	if a.quiet && !a.json {
		return nil
	}
	return a.show(v, func(w *strings.Builder) { fmt.Fprintf(w, format+"\n", args...) })
}

// widest is the length of cells for which all rows make room.
const widest = 60

// table writes rows in aligned columns; those numbered in right are aligned at
// their ends.
func table(w *strings.Builder, rows [][]string, right ...int) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if n := utf8.RuneCountInString(cell); n <= widest {
				widths[i] = max(widths[i], n)
			}
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0))
			if slices.Contains(right, i) {
				cell = pad + cell
			} else {
				cell += pad
			}
			line.WriteString(cell + "  ")
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// tuple prints lengths as Python does: "(512, 512)", "(3,)", "()".
func tuple(shape []int) string {
	s := strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", ", ")
	if len(shape) == 1 {
		s += ","
	}
	return "(" + s + ")"
}

// size prints a number of bytes for people: "512 B", "1.5 MiB".
func size(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	x := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		if x /= 1024; x < 999.95 || unit == "PiB" {
			return fmt.Sprintf("%.*f %s", digits(x), x, unit)
		}
	}
	return ""
}

// digits returns how many decimals give a number about three digits.
func digits(x float64) int {
	switch {
	case x >= 99.95:
		return 0
	case x >= 9.995:
		return 1
	}
	return 2
}

// speed prints a throughput.
func speed(n int64, d time.Duration) string {
	return size(int64(float64(n)/max(d.Seconds(), 1e-9))) + "/s"
}

// seconds prints a duration for people.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", max(d.Milliseconds(), 1))
	}
	return fmt.Sprintf("%.*f s", digits(d.Seconds()), d.Seconds())
}

// count prints a number of things: "1 object", "2 objects".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	plural := thing + "s"
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		plural = stem + "ies"
	}
	return fmt.Sprintf("%d %s", n, plural)
}

// ratio prints how many times smaller something became.
func ratio(from, to int64) string {
	if to == 0 {
		return ""
	}
	r := float64(from) / float64(to)
	return fmt.Sprintf("%.*f×", digits(r), r)
}

// number is a float64 in JSON, which has no NaN and no infinities: they are the
// texts that Zarr uses.
type number float64

func (x number) MarshalJSON() ([]byte, error) {
	switch f := float64(x); {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(f)
	}
}

func numbers(list []float64) []number {
	out := make([]number, len(list))
	for i, x := range list {
		out[i] = number(x)
	}
	return out
}

// jsonLine writes a value that is made of plain members as JSON in one line.
func jsonLine(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprintf(`{"error": %q}`, err)
	}
	return strings.TrimSpace(b.String())
}
