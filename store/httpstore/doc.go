// Package httpstore reads objects from web servers, by the HTTP semantics of
// RFC 9110.
//
// # URLs
//
// http://HOST/PATH and https://HOST/PATH: the object under a key has the URL
// with a slash, the key, percent-encoded, and the URL's query behind it. The
// query belongs to the server and is sent with every request; messages leave it
// out, since it may be a signature. Names and passwords in URLs are refused. The
// usual variables (HTTPS_PROXY, NO_PROXY, …) name a proxy.
//
// Up to ten redirects are followed, but never from https to http. One that merely
// adds a slash is how servers of files answer for a directory: the key is a
// folder, and absent.
//
// # Keys
//
// Any valid key. Web servers offer no listing: List is errors.ErrUnsupported.
// What needs none works: opening nodes by their path, reading them, and the
// children of groups whose metadata is consolidated.
//
// # Guarantees
//
// The store is read-only: what would change it is ErrPermission.
//
// The version of an object is its entity tag, if that is strong. Without one it
// is the date of its last change with its size, where that is a strong validator
// too: a minute older, at least, than the answer it came with. Else objects have
// no version. Reads with IfMatch never return another version, whether or not the
// server heeds conditions, so far as the server's own tags tell versions apart.
//
// Byte ranges are asked for and answers held against what was asked. A server that
// knows no ranges sends the whole object, of which no more is read than is needed;
// of one that does not tell its length either, at most 256 MiB are read. Objects
// are read as they are stored, never through a transport encoding such as gzip;
// a server that insists on one is an error.
//
// # Errors
//
// 404 and 410 are ErrNotExist; 401 and 403 ErrPermission (S3 answers 403 for what
// is absent to those who may not list); 412 is ErrConflict, 304 ErrNotModified. 408, 425,
// 429, 5xx except 501 and 505, connections that cannot be made or break off, and
// servers that send nothing for a minute are ErrTemporary; a server that could never be connected to is
// not there, rather than away for a while, and that is none. Where such an answer
// says when to come again (Retry-After), later requests of the same Store wait for
// that time if it is half a minute at most, and fail at once if it is more. An
// answer that contradicts itself, or is of other bytes than were asked for, is an
// error that says so.
package httpstore
