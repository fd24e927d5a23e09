package memstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dosna/dosna/store"
)

// tree is the objects by key, and the names in each folder that has any.
type tree struct {
	mu      sync.RWMutex
	objects map[string]*object
	folders map[string]map[string]bool // by prefix; names of folders end in "/"
	stamp   uint64                     // the last version given out
}

// object never changes once it is in a tree.
type object struct {
	data    []byte
	version store.Version
	modTime time.Time
}

func (o *object) info(key string) store.Info {
	return store.Info{Key: key, Size: int64(len(o.data)), Version: o.version, ModTime: o.modTime}
}

func newTree() *tree {
	return &tree{objects: map[string]*object{}, folders: map[string]map[string]bool{}}
}

func (t *tree) get(key string) *object {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.objects[key]
}

func (t *tree) put(key string, o *object, c store.Cond) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.set(key, o, c)
}

func (t *tree) copy(from, to string, o *object, c store.Cond) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	src := t.objects[from]
	if src == nil {
		return store.ErrNotExist
	}
	o.data = src.data
	return t.set(to, o, c)
}

// set is put under the lock.
func (t *tree) set(key string, o *object, c store.Cond) error {
	old := t.objects[key]
	if err := t.meet(old, c); err != nil {
		return err
	}
	if old == nil {
		if err := t.clash(key); err != nil {
			return err
		}
		t.link(key)
	}
	t.stamp++
	o.version = store.Version(strconv.FormatUint(t.stamp, 36))
	t.objects[key] = o
	return nil
}

func (t *tree) delete(key string, c store.Cond) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.objects[key]
	if err := t.meet(old, c); err != nil {
		return err
	}
	if old != nil {
		delete(t.objects, key)
		t.unlink(key)
	}
	return nil
}

func (t *tree) rename(from, to string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.folders[from] == nil {
		return store.ErrNotExist
	}
	if t.folders[to] != nil {
		return fmt.Errorf("%w: %q is not empty", store.ErrExist, to)
	}
	if err := t.clash(strings.TrimSuffix(to, "/")); err != nil {
		return err
	}
	t.move(from, to)
	return nil
}

func (t *tree) move(from, to string) {
	names := make([]string, 0, len(t.folders[from]))
	for name := range t.folders[from] {
		names = append(names, name)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "/") {
			t.move(from+name, to+name)
			continue
		}
		t.link(to + name)
		t.objects[to+name] = t.objects[from+name]
		delete(t.objects, from+name)
		t.unlink(from + name)
	}
}

func (t *tree) meet(old *object, c store.Cond) error {
	if old == nil {
		return c.MeetWrite(false, "")
	}
	return c.MeetWrite(true, old.version)
}

// clash says what stands in the way of a new object or folder at key.
func (t *tree) clash(key string) error {
	if t.folders[key+"/"] != nil {
		return fmt.Errorf("%w: it is a folder", store.ErrExist)
	}
	for i := range key {
		if key[i] == '/' && t.objects[key[:i]] != nil {
			return fmt.Errorf("%w: %q is an object and cannot be a folder too", store.ErrExist, key[:i])
		}
	}
	if t.objects[key] != nil {
		return fmt.Errorf("%w: %q is an object", store.ErrExist, key)
	}
	return nil
}

// split cuts a key, or a folder's prefix, into the folder it is in and its name
// there.
func split(key string) (prefix, name string) {
	i := strings.LastIndexByte(key[:len(key)-1], '/') + 1
	return key[:i], key[i:]
}

func (t *tree) link(key string) {
	for key != "" {
		prefix, name := split(key)
		names := t.folders[prefix]
		if names == nil {
			t.folders[prefix] = map[string]bool{name: true}
			key = prefix
			continue
		}
		names[name] = true
		return
	}
}

func (t *tree) unlink(key string) {
	for key != "" {
		prefix, name := split(key)
		names := t.folders[prefix]
		delete(names, name)
		if len(names) > 0 {
			return
		}
		delete(t.folders, prefix)
		key = prefix
	}
}

// folder implements store.Folder.
type folder struct {
	t      *tree
	prefix string
}

func (f folder) Entries(context.Context) ([]string, error) {
	f.t.mu.RLock()
	defer f.t.mu.RUnlock()
	names := make([]string, 0, len(f.t.folders[f.prefix]))
	for name := range f.t.folders[f.prefix] {
		names = append(names, name)
	}
	return names, nil
}

func (f folder) Info(name string) (store.Info, error) {
	o := f.t.get(f.prefix + name)
	if o == nil {
		return store.Info{}, store.ErrNotExist
	}
	return o.info(""), nil
}

func (f folder) Close() error { return nil }
