package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/dosna/dosna/store"
)

// Store is a directory opened as a store.
type Store struct {
	path       string // absolute
	dev        uint64 // of the root's file system
	guarantees store.Guarantees
	dirty      dirty

	mu     sync.RWMutex // held for reading while root is used
	root   dir
	closed bool
}

// Open opens a directory; an empty path is an error. Of the options it heeds
// Create; ReadOnly is for what errors say.
func Open(path string, o store.OpenOptions) (*Store, error) {
	s, err := open(path, o)
	if err != nil {
		return nil, &store.Error{Op: "open", Store: path, Err: err}
	}
	return s, nil
}

func open(path string, o store.OpenOptions) (*Store, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: the path is empty", store.ErrInvalid)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	made := false
	root, err := openRoot(path)
	if errors.Is(err, os.ErrNotExist) {
		if o.ReadOnly {
			return nil, fmt.Errorf("%w: there is no such file or directory", store.ErrNotExist)
		}
		if !o.Create {
			return nil, fmt.Errorf("%w: there is no such directory; `dosna init` makes it", store.ErrNotExist)
		}
		if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
			if errors.Is(err, os.ErrNotExist) {
				return nil, fmt.Errorf("%w: neither it nor its parent directory exists; if the path is right, `dosna init` makes both", store.ErrNotExist)
			}
			return nil, plain(err)
		}
		made = true
		root, err = openRoot(path)
	}
	if err != nil {
		return nil, plain(err)
	}
	a, err := root.stat(".")
	if err != nil {
		root.close()
		return nil, plain(err)
	}
	s := &Store{path: path, root: root, dev: a.dev}
	s.dirty.root = made
	s.guarantees = store.Guarantees{GetIfMatch: true, Shared: true, ListSorted: true, Concurrency: 32}
	if root.local() {
		s.guarantees.PutIfAbsent, s.guarantees.PutIfMatch, s.guarantees.DeleteIfMatch = true, true, true
	}
	return s, nil
}

// Init makes a directory and its parents, so that it can be opened. One that
// exists is left as it is.
func Init(path string) error {
	if path == "" {
		return &store.Error{Op: "init", Store: `""`, Err: fmt.Errorf("%w: the path is empty", store.ErrInvalid)}
	}
	if err := makeAll(path); err != nil {
		return &store.Error{Op: "init", Store: path, Err: plain(err)}
	}
	return nil
}

// makeAll makes a directory and its parents, so that they survive a loss of power.
func makeAll(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	above := filepath.Dir(path)
	if above != path {
		if err := makeAll(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is not a directory", path))
	}
	return syncDir(above)
}

// OpenURL opens a file:// URL or a plain path.
func OpenURL(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
	path, err := pathOf(u)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// InitURL is Init of a file:// URL or a plain path.
func InitURL(ctx context.Context, u store.URL) error {
	path, err := pathOf(u)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return Init(path)
}

func pathOf(u store.URL) (string, error) {
	if err := u.CheckQuery(); err != nil {
		return "", err
	}
	if u.Host != "" && !strings.EqualFold(u.Host, "localhost") {
		return "", fmt.Errorf("%w: %s names the host %q; an absolute path of this machine has three slashes, file:///%s", store.ErrInvalid, u.Root, u.Host, u.Host+u.Path)
	}
	path := u.Path
	if strings.Contains(u.Root, "://") && runtime.GOOS == "windows" && len(path) > 2 && path[2] == ':' {
		path = path[1:] // file:///C:/dir
	}
	if path == "" {
		return "", fmt.Errorf("%w: %s names no directory", store.ErrInvalid, u.Root)
	}
	return filepath.FromSlash(path), nil
}

// String is the root directory's path.
func (s *Store) String() string { return s.path }

// Guarantees depend on the file system; see the package documentation.
func (s *Store) Guarantees() store.Guarantees { return s.guarantees }

// Close implements store.Store.
func (s *Store) Close() error {
	s.tidy()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.root.close()
}

// ready says why an operation on key cannot begin.
func ready(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckKey(key); err != nil {
		return err
	}
	return checkName(key)
}

func (s *Store) fail(op, key string, err error) error {
	return &store.Error{Op: op, Store: s.path, Key: key, Err: plain(err)}
}

// inRoot calls f with the root directory, which stays open meanwhile.
func (s *Store) inRoot(f func(root dir) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return store.ErrClosed
	}
	return f(s.root)
}

// open opens the file of an object.
func (s *Store) open(key string) (f file, a attr, err error) {
	err = s.inRoot(func(root dir) error {
		f, a, err = root.open(key)
		return s.absent(root, key, err)
	})
	if err == nil && a.kind != regular {
		f.close()
		if err = notRegular(a); a.kind == folder {
			err = errFolder
		}
	}
	return f, a, err
}

// absent returns err, or a graver error if err means that something does not
// exist because the whole root does not any more, or because a symbolic link on
// the way leads to what is not there: to a disk that is not mounted, perhaps.
func (s *Store) absent(root dir, path string, err error) error {
	if err == nil || !isAbsent(err) {
		return err
	}
	if !root.exists() {
		return errors.New("the store's root directory was removed since it was opened")
	}
	for path = strings.TrimSuffix(path, "/"); path != "." && path != ""; path = filepath.Dir(path) {
		a, err := root.lstat(path)
		if err != nil && isAbsent(err) {
			continue
		}
		if err == nil && a.kind == other {
			if _, err := root.stat(path); err != nil && isAbsent(err) {
				return fmt.Errorf("%q is a symbolic link to what is not there", path)
			}
		}
		break
	}
	return store.ErrNotExist
}

// errFolder is a folder that somebody reads as an object. It is not said to be absent,
// which would mean fill: what lies in it belongs to another chunk grid, or the tree
// is damaged.
var errFolder = fmt.Errorf("%w: there is a folder in the place of an object", store.ErrCorrupt)

// notRegular is the error for asking after what is no file: a folder is no object.
func notRegular(a attr) error {
	if a.kind == folder {
		return store.ErrNotExist
	}
	return errors.New("it is neither a file nor a directory")
}

// openDir opens the folder with the given prefix.
func (s *Store) openDir(prefix string) (d dir, err error) {
	err = s.inRoot(func(root dir) error {
		d, err = root.openDir(rel(prefix))
		return s.absent(root, rel(prefix), err)
	})
	return d, err
}

// rel is the path of a folder, relative to the root.
func rel(prefix string) string {
	if prefix == "" {
		return "."
	}
	return prefix[:len(prefix)-1]
}

// split cuts a key, or a folder's prefix, into the folder it is in and its name
// there.
func split(key string) (prefix, name string) {
	i := strings.LastIndexByte(key[:len(key)-1], '/') + 1
	return key[:i], key[i:]
}
