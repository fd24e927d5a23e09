package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dosna/dosna/store"
)

func TestAllowPrefixes(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	here = filepath.ToSlash(here)
	for _, c := range []struct {
		allowed, address string
		want             bool
	}{
		{"https://a.example/open", "https://a.example/open", true},
		{"https://a.example/open/", "https://a.example/open/x/y", true},
		{"https://a.example/open", "https://A.Example/open/x?sig=1", true},
		{"https://a.example/open", "https://a.example/opened", false},
		{"https://a.example/open", "https://a.example/open/../x", false},
		{"https://a.example/open", "https://a.example/open/%2e%2e/x", false},
		{"https://a.example/open", "http://a.example/open/x", false},
		{"https://a.example/open", "https://a.example.evil/open/x", false},
		{"https://a.example/open", "https://a.example:8443/open/x", false},
		{"https://a.example", "https://a.example/x", true},
		{"https://", "https://b.example/x", true},
		{"https://", "http://b.example/x", false},
		{"s3://bucket/a", "s3://bucket/a/b", true},
		{"s3://bucket/a", "s3://bucket/a/b?endpoint=http://evil", false},
		{"s3://bucket?endpoint=http://here", "s3://bucket/a?endpoint=http://here", true},
		{"s3://bucket", "s3://Bucket/a", false},
		{"/data", "/data/x", true},
		{"/data", "file:///data/x", true},
		{"file:///data", "/data/x/y", true},
		{"/data", "/data2", false},
		{"/data", "/data/../etc/passwd", false},
		{"file:///data", "file:///data/%2e%2e/etc", false},
		{"/", "/etc", true},
		{"file://", "/etc", true},
		{".", here + "/x", true},
		{"sub", here + "/x", false},
		{"..", here + "/x", true},
		{"mem://a", "mem://a", true},
		{"mem://a", "mem://b", false},
	} {
		p, err := store.AllowPrefixes("ftp://none/x", c.allowed)
		if err != nil {
			t.Errorf("%s: %v", c.allowed, err)
			continue
		}
		u, err := store.ParseURL(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(u); (err == nil) != c.want || err != nil && !errors.Is(err, store.ErrNotAllowed) {
			t.Errorf("%s where %s is allowed: %v", c.address, c.allowed, err)
		}
	}
	for _, bad := range []string{"", "https://a/#/node", "/a#/node", "https://a/../b", "https://u@a"} {
		if _, err := store.AllowPrefixes(bad); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	var none store.Policy
	if err := none.Check(store.URL{Scheme: "file"}); !errors.Is(err, store.ErrNotAllowed) || !errors.Is(err, store.ErrPermission) {
		t.Errorf("no policy: %v", err)
	}
}
