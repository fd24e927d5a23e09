package refstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/refstore"
)

// describe is a table as text.
func describe(m *refstore.Manifest) string {
	var out strings.Builder
	for key, i := range m.All {
		r := m.Ref(i)
		if r.Source == nil {
			fmt.Fprintf(&out, "%s=%q\n", key, r.Inline)
		} else {
			fmt.Fprintf(&out, "%s=%s %d+%d\n", key, r.Source.URL, r.Range.Off, r.Range.Len)
		}
	}
	return out.String()
}

func TestParseJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                         "",
		`{"version": 1, "refs": {}}`: "",
		`{"version": 0, "a": "x"}`:   "a=\"x\"\n",
		`{"a": "x", "a": "y"}`:       "a=\"y\"\n",
		`{"b/0.0": ["u", 5, 7], "a":["w"], "c": "base64:AAH/", "d": {"z": [1, 2.50]}, "e": ["u", 3, 0], "f": "é{{x}}", "g": ["{{u}}"]}`: "a=w 0+0\nb/0.0=u 5+7\nc=\"\\x00\\x01\\xff\"\n" +
			"d=\"{\\\"z\\\":[1,2.50]}\"\ne=\"\"\nf=\"é{{x}}\"\ng={{u}} 0+0\n",
		// The example of kerchunk's specification.
		`{"version": 1, "templates": {"u": "server.domain/path", "f": "{{c}}"},
		  "gen": [{"key": "gen_key{{i}}", "url": "http://{{u}}_{{i}}", "offset": "{{(i + 1) * 1000}}", "length": "1000", "dimensions": {"i": {"stop": 5}}}],
		  "refs": {"key0": "data", "key1": ["http://target_url", 10000, 100], "key2": ["http://{{u}}", 10000, 100], "key3": ["http://{{f(c='text')}}", 10000, 100],
		           "key4": ["http://target_url"], "key5": {"key": "value"}}}`: "gen_key0=http://server.domain/path_0 1000+1000\ngen_key1=http://server.domain/path_1 2000+1000\n" +
			"gen_key2=http://server.domain/path_2 3000+1000\ngen_key3=http://server.domain/path_3 4000+1000\ngen_key4=http://server.domain/path_4 5000+1000\n" +
			"key0=\"data\"\nkey1=http://target_url 10000+100\nkey2=http://server.domain/path 10000+100\nkey3=http://text 10000+100\nkey4=http://target_url 0+0\nkey5=\"{\\\"key\\\":\\\"value\\\"}\"\n",
		`{"refs": {"x": ["{{a}}/{{ b }}"]}, "templates": {"a": "A{{b}}", "b": "B"}, "version": 1}`: "x=AB/B 0+0\n",
		`{"version": 1, "gen": [{"key": "k/{{i}}.{{j}}", "url": "u", "dimensions": {"i": [7, -3], "j": {"start": 4, "stop": 0, "step": -3}},
		  "offset": "{{100 - (i * -j) // 4 % 5}}", "length": "{{-(-i*i)}}"}]}`: "k/-3.1=u 100+9\nk/-3.4=u 97+9\nk/7.1=u 97+49\nk/7.4=u 97+49\n",
	} {
		m, err := refstore.ParseJSON(t.Context(), strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := describe(m); got != want {
			t.Errorf("%s:\n%swant\n%s", text, got, want)
		}
	}
}

func TestParseJSONErrors(t *testing.T) {
	gen := func(rest string) string {
		return `{"version": 1, "templates": {"a": "{{a}}", "b": "{{c}}"}, "gen": [{"key": "k{{i}}", "url": "u", ` + rest + `}]}`
	}
	for text, says := range map[string]string{
		``:                              "no JSON",
		`{`:                             "no JSON",
		`{"a": "x"`:                     "no JSON",
		`[]`:                            "should begin",
		`{} {}`:                         "follows",
		`{"a": 1}`:                      "not a text",
		`{"a": null}`:                   "not a text",
		`{"a": []}`:                     "not a text",
		`{"a": ["u", 1]}`:               "not a text",
		`{"a": ["u", 1, 2, 3]}`:         "not a text",
		`{"a": [1, 1, 2]}`:              "not a text",
		`{"a": ["", 1, 2]}`:             "not a text",
		`{"a": ["u", null, 2]}`:         "not a text",
		`{"a": ["u", 1.5, 2]}`:          "not a text",
		`{"a": ["u", 1e30, 2]}`:         "not a text",
		`{"a": ["u", -1, 2]}`:           "2 bytes at -1",
		`{"a": ["u", 1, -2]}`:           "-2 bytes at 1",
		`{"a": "base64:*"}`:             "base64",
		`{"../a": "x"}`:                 `".."`,
		`{"": "x"}`:                     "empty",
		`{"refs": {"a": "x"}}`:          "version",
		`{"version": 2, "refs": {}}`:    "version 2",
		`{"version": "1", "refs": {}}`:  "version",
		`{"version": 1, "refs": []}`:    "should begin",
		`{"version": 1, "gen": {}}`:     "gen",
		`{"version": 1, "templates":1}`: "templates",
		`{"version": 1, "templates": {"a": "{{a}}"}, "refs": {"x": ["{{a}}"]}}`:          "circle",
		`{"version": 1, "templates": {"a": "x"}, "refs": {"x": ["{{b}}"]}}`:              `no template "b"`,
		`{"version": 1, "templates": {"a": "x"}, "refs": {"x": ["{{a"]}}`:                "without }}",
		`{"version": 1, "templates": {"a": "x"}, "refs": {"x": ["{{a|upper}}"]}}`:        "not understood",
		`{"version": 1, "templates": {"a": "x"}, "refs": {"x": ["{{a(c=1)}}"]}}`:         "not understood",
		`{"version": 1, "templates": {"a": "x"}, "refs": {"x": ["{{a(c='x' d='y')}}"]}}`: "comma",
		`{"version": 1, "templates": {"a": "x"}, "refs": {"x": ["{{}}"]}}`:               "number is missing",
		gen(`"offset": "1", "dimensions": {"i": [1]}`):                                   "an offset with a length",
		gen(`"x": 1`): "dimensions",
		gen(`"dimensions": {"i": {"stop": 4194305}}`):                                                     "more than",
		gen(`"dimensions": {"i": {"stop": 9000000000000000000}}`):                                         "bits",
		gen(`"dimensions": {"i": {"stop": 5, "step": 0}}`):                                                "neither",
		gen(`"dimensions": {"i": {"start": 5}}`):                                                          "neither",
		gen(`"dimensions": {"i": 5}`):                                                                     "neither",
		gen(`"dimensions": {"i": {"stop": 10000}, "j": {"stop": 10000}, "k": {"stop": 10000}}`):           "more than",
		gen(`"dimensions": {"i": [1]}, "offset": "{{1//0}}", "length": "1"`):                              "division",
		gen(`"dimensions": {"i": [9000000000000000000]}, "offset": "{{i*i}}", "length": "1"`):             "bits",
		gen(`"dimensions": {"i": [9000000000000000000]}, "offset": "{{i+i}}", "length": "1"`):             "bits",
		gen(`"dimensions": {"i": [9000000000000000000]}, "offset": "{{0-i-i}}", "length": "1"`):           "bits",
		gen(`"dimensions": {"i": [1]}, "offset": "{{` + strings.Repeat("(", 100) + `i}}", "length": "1"`): "deep",
		gen(`"dimensions": {"i": [1]}, "offset": "{{x}}", "length": "1"`):                                 `no template "x"`,
		gen(`"dimensions": {"i": [1]}, "offset": "{{1+x}}", "length": "1"`):                               `no dimension "x"`,
		gen(`"dimensions": {"i": [1]}, "offset": "{{(1}}", "length": "1"`):                                "closed",
		gen(`"dimensions": {"i": [1]}, "offset": "1.5", "length": "1"`):                                   "whole number",
	} {
		m, err := refstore.ParseJSON(t.Context(), strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, %v; want an error of %q", text, m, err, says)
		}
	}
}

// TestTemplateBomb: templates that multiply, in length or in work, are refused.
func TestTemplateBomb(t *testing.T) {
	for _, leaf := range []string{"", strings.Repeat("x", 1000)} {
		var text strings.Builder
		fmt.Fprintf(&text, `{"version": 1, "refs": {"x": ["{{t0}}"]}, "templates": {"t15": %q`, leaf)
		for i := range 15 {
			fmt.Fprintf(&text, `, "t%d": %q`, i, strings.Repeat(fmt.Sprintf("{{t%d}}", i+1), 100))
		}
		text.WriteString("}}")
		if _, err := refstore.ParseJSON(t.Context(), strings.NewReader(text.String())); !errors.Is(err, store.ErrTooLarge) {
			t.Error(err)
		}
	}
}

// TestCancel: parsing stops with its context, and passes errors of reading on.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := refstore.ParseJSON(ctx, strings.NewReader(`{"a": "x"}`)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader(`{"a": `), errReader{broken})
	if _, err := refstore.ParseJSON(t.Context(), in); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// TestWriteJSON: what is written is read as the same.
func TestWriteJSON(t *testing.T) {
	var b refstore.Builder
	n := b.AddSource(refstore.Source{URL: `s3://b/"é` + "\u2028", Size: -1})
	err := errors.Join(
		b.AddInline("text", []byte("some <text>, é")), b.AddInline("bytes", []byte{0, 255}), b.AddInline("prefix", []byte("base64:x")), b.AddInline("empty", nil),
		b.AddInline(`k"é`, nil), b.AddRange("all", n, 0, 0), b.AddRange("part", n, 5, 1<<40), b.AddRange("zero", n, 0, 1),
	)
	for i := range 5000 {
		err = errors.Join(err, b.AddRange(fmt.Sprintf("c/%d", i), n, int64(i), 10))
	}
	if err != nil {
		t.Fatal(err)
	}
	m := b.Manifest()
	var out bytes.Buffer
	if err := refstore.WriteJSON(&out, m); err != nil {
		t.Fatal(err)
	}
	again, err := refstore.ParseJSON(t.Context(), bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(again), describe(m); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	var cut refstore.Builder
	cut.AddRange("x", cut.AddSource(refstore.Source{URL: "u"}), 5, 0)
	if err := refstore.WriteJSON(io.Discard, cut.Manifest()); !errors.Is(err, store.ErrInvalid) {
		t.Error(err)
	}
	if err := refstore.WriteJSON(failing{}, m); err == nil {
		t.Error("an error of writing is lost")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

func FuzzParseJSON(f *testing.F) {
	f.Add(`{"a": ["u", 1, 2], "b": "base64:AAAA", "c": {"x": 1}, "d": ["w"]}`)
	f.Add(`{"version": 1, "templates": {"u": "x", "f": "{{c}}"}, "gen": [{"key": "k{{i}}", "url": "{{f(c='t')}}{{u}}", "offset": "{{(i+1)*2//3%4}}", "length": "5", "dimensions": {"i": {"stop": 3}, "j": [1]}}], "refs": {"a": ["{{u}}", 1, 2]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := refstore.ParseJSON(t.Context(), strings.NewReader(text))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := refstore.WriteJSON(&out, m); err != nil {
			t.Skip(err) // from a byte on to the end, which only version 0 can say
		}
		again, err := refstore.ParseJSON(t.Context(), &out)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if describe(again) != describe(m) {
			t.Errorf("%q: %s, written and read: %s", text, describe(m), describe(again))
		}
	})
}
