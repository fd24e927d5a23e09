// Package s3store keeps objects in a bucket of Amazon S3 or of a server that speaks
// its protocol (Ceph's gateway, MinIO, versitygw; Google's and others' clouds
// through their S3 interface), by the Amazon S3 API Reference of 2006-03-01.
//
// # URLs
//
// s3://BUCKET/PREFIX, and options behind a question mark:
//
//	endpoint=URL[,URL…]  the server, instead of Amazon's; requests are spread over several. Without it,
//	                     AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the AWS configuration may name one
//	region=NAME          else that of the AWS configuration, else us-east-1
//	path-style=true      the bucket in the path, not in the host's name; the default with an endpoint
//	profile=NAME         of the AWS configuration
//	anonymous=true       requests are not signed
//	requester-pays=true  the requests' costs are the caller's
//	verify=false         any certificate will do; or verify=FILE, a bundle of CA certificates
//	absent=403           the server answers 403 for objects that are not there (S3 does to
//	                     those who may not list the bucket)
//
// Credentials come from where Amazon's own tools take them: the environment
// (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE), ~/.aws/config and
// ~/.aws/credentials, a process, single sign-on, or the machine's role. Those that
// expire are fetched anew while the program runs.
//
// # Keys
//
// The object under a key is PREFIX/KEY in the bucket. Objects in the bucket whose
// keys are not of the form that package store demands are passed over by List.
//
// # Guarantees
//
// The version of an object is its entity tag. It is never taken for a checksum.
// Conditions are those of the protocol (If-Match, If-None-Match). Amazon's S3 keeps them; whether
// another server does is found out before the first write with one of each kind, by several
// writers racing for an object below the prefix; where two of them win
// such writes are refused, with an error that says so. Conditional removal is
// promised for Amazon's own S3 alone, because widespread servers ignore its
// condition. Such writes carry the user metadata dosna-write, a random text: if no answer comes,
// the object tells whether the write was done.
//
// Objects larger than 64 MiB are written in parts, several at a time, and appear
// when all are there; so do objects that are written as a stream. The largest are
// 5 TiB.
//
// No checksums of Amazon's newer kinds are sent unless a request needs one: some
// servers answer 400 to them. Bodies are signed over http, and over https left to
// TLS. Whoever wants what is stored to be checked end to end puts a checksum into
// it, as datasets do.
//
// # Errors
//
// 404 with NoSuchKey is ErrNotExist, and a bucket that is not there another error; 403 is
// ErrPermission; 412 is ErrConflict or ErrExist, as is 409, or 404, to If-Match. 408, 429, 500, 502, 503, 504,
// connections that cannot be made or break off, and servers that send nothing for a minute
// are ErrTemporary; for a write whose reply was lost, ErrUnknownOutcome too. Servers of
// which none has answered since the store was opened are not waited for. One of several
// that cannot be connected to is left out for ten seconds.
package s3store
