package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/lock/locktest"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/s3store"
	"github.com/dosna/dosna/store/storetest"
)

var buckets atomic.Int64

// fresh opens an empty bucket, through the layer that tries again, as programs do.
func fresh(t *testing.T, server *testenv.S3) store.Store {
	t.Helper()
	return reopen(t, server, bucket(t, server))
}

// bucket makes one.
func bucket(t *testing.T, server *testenv.S3) string {
	t.Helper()
	name := fmt.Sprintf("bucket%d", buckets.Add(1))
	u, err := store.ParseURL("s3://" + name + "?endpoint=" + server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := s3store.InitURL(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return name
}

func reopen(t *testing.T, server *testenv.S3, bucket string) store.Store {
	t.Helper()
	s, err := s3store.Open(t.Context(), s3store.Options{Bucket: bucket, Endpoints: []string{server.Endpoint}})
	if err != nil {
		t.Fatal(err)
	}
	return layer.Retry(s, layer.RetryOptions{})
}

// conform runs the checks of all stores.
func conform(t *testing.T, server *testenv.S3, except ...string) {
	if !testing.Short() { // what is checked of several handles is left in any case
		storetest.Run(t, func(t *testing.T) store.Store { return fresh(t, server) }, except...)
	}
	t.Run("shared", func(t *testing.T) {
		storetest.RunShared(t, func(t *testing.T) storetest.Opener {
			name := bucket(t, server)
			return func(context.Context) (store.Store, error) { return reopen(t, server, name), nil }
		}, except...)
	})
	t.Run("leases", func(t *testing.T) {
		locktest.Run(t, func(t *testing.T) store.Store { return fresh(t, server) })
	})
}

func TestVersityGW(t *testing.T) {
	server := testenv.VersityGW(t)
	// This server looks up an object's tag first and opens the object then, so that a Get
	// without a condition may return the bytes of a newer version than it says. Nothing
	// is lost by that: who changes the object in the version that it was said to have fails.
	conform(t, server, "versions are never used twice")
}

func TestCeph(t *testing.T) {
	c := testenv.StartCeph(t)
	server := &testenv.S3{Endpoint: c.Endpoint, AccessKey: c.AccessKey, SecretKey: c.SecretKey}
	server.Environment(t)
	conform(t, server)
}

// TestDeadEndpoint: requests go to the servers that are there, and those that never were
// are not waited for.
func TestDeadEndpoint(t *testing.T) {
	server := testenv.VersityGW(t)
	name := bucket(t, server)
	const dead = "http://127.0.0.1:1"
	open := func(endpoints ...string) store.Store {
		s, err := s3store.Open(t.Context(), s3store.Options{Bucket: name, Endpoints: endpoints})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	bare := open(dead, server.Endpoint, dead)
	s := layer.Retry(bare, layer.RetryOptions{})
	if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 30 {
		if _, err := bare.Stat(t.Context(), "x"); err != nil {
			failed++
		}
	}
	if failed > 2 { // once for each of the dead
		t.Errorf("%d of 30 requests went to servers that are not there", failed)
	}
	alone := open(dead)
	if _, err := alone.Stat(t.Context(), "x"); err == nil || errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a server that is not there: %v", err)
	}
}

// TestURLs: what an address may say, and what not.
func TestURLs(t *testing.T) {
	open := func(address string) error {
		u, err := store.ParseURL(address)
		if err != nil {
			return err
		}
		s, err := s3store.OpenURL(t.Context(), u, store.OpenOptions{})
		if err != nil {
			return err
		}
		return s.Close()
	}
	end := url.QueryEscape("https://s3.example.org")
	for _, good := range []string{
		"s3://bucket", "s3://bucket/", "s3://bucket/a/b", "s3://bucket/a?region=eu-west-2&anonymous=true", "s3://bucket?endpoint=" + end,
		"s3://bucket?endpoint=http://127.0.0.1:7480,http://127.0.0.1:7481&path-style=true&absent=403&verify=false&requester-pays=true",
	} {
		if err := open(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, says := range map[string]string{
		"s3://":                                  "bucket",
		"s3:///x":                                "bucket",
		"s3://bucket/a//b":                       "prefix",
		"s3://bucket?endpoint=example.org":       "endpoint",
		"s3://bucket?endpoint=ftp://x":           "endpoint",
		"s3://bucket?endpoint=http://u:p@x":      "endpoint",
		"s3://bucket?colour=red":                 "colour",
		"s3://bucket?anonymous=yes":              "anonymous",
		"s3://bucket?absent=500":                 "absent",
		"s3://bucket?verify=/no/such/bundle.pem": "/no/such/bundle.pem",
		"s3://bucket?profile=no-such-profile-x":  "no-such-profile-x",
	} {
		if err := open(bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want an error about %q", bad, err, says)
		}
	}
}

// TestNoBucket: a bucket that is not there is never an absent object.
func TestNoBucket(t *testing.T) {
	server := testenv.VersityGW(t)
	s := reopen(t, server, "bucket")
	defer s.Close()
	check := func(what string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, store.ErrNotExist) || !strings.Contains(err.Error(), `no bucket "bucket"`) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil)
	check("get", err)
	_, err = s.Stat(t.Context(), "x")
	check("stat", err)
	_, err = s.Put(t.Context(), "x", nil, store.Cond{})
	check("put", err)
	for _, err := range s.List(t.Context(), store.ListOptions{}) {
		check("list", err)
	}
	u, err := store.ParseURL("s3://bucket/deep/prefix?endpoint=" + server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s3store.InitURL(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); err != nil {
		t.Error(err)
	}
}

// TestLarge: objects in parts, put whole and as a stream, with conditions.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 200 MB")
	}
	server := testenv.VersityGW(t)
	s := fresh(t, server)
	defer s.Close()
	data := make([]byte, 70<<20)
	for i := range data {
		data[i] = byte(i * i >> 12)
	}
	v, err := s.Put(t.Context(), "large", [][]byte{data[:1000], data[1000 : 5<<20], data[5<<20:]}, store.Cond{IfAbsent: true})
	if err != nil {
		t.Fatal(err)
	}
	same := func(key string) {
		t.Helper()
		got, info, err := s.Get(t.Context(), key, store.GetOptions{}, nil)
		if err != nil || info.Size != int64(len(data)) || string(got) != string(data) {
			t.Fatalf("%s: %d bytes, %+v, %v", key, len(got), info, err)
		}
	}
	same("large")
	if _, err := s.Put(t.Context(), "large", [][]byte{data}, store.Cond{IfAbsent: true}); !errors.Is(err, store.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	if _, err := s.Put(t.Context(), "large", [][]byte{data}, store.Cond{IfMatch: `"0"`}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("changed in a version that it never had: %v", err)
	}
	if _, err := s.Put(t.Context(), "large", [][]byte{data}, store.Cond{IfMatch: v}); err != nil {
		t.Error(err)
	}
	write := func(ctx context.Context, c store.Cond) error {
		w, err := store.OpenWriter(ctx, s, "stream", c)
		if err != nil {
			return err
		}
		defer w.Close()
		for at := 0; at < len(data); at += 3 << 20 {
			if _, err := w.Write(data[at:min(len(data), at+3<<20)]); err != nil {
				return err
			}
		}
		_, err = w.Commit()
		return err
	}
	if err := write(t.Context(), store.Cond{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	same("stream")
	if err := write(t.Context(), store.Cond{IfAbsent: true}); !errors.Is(err, store.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
}
