package zipstore_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
	"github.com/dosna/dosna/store/zipstore"
)

// member is an entry of an archive to be made.
type member struct {
	name   string
	data   string
	method uint16
}

func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		e, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method, Modified: time.Date(2020, 1, 2, 3, 4, 6, 0, time.UTC)})
		if err == nil {
			_, err = io.WriteString(e, m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open opens an archive in memory.
func open(t testing.TB, data []byte) (*zipstore.Store, error) {
	t.Helper()
	below := memstore.New()
	if _, err := below.Put(context.Background(), "x.zip", [][]byte{data}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	return zipstore.Open(context.Background(), below, "x.zip")
}

func mustOpen(t testing.TB, members ...member) *zipstore.Store {
	t.Helper()
	s, err := open(t, archive(t, members...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hybrid writes to memory, and reads an archive of all that is there.
type hybrid struct {
	store.Store
	method uint16

	mu    sync.Mutex
	read  *zipstore.Store // nil once something was written
	build func([]member) (*zipstore.Store, error)
}

func (h *hybrid) archive() (*zipstore.Store, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.read != nil {
		return h.read, nil
	}
	var members []member
	for info, err := range h.Store.List(context.Background(), store.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		data, _, err := h.Store.Get(context.Background(), info.Key, store.GetOptions{}, nil)
		if err != nil {
			return nil, err
		}
		members = append(members, member{info.Key, string(data), h.method})
	}
	var err error
	h.read, err = h.build(members)
	return h.read, err
}

func (h *hybrid) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read = nil
	_, err := h.Store.Put(ctx, key, parts, c)
	return "", err
}

func (h *hybrid) Delete(ctx context.Context, key string, c store.Cond) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read = nil
	return h.Store.Delete(ctx, key, c)
}

func (h *hybrid) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	r, err := h.archive()
	if err != nil {
		return dst, store.Info{}, err
	}
	got, info, err := r.Get(ctx, key, o, dst)
	info.Version = ""
	return got, info, err
}

func (h *hybrid) Stat(ctx context.Context, key string) (store.Info, error) {
	r, err := h.archive()
	if err != nil {
		return store.Info{}, err
	}
	info, err := r.Stat(ctx, key)
	info.Version = ""
	return info, err
}

func (h *hybrid) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		r, err := h.archive()
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		for info, err := range r.List(ctx, o) {
			info.Version = ""
			if !yield(info, err) {
				return
			}
		}
	}
}

func (h *hybrid) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	r, err := h.archive()
	if err != nil {
		return store.Info{}, err
	}
	return r.GetRanges(ctx, key, c, spans)
}

func (h *hybrid) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	r, err := h.archive()
	if err != nil {
		return nil, store.Info{}, err
	}
	return r.OpenReader(ctx, key, o)
}

func (h *hybrid) OpenWriter(context.Context, string, store.Cond) (store.Writer, error) {
	return nil, errors.ErrUnsupported
}

func (h *hybrid) Guarantees() store.Guarantees { return store.Guarantees{ListSorted: true} }

func (h *hybrid) Close() error {
	if r, err := h.archive(); err == nil {
		r.Close()
	}
	return h.Store.Close()
}

func (h *hybrid) String() string { return "zip" }

// check makes the checks of all stores, where time is short not the long ones.
func check(t *testing.T, open func(t *testing.T) store.Store) {
	if !testing.Short() && !testenv.Race {
		storetest.Run(t, open)
		return
	}
	for _, c := range storetest.Checks() {
		s := open(t)
		if !c.Heavy && c.For(s.Guarantees()) {
			if err := c.Run(t.Context(), s); err != nil {
				t.Errorf("%s: %v", c, err)
			}
		}
		s.Close()
	}
}

// TestReads makes the checks of all stores, of which the reading is done from
// archives.
func TestReads(t *testing.T) {
	for name, method := range map[string]uint16{"stored": zip.Store, "deflated": zip.Deflate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, func(t *testing.T) store.Store {
				return &hybrid{Store: memstore.New(), method: method, build: func(members []member) (*zipstore.Store, error) {
					return open(t, archive(t, members...))
				}}
			})
		})
	}
}

// TestNames: the last of equal names counts, folders are passed over, and names
// that could lead elsewhere are refused.
func TestNames(t *testing.T) {
	s := mustOpen(t, member{"a/x", "old", zip.Store}, member{"a/", "", zip.Store}, member{"a/x", "newer", zip.Deflate}, member{"b//c", "", zip.Store},
		member{"./d", "", zip.Store}, member{"a-b", "", zip.Store}, member{"a/x", "newest", zip.Store}, member{store.TempPrefix + "1", "", zip.Store}, member{strings.Repeat("x", 300), "", zip.Store})
	if got, _, err := s.Get(t.Context(), "a/x", store.GetOptions{}, nil); err != nil || string(got) != "newest" {
		t.Errorf("%q, %v", got, err)
	}
	var keys []string
	for info, err := range s.List(t.Context(), store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	if !slices.Equal(keys, []string{"a-b", "a/x"}) {
		t.Errorf("list yields %q", keys)
	}
	for _, name := range []string{"../x", "a/../../x", "/etc/passwd", `a\b`, `C:\x`, ".."} {
		if _, err := open(t, archive(t, member{"ok", "", zip.Store}, member{name, "", zip.Store})); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "is called") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWrites(t *testing.T) {
	s := mustOpen(t, member{"x", "", zip.Store})
	_, err := s.Put(t.Context(), "x", nil, store.Cond{})
	_, werr := store.OpenWriter(t.Context(), s, "x", store.Cond{})
	for _, err := range []error{err, werr, s.Delete(t.Context(), "x", store.Cond{})} {
		if !errors.Is(err, store.ErrPermission) {
			t.Error(err)
		}
	}
	s.Close()
	if _, err := s.Stat(t.Context(), "x"); !errors.Is(err, store.ErrClosed) {
		t.Error(err)
	}
}

// TestReplaced: an archive that is not what was opened any more is an error, also
// for names that it does not have, and never an absent key.
func TestReplaced(t *testing.T) {
	first := archive(t, member{"x", "first", zip.Store}, member{"y", strings.Repeat("first", 100), zip.Deflate})
	second := archive(t, member{"x", "other", zip.Store}, member{"y", strings.Repeat("other", 100), zip.Deflate}, member{"z", "", zip.Store})
	for name, change := range map[string]func(path string) error{
		"renamed over": func(path string) error {
			if err := os.WriteFile(path+"2", second, 0o666); err != nil {
				return err
			}
			return os.Rename(path+"2", path)
		},
		"written over": func(path string) error { return os.WriteFile(path, second, 0o666) },
		"cut":          func(path string) error { return os.Truncate(path, 40) },
		"removed":      os.Remove,
		"a directory":  func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o777)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.zip")
			if err := os.WriteFile(path, first, 0o666); err != nil {
				t.Fatal(err)
			}
			below, err := filestore.Open(dir, store.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := zipstore.Open(t.Context(), below, "x.zip")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if got, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); err != nil || string(got) != "first" {
				t.Fatalf("%q, %v", got, err)
			}
			time.Sleep(5 * time.Millisecond)
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"x", "y", "z"} {
				_, _, get := s.Get(t.Context(), key, store.GetOptions{}, nil)
				_, stat := s.Stat(t.Context(), key)
				_, ranges := s.GetRanges(t.Context(), key, store.Cond{}, []nd.Span{{Dst: make([]byte, 1)}})
				for _, err := range []error{get, stat, ranges} {
					if err == nil || errors.Is(err, store.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "since it was opened") && !strings.Contains(err.Error(), "a folder in the place") {
						t.Errorf("%s: %v", key, err)
					}
				}
			}
			for _, err := range s.List(t.Context(), store.ListOptions{}) {
				if err == nil {
					t.Error("it is still listed")
				}
			}
		})
	}
}

// TestDamage: no damaged byte of an archive leads to other bytes, or to an absent
// key, unnoticed.
func TestDamage(t *testing.T) {
	text := strings.Repeat("some words, and ", 9)
	good := archive(t, member{"s", text, zip.Store}, member{"d", text, zip.Deflate})
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 0x41
		s, err := open(t, bad)
		if err != nil {
			continue
		}
		if i < bytes.Index(good, []byte("PK\x01\x02")) { // behind that are the names
			for _, key := range []string{"s", "d"} {
				got, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil)
				if errors.Is(err, store.ErrNotExist) || err == nil && string(got) != text {
					t.Errorf("byte %d of %d: %s is %q, %v", i, len(good), key, got, err)
				}
			}
		}
	}
}

// TestBombs: an entry is expanded to what the archive says and no further, and
// what it says is not believed beyond reason.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 64<<20)
	var packed bytes.Buffer
	fw, _ := flate.NewWriter(&packed, 9)
	fw.Write(zeros)
	fw.Close()
	make := func(size uint64) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		e, err := w.CreateRaw(&zip.FileHeader{Name: "x", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(nil), CompressedSize64: uint64(packed.Len()), UncompressedSize64: size})
		if err != nil {
			t.Fatal(err)
		}
		e.Write(packed.Bytes())
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var before, after runtime.MemStats
	for _, c := range []struct {
		size uint64
		max  int64
		want error
	}{
		{100, 0, store.ErrCorrupt}, {64 << 20, 1000, store.ErrTooLarge}, {1 << 40, 0, store.ErrCorrupt}, {1<<63 - 1, 0, store.ErrCorrupt}, {1 << 40, 1000, store.ErrTooLarge},
	} {
		s, err := open(t, make(c.size))
		if err != nil {
			t.Fatalf("%d: %v", c.size, err)
		}
		runtime.ReadMemStats(&before)
		_, _, err = s.Get(t.Context(), "x", store.GetOptions{Max: c.max}, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("of %d: %v", c.size, err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 5<<20 {
			t.Errorf("of %d, %d MiB were allocated", c.size, used>>20)
		}
	}
	if _, err := open(t, make(1<<63)); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a negative size: %v", err)
	}
}

func TestMethods(t *testing.T) {
	data := archive(t, member{"enc", "secret", zip.Store})
	for _, at := range []int{bytes.Index(data, []byte("PK\x03\x04")) + 6, bytes.Index(data, []byte("PK\x01\x02")) + 8} {
		data[at] |= 1
	}
	s, err := open(t, data)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), "enc", store.GetOptions{}, nil); err == nil || !strings.Contains(err.Error(), "encrypted") {
		t.Error(err)
	}
	data = archive(t, member{"odd", "x", zip.Store})
	data[bytes.Index(data, []byte("PK\x01\x02"))+10] = 12
	if s, err = open(t, data); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), "odd", store.GetOptions{}, nil); err == nil || !strings.Contains(err.Error(), "method 12") {
		t.Error(err)
	}
}

// TestNoArchive: what is no archive is an error that says so.
func TestNoArchive(t *testing.T) {
	for _, data := range []string{"", "x", strings.Repeat("PK", 1000)} {
		if _, err := open(t, []byte(data)); err == nil || !strings.Contains(err.Error(), "no ZIP archive") {
			t.Errorf("%.10q: %v", data, err)
		}
	}
	if _, err := zipstore.Open(t.Context(), memstore.New(), "x.zip"); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	below := memstore.New()
	below.Put(t.Context(), "x.zip", [][]byte{archive(t)}, store.Cond{})
	if _, err := zipstore.Open(ctx, below, "x.zip"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestMany: an archive with more entries than ZIP had numbers for at first, and
// requests in proportion to its size.
func TestMany(t *testing.T) {
	const n = 70_000
	members := make([]member, n)
	for i := range members {
		members[i] = member{fmt.Sprintf("c/%d", i), fmt.Sprint(i), zip.Store}
	}
	below := memstore.New()
	if _, err := below.Put(t.Context(), "x.zip", [][]byte{archive(t, members...)}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	counted := &counter{Store: below}
	s, err := zipstore.Open(t.Context(), counted, "x.zip")
	if err != nil {
		t.Fatal(err)
	}
	if n := counted.gets; n > 20 {
		t.Errorf("%d requests to open it", n)
	}
	for range 100 {
		i := rand.IntN(n)
		if got, _, err := s.Get(t.Context(), fmt.Sprintf("c/%d", i), store.GetOptions{}, nil); err != nil || string(got) != fmt.Sprint(i) {
			t.Errorf("%d: %q, %v", i, got, err)
		}
	}
	seen := 0
	for _, err := range s.List(t.Context(), store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
	}
	if seen != n {
		t.Errorf("%d of %d are listed", seen, n)
	}
}

// counter counts requests, made one after the other.
type counter struct {
	store.Store
	gets int
}

func (c *counter) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	c.gets++
	return c.Store.Get(ctx, key, o, dst)
}

func FuzzOpen(f *testing.F) {
	f.Add(archive(f, member{"a/x", "data", zip.Store}, member{"y", strings.Repeat("data", 50), zip.Deflate}))
	f.Add(archive(f))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := open(t, data)
		if err != nil {
			return
		}
		defer s.Close()
		last := ""
		for info, err := range s.List(t.Context(), store.ListOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if info.Key <= last || store.CheckKey(info.Key) != nil {
				t.Errorf("%q is listed after %q", info.Key, last)
			}
			last = info.Key
			const most = 1 << 20
			got, _, err := s.Get(t.Context(), info.Key, store.GetOptions{Max: most}, nil)
			if errors.Is(err, store.ErrNotExist) || len(got) > most || err == nil && int64(len(got)) != info.Size {
				t.Errorf("%q: %d bytes of %d, %v", info.Key, len(got), info.Size, err)
			}
		}
	})
}
