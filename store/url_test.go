package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
)

func TestParseURL(t *testing.T) {
	for address, want := range map[string][4]string{ // scheme, host, path, node
		"/tmp/pool":                        {"file", "", "/tmp/pool", ""},
		"/tmp/pool#/scan/raw":              {"file", "", "/tmp/pool", "scan/raw"},
		"/tmp/pool#/scan/raw/":             {"file", "", "/tmp/pool", "scan/raw"},
		"/tmp/pool#/":                      {"file", "", "/tmp/pool", ""},
		"pool":                             {"file", "", "pool", ""},
		".":                                {"file", "", ".", ""},
		"/tmp/a#b?c=d%20e:f":               {"file", "", "/tmp/a#b?c=d%20e:f", ""},
		"/tmp/a#/b#/c":                     {"file", "", "/tmp/a#/b", "c"},
		"/tmp/a#/b#/":                      {"file", "", "/tmp/a#/b", ""},
		"./mem://x":                        {"file", "", "./mem://x", ""},
		"mem:x":                            {"file", "", "mem:x", ""},
		"://x":                             {"file", "", "://x", ""},
		"1x://y":                           {"file", "", "1x://y", ""},
		"mem://":                           {"mem", "", "", ""},
		"mem://name#/a":                    {"mem", "name", "", "a"},
		"mem://na%20me/x":                  {"mem", "na me", "/x", ""},
		"FILE:///tmp/pool":                 {"file", "", "/tmp/pool", ""},
		"file:///tmp/a%23b%3Fc%25d#/e%20f": {"file", "", "/tmp/a#b?c%d", "e%20f"},
		"file://localhost/tmp":             {"file", "localhost", "/tmp", ""},
		"s3://bucket/pre/fix?endpoint=http://h:9": {"s3", "bucket", "/pre/fix", ""},
		"a+b-c.d://x": {"a+b-c.d", "x", "", ""},
	} {
		u, err := store.ParseURL(address)
		if err != nil {
			t.Errorf("%q: %v", address, err)
			continue
		}
		if got := [4]string{u.Scheme, u.Host, u.Path, u.Node}; got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
		if u.Query == nil {
			t.Errorf("%q has no query to ask", address)
		}
		again, err := store.ParseURL(u.String())
		if err != nil || again.Root != u.Root || again.Node != u.Node {
			t.Errorf("%q is written %q, which is %+v, %v", address, u, again, err)
		}
	}
	for address, says := range map[string]string{
		"":                         "no root",
		"#/a":                      "no root",
		"/tmp#/../a":               `".."`,
		"/tmp#//a":                 "empty segment",
		"/tmp#/a//":                "empty segment",
		"/tmp/\x00":                "NUL",
		"file:///tmp/a#b":          "%23",
		"file:///tmp/a#/b#/c":      "%23",
		"file:///tmp/%zz":          "escape",
		"file:///tmp/%00":          "NUL",
		"mem://x?a=%zz":            "escape",
		"s3://key:secret@bucket/a": "password",
		"mem://x?a=1;b=2":          "malformed",
	} {
		_, err := store.ParseURL(address)
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want an error about %q", address, err, says)
		}
	}
}

func TestCheckQuery(t *testing.T) {
	u, err := store.ParseURL("s3://bucket?endpoint=x&region=y")
	if err != nil {
		t.Fatal(err)
	}
	if err := u.CheckQuery("region", "endpoint", "more"); err != nil {
		t.Error(err)
	}
	if err := u.CheckQuery("region"); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "endpoint") || !strings.Contains(err.Error(), "region") {
		t.Errorf("an unknown option: %v", err)
	}
	if u, err = store.ParseURL("s3://bucket?a=1&a=2"); err != nil {
		t.Fatal(err)
	}
	if err := u.CheckQuery("a"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an option given twice: %v", err)
	}
}

func FuzzParseURL(f *testing.F) {
	for _, address := range []string{"/tmp/pool#/a", "mem://x#/a/b", "file:///a%20b?c=d", "s3://b/p?x=1&y#/n", "#/", "a://b@c", "x#/y#/z"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := store.ParseURL(address)
		if err != nil {
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%q: %v", address, err)
			}
			return
		}
		if !strings.HasPrefix(address, u.Root) || u.Scheme == "" || u.Node != "" && store.CheckKey(u.Node) != nil {
			t.Errorf("%q is %+v", address, u)
		}
		if again, err := store.ParseURL(u.String()); err != nil || again.Root != u.Root || again.Node != u.Node {
			t.Errorf("%q is written %q, which is %+v, %v", address, u, again, err)
		}
	})
}
