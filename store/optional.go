package store

import (
	"context"
	"io"
	"iter"

	"github.com/dosna/dosna/nd"
)

// The interfaces below are what a store may offer beyond [Store]. Callers do
// not ask for them: they call the package function of the same name, which
// uses the method where there is one and does the same by other means where
// there is none. A method may return errors.ErrUnsupported, having done
// nothing, which means "as if absent"; so a layer has them all, and passes on
// what the store below answers.

// RangeGetter reads several ranges of one object at once. See [GetRanges].
type RangeGetter interface {
	GetRanges(ctx context.Context, key string, c Cond, spans []nd.Span) (Info, error)
}

// Streamer reads and writes objects that should not be held in memory whole.
// See [OpenReader] and [OpenWriter].
type Streamer interface {
	OpenReader(ctx context.Context, key string, o GetOptions) (io.ReadCloser, Info, error)
	OpenWriter(ctx context.Context, key string, c Cond) (Writer, error)
}

// Writer is an object being written. Nothing is visible before Commit, and
// one of Commit and Close must be called. It is not safe for concurrent use.
type Writer interface {
	io.Writer

	// Commit makes what was written the object, as Put would, and closes
	// the writer. It fails if an earlier Write did.
	Commit() (Version, error)

	// Close throws away what was not committed. After Commit it does
	// nothing, so that it can be deferred.
	Close() error
}

// Syncer makes earlier Puts and Deletes survive a loss of power. See [Sync].
type Syncer interface {
	Sync(ctx context.Context) error
}

// BulkDeleter removes many objects at once. See [DeleteAll] and
// [DeletePrefix].
type BulkDeleter interface {
	DeleteAll(ctx context.Context, keys []string) error
	DeletePrefix(ctx context.Context, prefix string) error
}

// Copier copies within the store without the bytes passing through the
// caller. Within a folder, what has been deleted is not copied any more, however
// long ago Copy was called. See [Copy].
type Copier interface {
	Copy(ctx context.Context, from, to string, c Cond) (Version, error)
}

// Renamer moves a folder at once. See [Rename].
type Renamer interface {
	Rename(ctx context.Context, from, to string) error
}

// Locator tells where the bytes of its objects lie, if these are parts of others. See
// [Locate].
type Locator interface {
	Locate(ctx context.Context, prefix string) iter.Seq2[Location, error]
}
