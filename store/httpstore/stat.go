package httpstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/dosna/dosna/store"
)

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	err := store.CheckKey(key)
	var info store.Info
	if err == nil {
		info, err = s.stat(ctx, key)
	}
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	return info, nil
}

// stat asks by HEAD, or by a GET of one byte where that does not tell.
func (s *Store) stat(ctx context.Context, key string) (store.Info, error) {
	a, err := s.ask(ctx, http.MethodHead, key, http.Header{})
	if err == nil {
		a.close()
		if a.status == http.StatusOK && a.length >= 0 {
			return describe(key, a.length, a.header), nil
		}
	} else if _, other := errors.AsType[refused](err); !other && !errors.Is(err, store.ErrPermission) {
		return store.Info{}, err
	}
	a, err = s.ask(ctx, http.MethodGet, key, http.Header{"Range": {"bytes=0-0"}})
	if err == nil && a.status == http.StatusRequestedRangeNotSatisfiable { // an empty object has no byte 0
		a.close()
		a, err = s.ask(ctx, http.MethodGet, key, http.Header{})
	}
	if err != nil {
		return store.Info{}, err
	}
	defer a.close()
	size := a.length
	switch {
	case a.status == http.StatusPartialContent:
		_, _, size, err = contentRange(a.header.Get("Content-Range"))
	case a.status != http.StatusOK:
		err = refused(fmt.Sprintf("the server answered %d to a request for all", a.status))
	case !a.framed:
		err = errUnframed
	case size < 0:
		size, err = io.Copy(io.Discard, io.LimitReader(a.body, mostUntold+1))
		if err == nil && size > mostUntold {
			err = fmt.Errorf("%w: more than %d bytes; the server does not tell how many", store.ErrTooLarge, mostUntold)
		}
	}
	if err != nil {
		return store.Info{}, err
	}
	return describe(key, size, a.header), nil
}

// contentRange parses the header of that name: "bytes 0-99/1000".
func contentRange(header string) (first, last, size int64, err error) {
	fault := func() (int64, int64, int64, error) {
		return 0, 0, 0, refused(fmt.Sprintf("the server sent a part, but does not say which of how many bytes: its Content-Range is %.80q", header))
	}
	rest, ok := strings.CutPrefix(header, "bytes ")
	span, total, ok2 := strings.Cut(rest, "/")
	from, to, ok3 := strings.Cut(span, "-")
	if !ok || !ok2 || !ok3 {
		return fault()
	}
	for _, f := range []struct {
		text string
		to   *int64
	}{{from, &first}, {to, &last}, {total, &size}} {
		if f.text == "" || f.text[0] < '0' || f.text[0] > '9' {
			return fault()
		}
		if *f.to, err = strconv.ParseInt(f.text, 10, 64); err != nil {
			return fault()
		}
	}
	if first > last || last >= size {
		return fault()
	}
	return first, last, size, nil
}
