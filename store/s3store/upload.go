package s3store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/store"
)

const (
	wholeMost = 64 << 20 // bytes of an object that one request writes
	partSize  = 16 << 20
	mostParts = 10_000 // of an object
	uploads   = 4      // parts of an object under way
)

// upload is an object being written in parts. Nobody sees it before it is complete.
type upload struct {
	s         *Store
	key       string
	id        *string
	signature string
}

func (s *Store) upload(ctx context.Context, key string, c store.Cond) (*upload, error) {
	by := signature(c)
	in := &s3.CreateMultipartUploadInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer(), Metadata: metadata(by)}
	out, err := s.client().CreateMultipartUpload(ctx, in, stubborn)
	if err != nil {
		return nil, s.explain(ctx, err, reading) // nothing is there yet that could be seen
	}
	return &upload{s, key, out.UploadId, by}, nil
}

// all writes a whole object, several parts at a time.
func (u *upload) all(ctx context.Context, body *partsReader, c store.Cond, how conditions) (store.Version, error) {
	size := max(int64(partSize), (body.size+mostParts-1)/mostParts)
	done := make([]types.CompletedPart, (body.size+size-1)/size)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(uploads)
	for i := range done {
		g.Go(func() (err error) {
			off := int64(i) * size
			done[i], err = u.part(gctx, i+1, body.section(off, min(size, body.size-off)))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		u.abort(ctx)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", err
	}
	return u.complete(ctx, done, c, how)
}

// part writes one of the parts, which are numbered from 1.
func (u *upload) part(ctx context.Context, number int, body *partsReader) (types.CompletedPart, error) {
	n := aws.Int32(int32(number))
	out, err := u.s.client().UploadPart(ctx, &s3.UploadPartInput{
		Bucket: u.s.bucket(), Key: u.s.key(u.key), UploadId: u.id, PartNumber: n, Body: body, ContentLength: aws.Int64(body.size), RequestPayer: u.s.payer(),
	}, stubborn)
	if err != nil {
		return types.CompletedPart{}, u.s.explain(ctx, err, reading) // a part is no object
	}
	return types.CompletedPart{ETag: out.ETag, PartNumber: n}, nil
}

// complete makes the parts the object, if the condition holds.
func (u *upload) complete(ctx context.Context, done []types.CompletedPart, c store.Cond, how conditions) (store.Version, error) {
	in := &s3.CompleteMultipartUploadInput{
		Bucket: u.s.bucket(), Key: u.s.key(u.key), UploadId: u.id, RequestPayer: u.s.payer(),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	}
	in.IfMatch, in.IfNoneMatch = how.headers(c)
	out, err := u.s.client().CompleteMultipartUpload(ctx, in)
	if err != nil {
		u.abort(ctx)
		return u.s.settle(ctx, u.key, u.signature, u.s.explain(ctx, err, intentOf(c)))
	}
	u.s.sweep(ctx, u.key)
	return u.s.written(ctx, u.key, out.ETag)
}

// stubborn has a request sent again that may be carried out any number of times. Parts are, because
// a whole object of many would have to be sent again otherwise.
func stubborn(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 15, 5*time.Second })
}

// abort throws the parts away, even if ctx is done.
func (u *upload) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, _ = u.s.client().AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: u.s.bucket(), Key: u.s.key(u.key), UploadId: u.id, RequestPayer: u.s.payer()})
}

// OpenWriter implements store.Streamer: parts go to the server as they are full.
func (s *Store) OpenWriter(ctx context.Context, key string, c store.Cond) (store.Writer, error) {
	w := &writer{s: s, ctx: ctx, key: key, cond: c}
	err := s.check(key)
	if err == nil {
		err = c.CheckPut()
	}
	if err == nil {
		err = s.ready(ctx)
	}
	if err == nil {
		w.how, err = s.conditions(ctx, c)
	}
	if err != nil {
		return nil, s.fail("write", key, err)
	}
	return w, nil
}

// writer gathers parts, and has one under way while the next is gathered.
type writer struct {
	s    *Store
	ctx  context.Context
	key  string
	cond store.Cond
	how  conditions

	buf     []byte // what is not yet under way
	spare   []byte // of the part that was sent before
	up      *upload
	done    []types.CompletedPart
	sending chan error // of the part under way; nil if there is none
	sent    types.CompletedPart
	err     error // why nothing more can be done
}

// room is the size of the next part: it grows, so that ten thousand are enough for
// the largest objects.
func (w *writer) room() int { return partSize << (len(w.done) / 1500) }

func (w *writer) Write(p []byte) (int, error) {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	written := 0
	for w.err == nil && len(p) > 0 {
		n := min(w.room()-len(w.buf), len(p))
		w.buf = append(w.buf, p[:n]...)
		written += n
		p = p[n:]
		if len(w.buf) == w.room() {
			w.err = w.send()
		}
	}
	if w.err != nil {
		return written, w.s.fail("write", w.key, w.err)
	}
	return written, nil
}

// send has what was gathered sent, when the part before has arrived.
func (w *writer) send() error {
	if err := w.wait(); err != nil {
		return err
	}
	if w.up == nil {
		var err error
		if w.up, err = w.s.upload(w.ctx, w.key, w.cond); err != nil {
			return err
		}
	}
	if len(w.done) == mostParts {
		return fmt.Errorf("%w: more than %d parts", store.ErrTooLarge, mostParts)
	}
	body, number := w.buf, len(w.done)+1
	w.buf, w.spare = w.spare[:0], body
	result := make(chan error, 1)
	w.sending = result
	go func() {
		var err error
		w.sent, err = w.up.part(w.ctx, number, newPartsReader([][]byte{body}))
		result <- err
	}()
	return nil
}

// wait waits for the part under way.
func (w *writer) wait() error {
	if w.sending == nil {
		return nil
	}
	err := <-w.sending
	w.sending = nil
	if err == nil {
		w.done = append(w.done, w.sent)
	}
	return err
}

func (w *writer) Commit() (store.Version, error) {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	var v store.Version
	if w.err == nil {
		v, w.err = w.commit()
	}
	if w.err != nil {
		err := w.s.fail("write", w.key, w.err)
		return "", err
	}
	w.err = store.ErrClosed
	w.up, w.buf, w.spare = nil, nil, nil
	return v, nil
}

func (w *writer) commit() (store.Version, error) {
	if w.up == nil {
		return w.s.putWhole(w.ctx, w.key, newPartsReader([][]byte{w.buf}), w.cond, w.how, signature(w.cond))
	}
	if len(w.buf) > 0 {
		if err := w.send(); err != nil {
			return "", err
		}
	}
	if err := w.wait(); err != nil {
		return "", err
	}
	up := w.up
	w.up = nil // complete aborts it if it fails
	return up.complete(w.ctx, w.done, w.cond, w.how)
}

func (w *writer) Close() error {
	_ = w.wait() // nothing of it is kept
	if w.up != nil {
		w.up.abort(w.ctx)
	}
	w.up, w.buf, w.spare, w.err = nil, nil, nil, store.ErrClosed
	return nil
}
