package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/dosna/dosna/store"
)

// concurrency is how many requests are worth having under way at a time.
const concurrency = 32

// Store is a bucket, or what lies below a prefix in it.
type Store struct {
	o      Options
	name   string
	prefix string // "" or ending in "/"
	*fleet
	refresh func() // forgets credentials that have expired
	closed  atomic.Bool
	any     bool // keys may be anything: see Bucket
	foreign bool // a server other than Amazon's

	bucketSeen atomic.Bool
}

// Options say which bucket, on which server. Bucket is needed.
type Options struct {
	Bucket          string
	Prefix          string   // of all keys, without a slash at its end
	Endpoints       []string // URLs of servers, over which requests are spread; none: Amazon's
	Region          string   // "": as the AWS configuration says, or us-east-1
	HostStyle       bool     // the bucket is in the host's name, though there are Endpoints
	PathStyle       bool     // the bucket is in the path, though there are none
	Profile         string   // of the AWS configuration
	Anonymous       bool     // requests are not signed
	RequesterPays   bool
	AnyCertificate  bool   // of the server's certificate nothing is checked
	CABundle        string // file of certificates (PEM) that vouch for the server's
	AbsentForbidden bool   // 403 to a read means that there is no object
}

// Open opens a bucket. It reads the AWS configuration, and asks the server for
// nothing.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Store{o: o, name: o.String(), prefix: o.Prefix, fleet: &fleet{}}
	if s.prefix != "" {
		s.prefix += "/"
	}
	if err := s.connect(ctx); err != nil {
		return nil, fmt.Errorf("open %s: %w", s.name, err)
	}
	return s, nil
}

func (o Options) check() error {
	if o.Bucket == "" || strings.ContainsAny(o.Bucket, "/?# ") {
		return fmt.Errorf("%w: %q is not the name of a bucket, as in s3://bucket/prefix", store.ErrInvalid, o.Bucket)
	}
	if o.Prefix != "" {
		if err := store.CheckKey(o.Prefix); err != nil {
			return fmt.Errorf("the prefix %q in %s: %w", o.Prefix, o.Bucket, err)
		}
	}
	if o.HostStyle && o.PathStyle {
		return fmt.Errorf("%w: both path style and host style for %s", store.ErrInvalid, o.Bucket)
	}
	if o.AnyCertificate && o.CABundle != "" {
		return fmt.Errorf("%w: both a bundle of certificates and leave to accept any for %s", store.ErrInvalid, o.Bucket)
	}
	for _, e := range o.Endpoints {
		u, err := url.Parse(e)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" {
			return fmt.Errorf("%w: the endpoint %q of %s is not a URL such as https://s3.example.org", store.ErrInvalid, e, o.Bucket)
		}
	}
	return nil
}

// String is the URL without what it is reached by.
func (o Options) String() string {
	name := "s3://" + o.Bucket
	if o.Prefix != "" {
		name += "/" + o.Prefix
	}
	if len(o.Endpoints) > 0 {
		name += " at " + strings.Join(o.Endpoints, ", ")
	}
	return name
}

// String is the store's name in messages.
func (s *Store) String() string { return s.name }

// Guarantees promises what S3 does; see the package's documentation.
func (s *Store) Guarantees() store.Guarantees {
	return store.Guarantees{
		PutIfAbsent:   true,
		PutIfMatch:    true,
		DeleteIfMatch: !s.foreign,
		GetIfMatch:    true,
		Remote:        true, Shared: true,
		ListSorted:  true,
		Concurrency: concurrency,
		MaxObject:   5 << 40,
	}
}

// Close closes idle connections. What is under way goes on.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.http.CloseIdleConnections()
	}
	return nil
}

func (s *Store) key(key string) *string { return aws.String(s.prefix + key) }

func (s *Store) bucket() *string { return aws.String(s.o.Bucket) }

func (s *Store) payer() types.RequestPayer {
	if s.o.RequesterPays {
		return types.RequestPayerRequester
	}
	return ""
}

func (s *Store) fail(op, key string, err error) error {
	var e *store.Error
	if errors.As(err, &e) {
		return err
	}
	return &store.Error{Op: op, Store: s.name, Key: key, Err: err}
}

// ready says why nothing can be asked.
func (s *Store) ready(ctx context.Context) error {
	if s.closed.Load() {
		return store.ErrClosed
	}
	return ctx.Err()
}

// InitURL makes the bucket of a URL, where there is none.
func InitURL(ctx context.Context, u store.URL) error {
	o, err := optionsOf(u)
	if err != nil {
		return err
	}
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.client().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: s.bucket()})
	if err == nil {
		return nil
	}
	in := &s3.CreateBucketInput{Bucket: s.bucket()}
	if region := s.client().Options().Region; !s.foreign && region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	_, err = s.client().CreateBucket(ctx, in)
	var mine *types.BucketAlreadyOwnedByYou
	if err == nil || errors.As(err, &mine) {
		return nil
	}
	return s.fail("make the bucket "+o.Bucket, "", s.explain(ctx, err, reading))
}

// OpenURL opens an s3:// URL. The bucket must be there; what lies below it needs
// no making.
func OpenURL(ctx context.Context, u store.URL, _ store.OpenOptions) (store.Store, error) {
	o, err := optionsOf(u)
	if err != nil {
		return nil, err
	}
	s, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func optionsOf(u store.URL) (Options, error) {
	if err := u.CheckQuery("endpoint", "region", "path-style", "profile", "anonymous", "requester-pays", "verify", "absent"); err != nil {
		return Options{}, err
	}
	o := Options{
		Bucket:  u.Host,
		Prefix:  strings.Trim(u.Path, "/"),
		Region:  u.Query.Get("region"),
		Profile: u.Query.Get("profile"),
	}
	if e := u.Query.Get("endpoint"); e != "" {
		for one := range strings.SplitSeq(e, ",") {
			o.Endpoints = append(o.Endpoints, strings.TrimRight(one, "/"))
		}
	}
	flag := func(name string, yes, no *bool) error {
		switch v := u.Query.Get(name); v {
		case "":
		case "true":
			*yes = true
		case "false":
			*no = true
		default:
			return fmt.Errorf("%w: the option %s of %s is true or false, and not %q", store.ErrInvalid, name, u.Root, v)
		}
		return nil
	}
	var ignored bool
	err := errors.Join(
		flag("path-style", &o.PathStyle, &o.HostStyle),
		flag("anonymous", &o.Anonymous, &ignored),
		flag("requester-pays", &o.RequesterPays, &ignored),
	)
	switch v := u.Query.Get("verify"); v {
	case "", "true":
	case "false":
		o.AnyCertificate = true
	default:
		o.CABundle = v
	}
	switch v := u.Query.Get("absent"); v {
	case "", "404":
	case "403":
		o.AbsentForbidden = true
	default:
		err = errors.Join(err, fmt.Errorf("%w: the option absent of %s is 403 or 404, and not %q", store.ErrInvalid, u.Root, v))
	}
	return o, err
}
