package s3store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/dosna/dosna/store"
)

// intent is what a request was to do, on which depends what an error means.
type intent int

const (
	reading  intent = iota
	writing         // without a condition, so that it may be done twice
	creating        // if absent
	changing        // if in a version
)

// explain makes of what the SDK returns an error of package store.
func (s *Store) explain(ctx context.Context, err error, what intent) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		if what == reading || notSent(err) {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, ctx.Err())
	}
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.HTTPStatusCode() < 300 {
		return s.unanswered(err, what)
	}
	code, message := "", ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	status := answer.HTTPStatusCode()
	text := fmt.Sprintf("the server answered %d", status)
	if code == "" || code == http.StatusText(status) {
		text += " " + http.StatusText(status)
	} else {
		text += fmt.Sprintf(" %.80s", code)
	}
	if message != "" && message != code && message != http.StatusText(status) {
		text += fmt.Sprintf(": %.300s", message)
	}
	switch code {
	case "NoSuchBucket":
		return errNoBucket(s.o.Bucket)
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
		s.refresh()
		return fmt.Errorf("%w: %s", store.ErrTemporary, text)
	case "SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests", "RequestTimeTooSkewed":
		return fmt.Errorf("%w: %s", store.ErrTemporary, text)
	case "EntityTooLarge":
		return fmt.Errorf("%w: %s", store.ErrTooLarge, text)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fmt.Errorf("%w: %s; the keys come from the environment, ~/.aws/credentials or the option profile", store.ErrPermission, text)
	case "UnknownError":
		// Ceph's gateway, of a writer with a condition that lost a race.
		switch what {
		case changing:
			return store.ErrConflict
		case creating:
			return fmt.Errorf("%w: %s", store.ErrTemporary, text)
		}
	case "ObjectParentIsFile": // versitygw, whose objects are files
		if what == changing {
			return store.ErrConflict
		}
		return fmt.Errorf("%w: %s", store.ErrExist, text)
	case "ExistingObjectIsDirectory": // which it says, too, when an object is removed at the same time
		return errDirectory
	case "NotImplemented":
		return refused(text)
	}
	switch status {
	case http.StatusNotModified:
		return store.ErrNotModified
	case http.StatusNotFound:
		if what == changing {
			return store.ErrConflict
		}
		if code == "NoSuchUpload" {
			return fmt.Errorf("%w: %s", store.ErrTemporary, text)
		}
		return s.absent(ctx, code)
	case http.StatusUnauthorized, http.StatusForbidden:
		if what == reading && s.o.AbsentForbidden && (code == "AccessDenied" || code == "Forbidden" || code == "") {
			return store.ErrNotExist
		}
		return fmt.Errorf("%w: %s", store.ErrPermission, text)
	case http.StatusPreconditionFailed:
		if what == creating {
			return store.ErrExist
		}
		return store.ErrConflict
	case http.StatusConflict:
		switch what {
		case changing:
			return store.ErrConflict
		case creating: // somebody else is at it, and may yet fail
			return fmt.Errorf("%w: %s", store.ErrTemporary, text)
		}
		return refused(text)
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusFound:
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
			text += fmt.Sprintf("; the bucket is in the region %.40s: give it as the option region", region)
		}
		return refused(text)
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return fmt.Errorf("%w: %s", store.ErrTemporary, text)
	}
	if status >= 500 {
		return lost(text, what)
	}
	return refused(text)
}

var errDirectory = fmt.Errorf("%w: objects lie in the folder of that name", store.ErrExist)

// folder returns errDirectory if there is a folder of a key's name, and otherwise that
// another attempt is worth while.
func (s *Store) folder(ctx context.Context, key string) error {
	for _, err := range s.List(ctx, store.ListOptions{Prefix: key + "/", Shallow: true}) {
		if err != nil {
			return err
		}
		return errDirectory
	}
	return fmt.Errorf("%w: the server took the object for a folder", store.ErrTemporary)
}

// refused is an answer that means nothing else that callers tell apart.
type refused string

func (r refused) Error() string { return string(r) }

func errNoBucket(bucket string) error {
	return refused(fmt.Sprintf("there is no bucket %q; dosna init makes it", bucket))
}

// lost is a request that may have been carried out, and can be sent again.
func lost(text string, what intent) error {
	if what == reading {
		return fmt.Errorf("%w: %s", store.ErrTemporary, text)
	}
	return fmt.Errorf("%w, %w: %s", store.ErrUnknownOutcome, store.ErrTemporary, text)
}

// absent is a 404. Where it does not say whether the object or the bucket is
// missing, the server is asked, once.
func (s *Store) absent(ctx context.Context, code string) error {
	if code == "NoSuchKey" || s.bucketSeen.Load() {
		return store.ErrNotExist
	}
	_, err := s.client().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: s.bucket()})
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.HTTPStatusCode() == http.StatusNotFound {
		return errNoBucket(s.o.Bucket)
	}
	if err == nil || errors.As(err, &answer) && answer.Response != nil && answer.HTTPStatusCode() == http.StatusForbidden {
		s.bucketSeen.Store(true)
		return store.ErrNotExist
	}
	return s.explain(ctx, err, reading)
}

// unanswered is a request to which there was no answer, or half of one. Servers of which
// none has ever answered are not there, rather than away for a while; those that
// have answered are waited for.
func (s *Store) unanswered(err error, what intent) error {
	reason := cause(err)
	var missing *aws.MissingRegionError
	switch {
	case errors.As(err, &missing):
		return refused("no region is known: give the option region")
	case forGood(err):
		if _, no := errors.AsType[*tls.CertificateVerificationError](err); no {
			reason += "; a file of certificates that vouch for the server can be given as verify=FILE"
		}
		return refused("no answer: " + reason)
	case notSent(err) && !s.reached.Load() && !s.untried():
		return refused("no answer: " + reason)
	case notSent(err):
		return fmt.Errorf("%w: no answer: %s", store.ErrTemporary, reason)
	}
	if strings.Contains(reason, "get credentials") || strings.Contains(reason, "refresh cached credentials") {
		return fmt.Errorf("%w: the request was not sent: %s", store.ErrPermission, reason)
	}
	return lost("no answer: "+reason, what)
}

// cause is the innermost text of an error of the SDK, which wraps it often.
func cause(err error) string {
	var op *smithy.OperationError
	if errors.As(err, &op) {
		err = op.Err
	}
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) {
		err = send.Err
	}
	return fmt.Sprintf("%.400s", err.Error())
}

// notSent reports whether a request cannot have reached the server.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || forGood(err)
}

// forGood reports whether trying again is no use.
func forGood(err error) bool {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var host x509.HostnameError
	switch {
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &host):
		return true
	}
	return false
}
