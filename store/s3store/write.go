package s3store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/dosna/dosna/store"
)

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	v, err := s.put(ctx, key, parts, c)
	if err != nil {
		return "", s.fail("put", key, err)
	}
	return v, nil
}

func (s *Store) put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	if err := s.check(key); err != nil {
		return "", err
	}
	if err := c.CheckPut(); err != nil {
		return "", err
	}
	if err := s.ready(ctx); err != nil {
		return "", err
	}
	how, err := s.conditions(ctx, c)
	if err != nil {
		return "", err
	}
	body := newPartsReader(parts)
	if body.size > wholeMost {
		u, err := s.upload(ctx, key, c)
		if err != nil {
			return "", err
		}
		return u.all(ctx, body, c, how)
	}
	return s.putWhole(ctx, key, body, c, how, signature(c))
}

// signed is the user metadata that says who wrote an object under a condition, so that a
// writer who got no answer can tell whether it was done.
const signed = "dosna-write"

// signature returns what one such write is signed with, "" if it need not be.
func signature(c store.Cond) string {
	if c == (store.Cond{}) {
		return ""
	}
	return rand.Text()
}

func metadata(signature string) map[string]string {
	if signature == "" {
		return nil
	}
	return map[string]string{signed: signature}
}

// settle answers a signed write that failed with err: if its outcome is not known and
// what is stored has its signature, it was done.
func (s *Store) settle(ctx context.Context, key, signature string, err error) (store.Version, error) {
	if signature == "" || !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil {
		return "", err
	}
	out, no := s.client().HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()}, stubborn)
	if no != nil {
		return "", err
	}
	if v := info(key, 0, out.ETag, nil).Version; out.Metadata[signed] == signature && v != "" {
		return v, nil
	}
	return "", err
}

// putWhole writes an object with one request.
func (s *Store) putWhole(ctx context.Context, key string, body *partsReader, c store.Cond, how conditions, signature string) (store.Version, error) {
	in := &s3.PutObjectInput{Bucket: s.bucket(), Key: s.key(key), Body: body, ContentLength: aws.Int64(body.size), RequestPayer: s.payer(), Metadata: metadata(signature)}
	in.IfMatch, in.IfNoneMatch = how.headers(c)
	out, err := s.client().PutObject(ctx, in)
	if err = s.explain(ctx, err, intentOf(c)); errors.Is(err, errDirectory) {
		err = s.folder(ctx, key)
	}
	if err != nil {
		return s.settle(ctx, key, signature, err)
	}
	return s.written(ctx, key, out.ETag)
}

// written returns the version of an object that was just stored. A server that
// does not tell is asked; whoever changed it meanwhile then has the version.
func (s *Store) written(ctx context.Context, key string, tag *string) (store.Version, error) {
	if v := info(key, 0, tag, nil).Version; v != "" {
		return v, nil
	}
	i, err := s.stat(ctx, key)
	if err != nil {
		return "", fmt.Errorf("%w: it was stored, but not read again: %w", store.ErrUnknownOutcome, err)
	}
	return i.Version, nil
}

func intentOf(c store.Cond) intent {
	switch {
	case c.IfAbsent:
		return creating
	case c.IfMatch != "":
		return changing
	}
	return writing
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, key string, c store.Cond) error {
	if err := s.delete(ctx, key, c); err != nil {
		return s.fail("delete", key, err)
	}
	return nil
}

func (s *Store) delete(ctx context.Context, key string, c store.Cond) error {
	if err := s.check(key); err != nil {
		return err
	}
	if err := c.CheckDelete(); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	in := &s3.DeleteObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()}
	if c.IfMatch != "" {
		how, err := s.removes(ctx, c)
		if err != nil {
			return err
		}
		in.IfMatch, _ = how.headers(c)
	}
	_, err := s.client().DeleteObject(ctx, in)
	err = s.explain(ctx, err, intentOf(c))
	if errors.Is(err, store.ErrNotExist) {
		return nil
	}
	return err
}

// mostDeleted is how many objects one request can remove.
const mostDeleted = 1000

// DeleteAll implements store.BulkDeleter.
func (s *Store) DeleteAll(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := s.check(key); err != nil {
			return s.fail("delete", key, err)
		}
	}
	for len(keys) > 0 {
		if err := s.ready(ctx); err != nil {
			return s.fail("delete", "", err)
		}
		some := keys[:min(len(keys), mostDeleted)]
		keys = keys[len(some):]
		objects := make([]types.ObjectIdentifier, len(some))
		for i, key := range some {
			objects[i].Key = s.key(key)
		}
		in := &s3.DeleteObjectsInput{Bucket: s.bucket(), RequestPayer: s.payer(), Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)}}
		out, err := s.client().DeleteObjects(ctx, in, withMD5)
		if err != nil {
			var answer *smithyhttp.ResponseError
			if errors.As(err, &answer) && answer.Response != nil && (answer.HTTPStatusCode() == http.StatusNotImplemented || answer.HTTPStatusCode() == http.StatusMethodNotAllowed) {
				return errors.ErrUnsupported // those who ask then remove one after the other
			}
			return s.fail("delete", "", s.explain(ctx, err, writing))
		}
		for _, e := range out.Errors {
			code := aws.ToString(e.Code)
			if code == "NoSuchKey" {
				continue
			}
			key := strings.TrimPrefix(aws.ToString(e.Key), s.prefix)
			text := fmt.Sprintf("the server answered %.80s: %.300s", code, aws.ToString(e.Message))
			switch code {
			case "AccessDenied":
				err = fmt.Errorf("%w: %s", store.ErrPermission, text)
			case "InternalError", "SlowDown", "ServiceUnavailable":
				err = fmt.Errorf("%w: %s", store.ErrTemporary, text)
			default:
				err = refused(text)
			}
			return s.fail("delete", key, err)
		}
	}
	return nil
}

// withMD5 sends the checksum of the body that older servers want.
func withMD5(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, smithyhttp.AddContentChecksumMiddleware)
}

// DeletePrefix is errors.ErrUnsupported: what is to go has to be listed.
func (s *Store) DeletePrefix(context.Context, string) error { return errors.ErrUnsupported }

// mostCopied is the size of objects that one request can copy.
const mostCopied = 5 << 30

// Copy implements store.Copier. With a condition, or for objects larger than 5 GiB,
// it is errors.ErrUnsupported.
func (s *Store) Copy(ctx context.Context, from, to string, c store.Cond) (store.Version, error) {
	if c != (store.Cond{}) {
		return "", errors.ErrUnsupported
	}
	v, err := s.copy(ctx, from, to)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		err = s.fail(fmt.Sprintf("copy to %q", to), from, err)
	}
	return v, err
}

func (s *Store) copy(ctx context.Context, from, to string) (store.Version, error) {
	for _, key := range []string{from, to} {
		if err := s.check(key); err != nil {
			return "", err
		}
	}
	if err := s.ready(ctx); err != nil {
		return "", err
	}
	i, err := s.stat(ctx, from)
	if err != nil {
		return "", err
	}
	if i.Size > mostCopied || from == to {
		return "", errors.ErrUnsupported
	}
	source := s.o.Bucket + "/" + (&url.URL{Path: s.prefix + from}).EscapedPath()
	in := &s3.CopyObjectInput{Bucket: s.bucket(), Key: s.key(to), CopySource: &source, RequestPayer: s.payer()}
	if i.Version != "" {
		in.CopySourceIfMatch = aws.String(string(i.Version))
	}
	out, err := s.client().CopyObject(ctx, in)
	if err != nil {
		err = s.explain(ctx, err, writing)
		if errors.Is(err, store.ErrConflict) { // it was replaced between the two requests
			err = fmt.Errorf("%w: what is copied has just been replaced", store.ErrTemporary)
		}
		return "", err
	}
	var tag *string
	if out.CopyObjectResult != nil {
		tag = out.CopyObjectResult.ETag
	}
	return s.written(ctx, to, tag)
}

// partsReader reads the concatenation of parts, from anywhere.
type partsReader struct {
	parts [][]byte
	size  int64
	pos   int64
	i     int   // parts[i] holds pos
	begin int64 // where parts[i] begins
}

func newPartsReader(parts [][]byte) *partsReader {
	r := &partsReader{parts: parts}
	for _, p := range parts {
		r.size += int64(len(p))
	}
	return r
}

func (r *partsReader) Read(p []byte) (int, error) {
	for r.i < len(r.parts) && r.pos-r.begin >= int64(len(r.parts[r.i])) {
		r.begin += int64(len(r.parts[r.i]))
		r.i++
	}
	if r.i == len(r.parts) {
		return 0, io.EOF
	}
	n := copy(p, r.parts[r.i][r.pos-r.begin:])
	r.pos += int64(n)
	return n, nil
}

func (r *partsReader) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += r.pos
	case io.SeekEnd:
		off += r.size
	}
	if off < 0 {
		return r.pos, fmt.Errorf("%w: seek to %d", store.ErrInvalid, off)
	}
	r.pos, r.i, r.begin = off, 0, 0
	return off, nil
}

// section returns a reader of n bytes from off, which shares the parts.
func (r *partsReader) section(off, n int64) *partsReader {
	var parts [][]byte
	at := int64(0)
	for _, p := range r.parts {
		from, to := max(off-at, 0), min(off+n-at, int64(len(p)))
		if from < to {
			parts = append(parts, p[from:to])
		}
		at += int64(len(p))
	}
	return newPartsReader(parts)
}
