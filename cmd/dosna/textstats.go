package main

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

func isText(t dtype.Type) bool {
	switch t.Kind() {
	case dtype.Text, dtype.ByteString, dtype.FixedText, dtype.FixedBytes:
		return true
	}
	return false
}

// textStatsInfo are statistics of texts in JSON.
type textStatsInfo struct {
	Path     string  `json:"path"`
	Count    int     `json:"count"`
	Empty    int     `json:"empty"`
	Distinct int     `json:"distinct"`
	More     bool    `json:"distinct_is_a_minimum"`
	Min      *string `json:"min"` // null if there are none
	Max      *string `json:"max"`
	Shortest int     `json:"shortest"`
	Longest  int     `json:"longest"`
	Mean     *number `json:"mean_length"`
}

func (a *app) textStats(ctx context.Context, d *dosna.Dataset, sel nd.Selection) error {
	opts, finish := a.progress("reading", d.Connection().Options())
	s, err := ops.TextStats(ctx, d.With(opts), sel)
	finish()
	if err != nil {
		return err
	}
	info := textStatsInfo{Path: d.Path(), Count: s.Count, Empty: s.Empty, Distinct: s.Distinct, More: s.More, Shortest: s.Shortest, Longest: s.Longest}
	rows := [][]string{{"count", fmt.Sprint(s.Count)}}
	if s.Count > 0 {
		mean := number(float64(s.Total) / float64(s.Count))
		first, last := shownText(s.Min), shownText(s.Max)
		info.Min, info.Max, info.Mean = &first, &last, &mean
		distinct := fmt.Sprint(s.Distinct)
		if s.More {
			distinct = "at least " + distinct
		}
		rows = append(rows, []string{"empty", fmt.Sprint(s.Empty)}, []string{"distinct", distinct}, []string{"min", beginning(first)}, []string{"max", beginning(last)},
			[]string{"lengths", fmt.Sprintf("%d to %d, %.4g on average", s.Shortest, s.Longest, float64(mean))})
	}
	return a.show(info, func(w *strings.Builder) { table(w, rows) })
}

// shownText is a text as elements are printed; bytes that are no text in hexadecimal
// digits.
func shownText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return fmt.Sprintf("0x%x", s)
}

// beginning is the beginning of a text, in quotes.
func beginning(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n++; n > most {
			return fmt.Sprintf("%q…", s[:i])
		}
	}
	return fmt.Sprintf("%q", s)
}
