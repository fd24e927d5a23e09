package store

import (
	"context"
	"iter"
	"time"
)

// Store maps keys to objects. All methods are safe for concurrent use. Each
// looks at its context before and during whatever may take long and then
// returns an error that wraps the context's; none keeps a caller's buffer after
// it returned; none changes anything when its name does not say so: a read
// never writes. After Close all fail with [ErrClosed].
type Store interface {
	// Get appends the object, or the part of it that o.Range names, to dst
	// and returns the extended slice; it allocates once, exactly, when dst
	// has too little room, so callers that read again and again pass
	// buf[:0]. The Info is of the whole object, and its Version is that of
	// the bytes returned. On an error the slice returned is dst as it was
	// given, though the room beyond its length may have been written to.
	//
	// An absent key is ErrNotExist, whatever the condition; one that is a folder's
	// is that too, or ErrCorrupt in stores that cannot have both, where a reader of
	// objects is not to take it for one that is missing. A range beginning
	// beyond the object's end is an io.ErrUnexpectedEOF; one that merely
	// reaches beyond is cut.
	Get(ctx context.Context, key string, o GetOptions, dst []byte) ([]byte, Info, error)

	// Stat tells what Get would, without the bytes. A folder is ErrNotExist.
	Stat(ctx context.Context, key string) (Info, error)

	// Put makes the concatenation of parts the object under key, atomically,
	// and returns its version; parts may be nil for an empty object. On
	// ErrUnknownOutcome the object may or may not have been replaced, on any
	// other error it has not been.
	Put(ctx context.Context, key string, parts [][]byte, c Cond) (Version, error)

	// Delete removes the object. Removing what is absent succeeds, unless
	// c.IfMatch asks for a version, which then is ErrConflict. A key that
	// names a folder is absent.
	Delete(ctx context.Context, key string, c Cond) error

	// List yields the objects whose keys begin with o.Prefix, in byte order
	// of the keys where Guarantees().ListSorted, each once. Objects put or
	// deleted meanwhile may or may not be among them. After an error, which
	// comes with a zero Info, nothing follows. A prefix under which there is
	// nothing yields nothing. The loop body may use the store.
	List(ctx context.Context, o ListOptions) iter.Seq2[Info, error]

	// Guarantees says what may be relied on. It does no I/O, and the answer
	// does not change.
	Guarantees() Guarantees

	// Close frees what the store holds. It does not Sync. Closing again is
	// harmless.
	Close() error
}

// Version names one state of the object under one key: as long as a key
// exists, equal versions mean identical bytes. It is opaque, is never compared
// across keys or stores, and "" means that none is known.
type Version string

// Info describes an object, or, in a shallow listing, a folder.
type Info struct {
	Key     string    // of a folder: its prefix, ending in "/"
	Size    int64     // of the whole object; 0 for a folder
	Version Version   // may be "" in listings, and is for folders
	ModTime time.Time // when the object was put; zero where not known
	Dir     bool      // a folder: only in listings with Shallow
}

// Range is a run of an object's bytes. The zero Range is the whole object.
type Range struct {
	Off int64 // negative: counted from the end; beyond the beginning it means the beginning
	Len int64 // 0: to the end; never negative
}

// Cond makes an operation conditional; the zero Cond always holds. A
// combination that makes no sense for an operation (IfAbsent to Get,
// IfNoneMatch to Put, IfAbsent with IfMatch) is an [ErrInvalid].
type Cond struct {
	IfMatch     Version // the object must exist in this version, else ErrConflict (Get of an absent key: ErrNotExist)
	IfNoneMatch Version // Get: an object still in this version is ErrNotModified
	IfAbsent    bool    // Put: an object that exists is ErrExist
}

// GetOptions modifies Get; the zero value reads the whole object.
type GetOptions struct {
	Range Range
	Cond  Cond
	Max   int64 // most bytes to return; more is ErrTooLarge, and none are read; 0: no bound
}

// ListOptions modifies List; the zero value yields every object.
type ListOptions struct {
	Prefix  string // "" or a folder's prefix, ending in "/"
	After   string // only entries whose Key is greater, byte by byte, are yielded
	Shallow bool   // yield the objects directly in the folder, and its folders as Dir entries instead of what they hold

	// Unfinished says that what writers have left which died is to be yielded
	// as well, under keys whose last segments begin with TempPrefix. They are no
	// objects. A store that never has any, or cannot tell, yields none.
	Unfinished bool
}

// Guarantees are promises; the zero value promises nothing. Promises about
// conditions hold among all users of what is stored who write through this
// project, in other processes too if Shared.
type Guarantees struct {
	PutIfAbsent   bool  // of several Puts with IfAbsent exactly one succeeds
	PutIfMatch    bool  // a Put with IfMatch never replaces another version
	DeleteIfMatch bool  // a Delete with IfMatch never removes another version
	GetIfMatch    bool  // reads with IfMatch never return bytes of another version
	Shared        bool  // other processes see the same objects, at once
	ListSorted    bool  // List yields in byte order of the keys
	ReadOnly      bool  // the kind of store has no way to change anything: that is ErrPermission
	Remote        bool  // operations wait for a network rather than for this machine: many at a time take little longer than one
	Concurrency   int   // operations at a time worth having under way; 0: not known
	MaxObject     int64 // most bytes in an object; 0: no bound known
}
