package s3store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/dosna/dosna/store"
)

// abandoned is the age at which an upload is taken for one whose writer has died.
var abandoned = 24 * time.Hour

// abandoned returns the uploads of objects whose keys begin with a prefix, of which
// nothing is known to end. A server that has no such list, or may not be asked, has
// none.
func (s *Store) abandoned(ctx context.Context, prefix string) ([]types.MultipartUpload, error) {
	in := &s3.ListMultipartUploadsInput{Bucket: s.bucket(), Prefix: aws.String(s.prefix + prefix), RequestPayer: s.payer()}
	var found []types.MultipartUpload
	for {
		page, err := s.client().ListMultipartUploads(ctx, in)
		if err != nil {
			err = s.explain(ctx, err, reading)
			if _, no := errors.AsType[refused](err); no || errors.Is(err, store.ErrPermission) || errors.Is(err, store.ErrNotExist) {
				return found, nil
			}
			return nil, err
		}
		for _, u := range page.Uploads {
			if u.Initiated != nil && time.Since(*u.Initiated) >= abandoned && u.UploadId != nil {
				found = append(found, u)
			}
		}
		if page.IsTruncated == nil || !*page.IsTruncated || page.NextKeyMarker == nil ||
			aws.ToString(page.NextKeyMarker) <= aws.ToString(in.KeyMarker) && aws.ToString(page.NextUploadIdMarker) == aws.ToString(in.UploadIdMarker) {
			return found, nil
		}
		in.KeyMarker, in.UploadIdMarker = page.NextKeyMarker, page.NextUploadIdMarker
	}
}

// unfinished returns what a listing with Unfinished yields besides objects, in order.
func (s *Store) unfinished(ctx context.Context, o store.ListOptions) ([]store.Info, error) {
	uploads, err := s.abandoned(ctx, o.Prefix)
	if err != nil {
		return nil, err
	}
	var found []store.Info
	for _, u := range uploads {
		key, ok := strings.CutPrefix(aws.ToString(u.Key), s.prefix)
		if !ok || store.CheckKey(key) != nil {
			continue
		}
		folder := key[:strings.LastIndexByte(key, '/')+1]
		if o.Shallow && len(folder) > len(o.Prefix) {
			continue // its folder may be empty, and then is none
		}
		id := sha256.Sum256([]byte(*u.UploadId))
		found = append(found, store.Info{Key: folder + store.TempPrefix + hex.EncodeToString(id[:8]), ModTime: *u.Initiated})
	}
	slices.SortFunc(found, func(a, b store.Info) int { return cmp.Compare(a.Key, b.Key) })
	return found, nil
}

// sweep throws away what writers of an object have left that died long ago.
func (s *Store) sweep(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	uploads, err := s.abandoned(ctx, key)
	if err != nil {
		return // it is for the next writer to do
	}
	for _, u := range uploads {
		if aws.ToString(u.Key) == s.prefix+key {
			(&upload{s: s, key: key, id: u.UploadId}).abort(ctx)
		}
	}
}
