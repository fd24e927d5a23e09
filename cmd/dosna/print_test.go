package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPrinting(t *testing.T) {
	for got, want := range map[string]string{
		tuple(nil):                       "()",
		tuple([]int{3}):                  "(3,)",
		tuple([]int{3, 4}):               "(3, 4)",
		size(0):                          "0 B",
		size(1023):                       "1023 B",
		size(1024):                       "1.00 KiB",
		size(1536 << 10):                 "1.50 MiB",
		size(100 << 20):                  "100 MiB",
		size(1<<20 - 1):                  "1.00 MiB",
		size(math.MaxInt64):              "8192 PiB",
		seconds(time.Microsecond):        "1 ms",
		seconds(250 * time.Millisecond):  "250 ms",
		seconds(2500 * time.Millisecond): "2.50 s",
		speed(5<<20, 2*time.Second):      "2.50 MiB/s",
		count(1, "object"):               "1 object",
		count(2, "entry"):                "2 entries",
		ratio(3, 2):                      "1.50×",
		ratio(3, 0):                      "",
		shellWord("a/b#/c"):              "a/b#/c",
		shellWord("a b's"):               `'a b'\''s'`,
		shellWord("#/a"):                 "'#/a'",
		clipped("ünïcödé", 4):            "ünï…",
		oneLine(errors.Join(errors.New("a"), errors.New("b"))): "a; b",
	} {
		if got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
	var b strings.Builder
	table(&b, [][]string{{"a", "1", "x"}, {"üü", "20", ""}}, 1)
	if want := "a    1  x\nüü  20\n"; b.String() != want {
		t.Errorf("table is\n%swant\n%s", b.String(), want)
	}
}

func TestShieldNumbers(t *testing.T) {
	args := []string{"-1", "-1, :", "-.5", "-inf", "-r", "--json", "-", "-o", "x", "5"}
	want := []string{" -1", " -1, :", " -.5", " -inf", "-r", "--json", "-", "-o", "x", "5"}
	if got := shieldNumbers(args); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestParseAttr(t *testing.T) {
	for text, want := range map[string]string{
		"a=1": "a 1", "a=mm": "a mm", `a="1"`: "a 1", "a=true": "a true", "a=null": "a <nil>", "a=[1, 2]": "a [1 2]", "a=b=c": "a b=c",
		"a=12345678901234567890": "a 12345678901234567890", "a=nan": "a nan", "a=truehood": "a truehood",
		"a": "", "=1": "", "a=": "", "a=01": "", "a={": "", "a=[1": "", `a="x`: "", "a=1 2": "", "a=3mm": "",
	} {
		name, v, err := parseAttr(text)
		got := fmt.Sprint(name, " ", v)
		if err != nil {
			got = ""
		}
		if got != want {
			t.Errorf("%s is read as %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestParseShape(t *testing.T) {
	for text, want := range map[string]string{
		"5": "[5]", "5,6": "[5 6]", "(5, 6)": "[5 6]", "(5,)": "[5]", "()": "[]", " 5 , 0": "[5 0]",
		"": "error", "5x6": "error", "-5": "error", "5,,6": "error", "1e3": "error", "99999999999999999999": "error",
	} {
		got := "error"
		if shape, err := parseShape(text); err == nil {
			got = fmt.Sprint(shape)
		}
		if got != want {
			t.Errorf("%q is read as %s, want %s", text, got, want)
		}
	}
}

func TestCells(t *testing.T) {
	for text, want := range map[string]string{
		"64": "(64,)", "64,3": "(64, 3)", "()": "()", "[5]": "([5],)", "[100,200*4,50],64": "([100, 200*4, 50], 64)",
		"64, [ 3 , 4*1 ]": "(64, [3, 4])", "([2, 2, 2, 5], [1])": "([2*3, 5], [1])", "[1,2,3,4,5,6,7*3,1]": "([1, 2, 3, 4, 5, 6, … 10 from 1 to 7],)",
		"[1,2,3,4,5,6],": "([1, 2, 3, 4, 5, 6],)",
		"":               "", "[": "", "[]": "", "[1": "", "[1]2": "", "[1],,2": "", "[0]": "", "[-1]": "", "[1*0]": "", "[1*]": "", "[1,]": "", "[1],x": "", "[[1]]": "",
		"[1*2000000]": "", "[1*1000000,1*1000000]": "", "]": "", "[1.5]": "",
	} {
		var f cellsFlag
		got := ""
		if err := f.Set(text); err == nil {
			got = f.String()
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}
