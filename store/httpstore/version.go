package httpstore

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dosna/dosna/store"
)

// old is how much older than its answer a date must be to name one version: of
// two changes in one second the first would have the same one, and clocks of a
// server and its disks may differ.
const old = time.Minute

// datePrefix begins versions that are dates; the others are entity tags, with
// their quotes.
const datePrefix = "date "

// describe returns what an answer's header tells of an object of that size.
func describe(key string, size int64, h http.Header) store.Info {
	info := store.Info{Key: key, Size: size}
	modified := h.Get("Last-Modified")
	changed, err := http.ParseTime(modified)
	if err == nil {
		info.ModTime = changed
	}
	if tag := h.Get("ETag"); tag != "" {
		if isStrong(tag) {
			info.Version = store.Version(tag)
		}
		return info
	}
	if sent, derr := http.ParseTime(h.Get("Date")); err == nil && derr == nil && sent.Sub(changed) >= old {
		info.Version = store.Version(fmt.Sprintf("%s%s, %d bytes", datePrefix, modified, size))
	}
	return info
}

// isStrong reports whether an entity tag is strong and well-formed, by RFC 9110,
// section 8.8.3.
func isStrong(tag string) bool {
	if len(tag) < 2 || len(tag) > 1024 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return false
	}
	for _, c := range []byte(tag[1 : len(tag)-1]) {
		if c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

// demand adds a condition to a request's header. Versions that no answer can have
// had are not sent: the answer will not match them.
func demand(h http.Header, c store.Cond) {
	for _, d := range []struct {
		version   store.Version
		tag, date string
	}{
		{c.IfMatch, "If-Match", "If-Unmodified-Since"},
		{c.IfNoneMatch, "If-None-Match", "If-Modified-Since"},
	} {
		v := string(d.version)
		if isStrong(v) {
			h.Set(d.tag, v)
			continue
		}
		date, ok := strings.CutPrefix(v, datePrefix)
		if i := strings.LastIndexByte(date, ','); ok && i > 0 {
			if _, err := http.ParseTime(date[:i]); err == nil {
				h.Set(d.date, date[:i])
			}
		}
	}
}
