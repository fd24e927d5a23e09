package s3store

import (
	"context"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dosna/dosna/store"
)

// List implements store.Store, a page of a thousand at a time.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := s.list(ctx, o, func(i store.Info) bool { return yield(i, nil) }); err != nil {
			yield(store.Info{}, s.fail("list", o.Prefix, err))
		}
	}
}

func (s *Store) list(ctx context.Context, o store.ListOptions, yield func(store.Info) bool) error {
	if err := s.checkPrefix(o.Prefix); err != nil {
		return err
	}
	in := &s3.ListObjectsV2Input{Bucket: s.bucket(), Prefix: aws.String(s.prefix + o.Prefix), RequestPayer: s.payer()}
	if o.Shallow {
		in.Delimiter = aws.String("/")
	}
	if o.After != "" {
		in.StartAfter = aws.String(s.prefix + o.After)
	}
	var unfinished []store.Info
	if o.Unfinished {
		if err := s.ready(ctx); err != nil {
			return err
		}
		var err error
		if unfinished, err = s.unfinished(ctx, o); err != nil {
			return err
		}
	}
	// pass yields what is unfinished up to a key.
	pass := func(key string) bool {
		for len(unfinished) > 0 && (key == "" || unfinished[0].Key < key) {
			i := unfinished[0]
			unfinished = unfinished[1:]
			if i.Key > o.After && !yield(i) {
				return false
			}
		}
		return true
	}
	for {
		if err := s.ready(ctx); err != nil {
			return err
		}
		page, err := s.client().ListObjectsV2(ctx, in)
		if err != nil {
			return s.explain(ctx, err, reading)
		}
		for i := range s.entries(page) {
			if i.Key > o.After && !(pass(i.Key) && yield(i)) {
				return nil
			}
		}
		switch {
		case page.IsTruncated == nil || !*page.IsTruncated:
			pass("")
			return nil
		case page.NextContinuationToken == nil || in.ContinuationToken != nil && *in.ContinuationToken == *page.NextContinuationToken:
			return refused("the server says that its listing goes on, and not how")
		}
		in.ContinuationToken = page.NextContinuationToken
	}
}

// entries yields the objects and folders of a page in the order of their keys.
// What has a key that is none of this project's is left out.
func (s *Store) entries(page *s3.ListObjectsV2Output) iter.Seq[store.Info] {
	return func(yield func(store.Info) bool) {
		objects, folders := page.Contents, page.CommonPrefixes
		for len(objects) > 0 || len(folders) > 0 {
			var i store.Info
			if len(folders) == 0 || len(objects) > 0 && aws.ToString(objects[0].Key) < aws.ToString(folders[0].Prefix) {
				object := objects[0]
				objects = objects[1:]
				key, ok := strings.CutPrefix(aws.ToString(object.Key), s.prefix)
				if !ok || s.check(key) != nil {
					continue
				}
				i = info(key, aws.ToInt64(object.Size), object.ETag, object.LastModified)
			} else {
				key, ok := strings.CutPrefix(aws.ToString(folders[0].Prefix), s.prefix)
				folders = folders[1:]
				if !ok || key == "" || s.checkPrefix(key) != nil {
					continue
				}
				i = store.Info{Key: key, Dir: true}
			}
			if !yield(i) {
				return
			}
		}
	}
}
