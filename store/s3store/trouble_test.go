package s3store_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/s3store"
	"github.com/dosna/dosna/store/storetest"
)

// opened opens a bucket, bare.
func opened(t *testing.T, o s3store.Options) *s3store.Store {
	t.Helper()
	s, err := s3store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func written(t *testing.T, s store.Store, key, data string) store.Version {
	t.Helper()
	v, err := s.Put(t.Context(), key, [][]byte{[]byte(data)}, store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestOutage: readers, writers and counters go on when the server is back.
func TestOutage(t *testing.T) {
	server := testenv.VersityGW(t)
	proxy := testenv.StartProxy(t, server.Endpoint, nil)
	away := 20 * time.Second
	if testing.Short() || testenv.Race {
		away = 2 * time.Second
	}
	s := layer.Retry(opened(t, s3store.Options{Bucket: bucket(t, server), Endpoints: []string{proxy.URL}}), layer.RetryOptions{})
	written(t, s, "x", "data")
	var counted, unknown atomic.Int64
	g, ctx := errgroup.WithContext(t.Context())
	end := make(chan struct{})
	for range 4 {
		g.Go(func() error {
			for {
				select {
				case <-end:
					return nil
				default:
				}
				got, _, err := s.Get(ctx, "x", store.GetOptions{}, nil)
				if err != nil || string(got) != "data" {
					return fmt.Errorf("read %q: %w", got, err)
				}
				switch err := storetest.Increment(ctx, s, "n"); {
				case err == nil:
					counted.Add(1)
				case errors.Is(err, store.ErrUnknownOutcome):
					unknown.Add(1)
				default:
					return err
				}
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	before := counted.Load()
	proxy.Down()
	time.Sleep(away)
	during := counted.Load()
	if err := proxy.Up(); err != nil {
		t.Fatal(err)
	}
	for try := 0; counted.Load() < during+20 && try < 2000 && ctx.Err() == nil; try++ {
		time.Sleep(10 * time.Millisecond)
	}
	close(end)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	n, err := storetest.Count(t.Context(), s, "n")
	if err != nil || int64(n) < counted.Load() || int64(n) > counted.Load()+unknown.Load() {
		t.Errorf("counted to %d, %v, where %d were sure and %d not", n, err, counted.Load(), unknown.Load())
	}
	if before == 0 || counted.Load() <= during {
		t.Errorf("%d before the server went, %d while it was away, %d in all", before, during-before, counted.Load())
	}
}

// TestLostAnswer: whether a write with a condition was done is found out, whatever its size.
func TestLostAnswer(t *testing.T) {
	server := testenv.VersityGW(t)
	var lose atomic.Bool
	proxy := testenv.StartProxy(t, server.Endpoint, func(r *http.Request) testenv.Fault {
		last := r.Method == http.MethodPut && !strings.Contains(r.URL.RawQuery, "partNumber") || r.URL.Query().Has("uploadId") && r.Method == http.MethodPost
		if last && lose.CompareAndSwap(true, false) {
			return testenv.Lost
		}
		return testenv.None
	})
	s := opened(t, s3store.Options{Bucket: bucket(t, server), Endpoints: []string{proxy.URL}})
	v, err := s.Put(t.Context(), "probed", nil, store.Cond{IfAbsent: true})
	if err == nil {
		_, err = s.Put(t.Context(), "probed", nil, store.Cond{IfMatch: v})
	}
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int{10, 70 << 20}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		key := fmt.Sprint("x", size)
		data := bytes.Repeat([]byte{7}, size)
		lose.Store(true)
		v, err := s.Put(t.Context(), key, [][]byte{data}, store.Cond{IfAbsent: true})
		if err != nil {
			t.Fatalf("%d bytes created: %v", size, err)
		}
		lose.Store(true)
		if v, err = s.Put(t.Context(), key, [][]byte{data[:size-1]}, store.Cond{IfMatch: v}); err != nil {
			t.Fatalf("%d bytes changed: %v", size, err)
		}
		i, err := s.Stat(t.Context(), key)
		if err != nil || i.Version != v || i.Size != int64(size-1) {
			t.Errorf("%d bytes: %+v, %v, want version %s", size, i, err, v)
		}
		lose.Store(true)
		if _, err := s.Put(t.Context(), key, [][]byte{data}, store.Cond{}); !errors.Is(err, store.ErrUnknownOutcome) || !errors.Is(err, store.ErrTemporary) {
			t.Errorf("%d bytes without a condition: %v", size, err) // which may be sent again
		}
	}
}

// credentials writes an AWS configuration whose profile "rotating" asks a program, which
// prints what is in the file returned.
func credentials(t *testing.T) (file string) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "credentials.json")
	text := fmt.Sprintf("[profile rotating]\ncredential_process = cat %s\nregion = us-east-1\n", file)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	return file
}

func hand(t *testing.T, file, access, secret string, expires time.Time) {
	t.Helper()
	text := fmt.Sprintf(`{"Version": 1, "AccessKeyId": %q, "SecretAccessKey": %q, "SessionToken": "", "Expiration": %q}`, access, secret, expires.UTC().Format(time.RFC3339))
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// TestCredentialsExpire: new ones are fetched when the old ones have expired, and when the
// server says that they have.
func TestCredentialsExpire(t *testing.T) {
	server := testenv.VersityGW(t, "--iam-dir", t.TempDir(), "--iam-cache-disable")
	name := bucket(t, server)
	server.User(t, "first", "firstsecret", "admin")
	server.User(t, "second", "secondsecret", "admin")
	t.Run("by their time", func(t *testing.T) {
		file := credentials(t)
		expires := time.Now().Add(3 * time.Second)
		hand(t, file, "first", "firstsecret", expires)
		s := opened(t, s3store.Options{Bucket: name, Endpoints: []string{server.Endpoint}, Profile: "rotating"})
		written(t, s, "x", "1")
		hand(t, file, "second", "secondsecret", time.Now().Add(time.Hour))
		time.Sleep(time.Until(expires.Add(time.Second)))
		server.RemoveUser(t, "first")
		written(t, s, "x", "2")
	})
	t.Run("as the server says", func(t *testing.T) {
		var over atomic.Bool
		proxy := testenv.StartProxy(t, server.Endpoint, func(r *http.Request) testenv.Fault {
			if over.Load() && strings.Contains(r.Header.Get("Authorization"), "Credential=second/") {
				return testenv.Expired
			}
			return testenv.None
		})
		server.User(t, "third", "thirdsecret", "admin")
		file := credentials(t)
		hand(t, file, "second", "secondsecret", time.Now().Add(time.Hour))
		s := layer.Retry(opened(t, s3store.Options{Bucket: name, Endpoints: []string{proxy.URL}, Profile: "rotating"}), layer.RetryOptions{})
		written(t, s, "x", "3")
		over.Store(true)
		hand(t, file, "third", "thirdsecret", time.Now().Add(time.Hour))
		written(t, s, "x", "4")
		if proxy.Faults.Load() == 0 {
			t.Error("nothing had expired")
		}
	})
}

// TestRights: what a key may not do, and keys that are wrong.
func TestRights(t *testing.T) {
	server := testenv.VersityGW(t, "--iam-dir", t.TempDir(), "--iam-cache-disable")
	name := bucket(t, server)
	o := s3store.Options{Bucket: name, Endpoints: []string{server.Endpoint}}
	written(t, opened(t, o), "a/x", "data")
	server.User(t, "reader", "readersecret", "user")
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	root := s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String(server.Endpoint), true })
	policy := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["reader"]},
		"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::%s", "arn:aws:s3:::%s/*"]}]}`, name, name)
	if _, err := root.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &name, Policy: &policy}); err != nil {
		t.Fatal(err)
	}
	t.Run("only reading", func(t *testing.T) {
		(&testenv.S3{AccessKey: "reader", SecretKey: "readersecret"}).Environment(t)
		s := layer.Retry(opened(t, o), layer.RetryOptions{})
		got, _, err := s.Get(t.Context(), "a/x", store.GetOptions{}, nil)
		if err != nil || string(got) != "data" {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := s.Stat(t.Context(), "a/y"); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("what is not there: %v", err)
		}
		for what, err := range map[string]error{
			"put":           second(s.Put(t.Context(), "a/x", nil, store.Cond{})),
			"put if absent": second(s.Put(t.Context(), "a/y", nil, store.Cond{IfAbsent: true})),
			"delete":        s.Delete(t.Context(), "a/x", store.Cond{}),
		} {
			if !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "a/") || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	t.Run("wrong secret", func(t *testing.T) {
		(&testenv.S3{AccessKey: "reader", SecretKey: "another"}).Environment(t)
		if _, err := opened(t, o).Stat(t.Context(), "a/x"); !errors.Is(err, store.ErrPermission) {
			t.Errorf("stat: %v", err)
		}
		_, _, err := opened(t, o).Get(t.Context(), "a/x", store.GetOptions{}, nil)
		if !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "~/.aws/credentials") {
			t.Errorf("get: %v", err)
		}
	})
	t.Run("unknown key", func(t *testing.T) {
		(&testenv.S3{AccessKey: "nobody", SecretKey: "another"}).Environment(t)
		_, _, err := opened(t, o).Get(t.Context(), "a/x", store.GetOptions{}, nil)
		if !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "~/.aws/credentials") {
			t.Errorf("get: %v", err)
		}
	})
	t.Run("no keys", func(t *testing.T) {
		for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
			t.Setenv(name, "")
		}
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
		t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
		_, _, err := opened(t, o).Get(t.Context(), "a/x", store.GetOptions{}, nil)
		if !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "credentials") {
			t.Errorf("get: %v", err)
		}
		o := o
		o.Anonymous = true
		if _, _, err := opened(t, o).Get(t.Context(), "a/x", store.GetOptions{}, nil); !errors.Is(err, store.ErrPermission) {
			t.Errorf("get without a signature: %v", err)
		}
	})
}

func second[A any](_ A, err error) error { return err }

// TestAbsentForbidden: a server that does not tell what is not there.
func TestAbsentForbidden(t *testing.T) {
	server := testenv.VersityGW(t)
	proxy := testenv.StartProxy(t, server.Endpoint, func(*http.Request) testenv.Fault { return testenv.Absent })
	o := s3store.Options{Bucket: bucket(t, server), Endpoints: []string{proxy.URL}}
	for _, o.AbsentForbidden = range []bool{false, true} {
		want := store.ErrPermission
		if o.AbsentForbidden {
			want = store.ErrNotExist
		}
		s := opened(t, o)
		written(t, s, "there", "data")
		if _, _, err := s.Get(t.Context(), "there", store.GetOptions{}, nil); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); !errors.Is(err, want) {
			t.Errorf("get with %v: %v", o.AbsentForbidden, err)
		}
		if _, err := s.Stat(t.Context(), "x"); !errors.Is(err, want) {
			t.Errorf("stat with %v: %v", o.AbsentForbidden, err)
		}
	}
}

// certificate makes one for this machine, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	save := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return save("cert.pem", "CERTIFICATE", der), save("key.pem", "PRIVATE KEY", secret)
}

// TestTLS: who vouches for a server, and reading and writing over https, whose bodies are not signed.
func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	other, _ := certificate(t)
	t.Run("versitygw", func(t *testing.T) {
		server := testenv.VersityGW(t, "--cert", cert, "--key", key)
		server.Bucket(t, "secret")
		overTLS(t, server.Endpoint, cert, other)
	})
	t.Run("radosgw", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0") // to learn of a port that is free
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		t.Setenv("RGWTLS", strconv.Itoa(port))
		t.Setenv("RGWCERT", cert)
		t.Setenv("RGWKEY", key)
		c := testenv.StartCeph(t)
		(&testenv.S3{AccessKey: c.AccessKey, SecretKey: c.SecretKey}).Environment(t)
		endpoint := fmt.Sprintf("https://127.0.0.1:%d", port)
		u, err := store.ParseURL("s3://secret?verify=false&endpoint=" + endpoint)
		if err == nil {
			err = s3store.InitURL(t.Context(), u)
		}
		if err != nil {
			t.Fatal(err)
		}
		overTLS(t, endpoint, cert, other)
	})
}

func overTLS(t *testing.T, endpoint, cert, other string) {
	o := s3store.Options{Bucket: "secret", Endpoints: []string{endpoint}}
	for what, good := range map[string]func(o *s3store.Options){
		"bundle": func(o *s3store.Options) { o.CABundle = cert },
		"any":    func(o *s3store.Options) { o.AnyCertificate = true },
		"environment": func(*s3store.Options) {
			t.Setenv("AWS_CA_BUNDLE", cert)
		},
	} {
		o := o
		good(&o)
		s := opened(t, o)
		v, err := s.Put(t.Context(), "x", [][]byte{[]byte("da"), []byte("ta")}, store.Cond{})
		if err == nil {
			_, err = s.Put(t.Context(), "x", [][]byte{[]byte("data")}, store.Cond{IfMatch: v})
		}
		if err == nil {
			err = s.DeleteAll(t.Context(), []string{"y", "z"}) // a request that needs a checksum
			for range 5 {
				if !errors.Is(err, store.ErrUnknownOutcome) { // an answer that was lost, after which it may be asked for again
					break
				}
				err = s.DeleteAll(t.Context(), []string{"y", "z"})
			}
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); err != nil || string(got) != "data" {
			t.Errorf("%s: read %q, %v", what, got, err)
		}
	}
	if err := os.Unsetenv("AWS_CA_BUNDLE"); err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]func(o *s3store.Options){
		"nobody vouches":       func(*s3store.Options) {},
		"another's is vouched": func(o *s3store.Options) { o.CABundle = other },
	} {
		o := o
		bad(&o)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := layer.Retry(opened(t, o), layer.RetryOptions{}).Stat(ctx, "x")
		if err == nil || errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "verify=FILE") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAbandonedUploads: uploads of dead writers are told of, and go with the next object of that name.
func TestAbandonedUploads(t *testing.T) {
	server := testenv.VersityGW(t)
	s := opened(t, s3store.Options{Bucket: bucket(t, server), Prefix: "pool", Endpoints: []string{server.Endpoint}})
	written(t, s, "a/other", "data")
	data := make([]byte, 20<<20)
	begin := func(key string) {
		w, err := s.OpenWriter(t.Context(), key, store.Cond{})
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	} // and dies
	begin("a/x")
	begin("z")
	unfinished := func(o store.ListOptions) (found []string) {
		t.Helper()
		o.Unfinished = true
		last := ""
		for i, err := range s.List(t.Context(), o) {
			if err != nil {
				t.Fatal(err)
			}
			if i.Key <= last {
				t.Errorf("%q after %q", i.Key, last)
			}
			if last = i.Key; strings.Contains(i.Key, store.TempPrefix) {
				found = append(found, i.Key)
			}
		}
		return found
	}
	if found := unfinished(store.ListOptions{}); len(found) > 0 {
		t.Errorf("those of living writers: %q", found)
	}
	defer s3store.SetAbandoned(0)()
	if found := unfinished(store.ListOptions{}); len(found) != 2 || !strings.HasPrefix(found[0], store.TempPrefix) || !strings.HasPrefix(found[1], "a/"+store.TempPrefix) {
		t.Errorf("found %q", found)
	}
	if found := unfinished(store.ListOptions{Prefix: "a/"}); len(found) != 1 {
		t.Errorf("found %q in a", found)
	}
	if found := unfinished(store.ListOptions{Shallow: true}); len(found) != 1 {
		t.Errorf("found %q in the root", found)
	}
	w, err := s.OpenWriter(t.Context(), "a/x", store.Cond{})
	if err == nil {
		if _, err = w.Write(data); err == nil {
			_, err = w.Commit()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if found := unfinished(store.ListOptions{}); len(found) != 1 || !strings.HasPrefix(found[0], store.TempPrefix) {
		t.Errorf("found %q after the object was written", found)
	}
}

// TestLongKeys: a key that is too long with the prefix is refused, and not by the server.
func TestLongKeys(t *testing.T) {
	s := opened(t, s3store.Options{Bucket: "b", Prefix: strings.Repeat("p/", 400) + "p", Endpoints: []string{"http://127.0.0.1:1"}})
	for _, key := range []string{strings.Repeat("k/", 150)} {
		if _, err := s.Stat(t.Context(), key+"k"); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "1024") {
			t.Errorf("stat: %v", err)
		}
		if _, err := s.Put(t.Context(), key+"k", nil, store.Cond{}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("put: %v", err)
		}
	}
}
