package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rateFlag is a number of bytes a second: "100MB/s", "20MiB/s", "1e6".
type rateFlag struct {
	text      string
	perSecond float64
}

func (f *rateFlag) Type() string   { return "BYTES/s" }
func (f *rateFlag) String() string { return f.text }
func (f *rateFlag) Set(s string) (err error) {
	f.text = strings.TrimSpace(s)
	f.perSecond, err = parseRate(f.text)
	return err
}

// byteUnits are units of bytes, those that end others last.
var byteUnits = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

func parseRate(s string) (float64, error) {
	text, factor := strings.TrimSuffix(strings.TrimSpace(s), "/s"), 1.0
	for _, u := range byteUnits {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			text, factor = number, u.bytes
			break
		}
	}
	x, err := positive(strings.TrimSpace(text))
	if err == nil {
		x, err = finite(x * factor)
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not a rate, such as 100MB/s: %w", s, err)
	}
	return x, nil
}

// perSecondFlag is a number of things a second.
type perSecondFlag struct {
	text      string
	perSecond float64
}

func (f *perSecondFlag) Type() string   { return "NUMBER" }
func (f *perSecondFlag) String() string { return f.text }
func (f *perSecondFlag) Set(s string) (err error) {
	f.text = strings.TrimSpace(s)
	f.perSecond, err = positive(strings.TrimSuffix(f.text, "/s"))
	return err
}

// positive reads a number above zero.
func positive(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return finite(x)
}

func finite(x float64) (float64, error) {
	if !(x > 0) || math.IsInf(x, 0) {
		return 0, errors.New("the number is to be above zero, and finite")
	}
	return x, nil
}
