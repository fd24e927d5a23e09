package render

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenText = "testdata/text.jsonl.gz"

// textCase is a line of what testdata/text.py prints.
type textCase struct {
	Type    string
	Shape   []int
	Options TextOptions
	Text    string
	Data    []byte
}

// TestTextIsNumPys compares the text of thousands of random arrays with NumPy's.
func TestTextIsNumPys(t *testing.T) {
	checkText(t, bytes.NewReader(numpyText(t, 1, 4000)), 4000)
}

// TestTextGolden does the same with some arrays that need no Python.
func TestTextGolden(t *testing.T) {
	if *update {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(numpyText(t, 2, 150)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenText, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(goldenText)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	checkText(t, z, 150)
}

func numpyText(t *testing.T, seed, count int) []byte {
	source, err := os.ReadFile("testdata/text.py")
	if err != nil {
		t.Fatal(err)
	}
	return testenv.RunPython(t, []string{"numpy"}, string(source), strconv.Itoa(seed), strconv.Itoa(count))
}

func checkText(t *testing.T, lines io.Reader, count int) {
	t.Helper()
	wrong := 0
	for d := json.NewDecoder(lines); d.More(); count-- {
		var c textCase
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		typ, err := dtype.ByName(c.Type)
		if err != nil {
			t.Fatal(err)
		}
		whole := nd.NewView(nativeOrder(c.Data, typ), c.Shape, typ.Size())
		got := c.Options.Text(c.Shape, whole, typ)
		if shown := c.Options.Summary(c.Shape).gather(whole); c.Options.Text(c.Shape, shown, typ) != got {
			t.Fatalf("%s %v %+v: the corners give other text than the whole", c.Type, c.Shape, c.Options)
		}
		if got != c.Text {
			t.Errorf("%s %v %+v: got\n%q\nwant\n%q", c.Type, c.Shape, c.Options, got, c.Text)
			if wrong++; wrong == 5 {
				t.FailNow()
			}
		}
	}
	if count != 0 {
		t.Errorf("%d arrays missing", count)
	}
}

// nativeOrder returns little-endian elements in the machine's order.
func nativeOrder(data []byte, typ dtype.Type) []byte {
	if dtype.Native == dtype.Big {
		dtype.Swap(data, typ.Unit())
	}
	return data
}

// TestHalves compares the shortest digits of every half float with NumPy's.
func TestHalves(t *testing.T) {
	const source = `
import numpy as np
a = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
print("\n".join(np.format_float_scientific(x, trim="-") for x in a))`
	i := 0
	for line := range strings.Lines(string(testenv.RunPython(t, []string{"numpy"}, source))) {
		x := number{float64(dtype.Half(i).Float32()), 16}
		got, finite := x.special()
		if finite {
			whole, frac, exp := x.shortest().exponential(2)
			got = strings.TrimSuffix(string(whole)+"."+string(frac), ".") + "e" + string(exp)
		}
		if want := strings.TrimSpace(line); got != want {
			t.Fatalf("half %#04x: got %s, want %s", i, got, want)
		}
		i++
	}
	if i != 1<<16 {
		t.Fatalf("%d halves", i)
	}
}

func TestTextOfHugeArray(t *testing.T) {
	shape := []int{math.MaxInt / 8, 5, 1 << 40}
	var o *TextOptions
	s := o.Summary(shape)
	corners := 0
	for c := range s.Corners() {
		corners += c.From.Size()
		if !nd.Full(shape).Contains(c.From) || !nd.Full(s.Shape).Contains(c.To) {
			t.Fatalf("corner %s goes to %s", c.From, c.To)
		}
	}
	if corners != 6*5*6 {
		t.Fatalf("the corners have %d elements", corners)
	}
	v := nd.NewView(make([]byte, corners), s.Shape, 1)
	got := o.Text(shape, v, dtype.Uint8)
	if rows := strings.Count(got, "[0 0 0 ... 0 0 0]"); rows != 30 {
		t.Fatalf("got %d rows in\n%s", rows, got)
	}
}
