package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var wide = Limits{Rows: 1 << 20, Bytes: 64 << 20}

var names = []string{"path", "offset", "size", "raw"}

// describe is a table as text, a line for each row.
func describe(rows int, columns []Column) string {
	var out strings.Builder
	for row := range rows {
		for _, c := range columns {
			switch {
			case c.Ints != nil:
				fmt.Fprintf(&out, "%s=%d ", c.Name, c.Ints[row])
			case c.Index[row] >= 0:
				fmt.Fprintf(&out, "%s=%q ", c.Name, c.Values[c.Index[row]])
			default:
				fmt.Fprintf(&out, "%s=none ", c.Name)
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// TestFiles reads what other writers wrote: see testdata/make.py. All the files
// hold the same table.
func TestFiles(t *testing.T) {
	var want strings.Builder
	for i := range 50 {
		path, raw := fmt.Sprintf("%q", fmt.Sprintf("s3://bucket/é%d.nc", i%3)), "none"
		if i%7 == 3 {
			path = "none"
		}
		if i%10 == 3 {
			raw = fmt.Sprintf("%q", "\x00\xff"+strings.Repeat("x", i))
		}
		fmt.Fprintf(&want, "path=%s offset=%d size=%d raw=%s \n", path, i*1_000_000_007, i*i, raw)
	}
	files, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, columns, err := Read(data, append([]string{"nothing"}, names...), wide)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := describe(rows, columns); got != want.String() {
			t.Errorf("%s:\n%swant\n%s", name, got, want.String())
		}
	}
}

// TestOthers: what is beyond this package is an error that says what it is, if the
// column is asked for.
func TestOthers(t *testing.T) {
	for name, says := range map[string]string{
		"list": "lists", "float": "type 5", "nulls": "without a number", "brotli": "compression number 4", "delta": "encoding 5", "deltastrings": "encoding",
	} {
		data, err := os.ReadFile("testdata/" + name + ".other")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Read(data, []string{"x"}, wide); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want an error of %q", name, err, says)
		}
		if rows, columns, err := Read(data, []string{"id"}, wide); err != nil || rows != 3 || len(columns) != 1 || !slices.Equal(columns[0].Ints, []int64{1, 2, 3}) {
			t.Errorf("%s: %d rows, %v, %v", name, rows, columns, err)
		}
	}
}

// TestRoundTrip: what is written is read as the same.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 300).Draw(t, "rows")
		strs := func(name string) Column {
			c := Column{Name: name, Text: name == "path", Index: make([]int32, rows)}
			for range rapid.IntRange(0, 20).Draw(t, "distinct") {
				c.Values = append(c.Values, rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "value"))
			}
			for i := range c.Index {
				c.Index[i] = int32(rapid.IntRange(-1, len(c.Values)-1).Draw(t, "index"))
			}
			return c
		}
		ints := func(name string) Column {
			return Column{Name: name, Ints: append([]int64{}, rapid.SliceOfN(rapid.Int64(), rows, rows).Draw(t, name)...)}
		}
		columns := []Column{strs("path"), ints("offset"), ints("size"), strs("raw")}
		file, err := Write(rows, columns)
		if err != nil {
			t.Fatal(err)
		}
		n, got, err := Read(file, names, wide)
		if err != nil {
			t.Fatal(err)
		}
		if n != rows || describe(n, got) != describe(rows, columns) {
			t.Fatalf("%s\nwant\n%s", describe(n, got), describe(rows, columns))
		}
	})
}

func TestLimits(t *testing.T) {
	file, err := Write(1000, []Column{{Name: "offset", Ints: make([]int64, 1000)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []Limits{{Rows: 999, Bytes: 1 << 20}, {Rows: 1000, Bytes: 7999}} {
		if _, _, err := Read(file, names, l); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if _, _, err := Read(file, names, Limits{Rows: 1000, Bytes: 8000}); err != nil {
		t.Error(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := Read(file, names, Limits{Rows: 1000, Bytes: 100}); err == nil {
		t.Error("read beyond its limit")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}

// TestDamage: a damaged byte leads to an error, or to what can be read, and never
// beyond the table.
func TestDamage(t *testing.T) {
	good, err := os.ReadFile("testdata/pyarrow-snappy-v1.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[i] ^= flip
			checkRead(t, bad)
		}
	}
	for n := range good {
		if _, _, err := Read(good[:n], names, wide); err == nil {
			t.Errorf("%d of %d bytes are a file", n, len(good))
		}
	}
}

// checkRead says what is wrong with what is read of any bytes.
func checkRead(t *testing.T, file []byte) {
	t.Helper()
	rows, columns, err := Read(file, names, Limits{Rows: 10_000, Bytes: 1 << 20})
	if err != nil {
		return
	}
	for _, c := range columns {
		if len(c.Ints) != rows && len(c.Index) != rows {
			t.Fatalf("%d rows, but %d numbers and %d byte strings", rows, len(c.Ints), len(c.Index))
		}
	}
	describe(rows, columns)
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.parquet")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, file []byte) { checkRead(t, file) })
}

func TestUnsnappy(t *testing.T) {
	for in, want := range map[string]string{
		"\x00":                           "",
		"\x03\x08abc":                    "abc",
		"\x0a\x04ab\x0f\x02\x00":         "",         // a copy with half a distance of four bytes
		"\x08\x04ab\x09\x02":             "abababab", // a copy that overlaps itself
		"\x08\x04ab\x16\x02\x00":         "abababab", // with two bytes of distance
		"\x08\x04ab\x17\x02\x00\x00\x00": "abababab", // with four
		"\x05\x04ab\x09\x02":             "",         // longer than it says
		"\x09\x04ab\x09\x02":             "",         // shorter
		"\x08\x04ab\x09\x03":             "",         // from before its beginning
		"\x08\x04ab\x09\x00":             "",
		"\x04\xf0":                       "",
		"\xff\xff\xff\xff\x0f\x00a":      "",
	} {
		n := 0
		if len(in) > 0 {
			n = int(in[0])
		}
		got, err := unsnappy([]byte(in), n)
		if (err == nil) != (want != "" || in == "\x00") || string(got) != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	long := append([]byte{0xe8, 0x07, 60 << 2, 99}, bytes.Repeat([]byte("x"), 100)...) // a length in a byte of its own
	for range 15 {
		long = append(long, 59<<2|2, 100, 0)
	}
	if got, err := unsnappy(long, 1000); err != nil || len(got) != 1000 || bytes.Trim(got, "x") != nil && len(bytes.Trim(got, "x")) > 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func FuzzUnsnappy(f *testing.F) {
	f.Add([]byte("\x08\x04ab\x09\x02"), 8)
	f.Fuzz(func(t *testing.T, src []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		if got, err := unsnappy(src, n); err == nil && len(got) != n {
			t.Errorf("%d bytes, want %d", len(got), n)
		}
	})
}
