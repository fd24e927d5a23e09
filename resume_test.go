package dosna_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// source fills a tree with what is to be copied: datasets of several layouts in
// groups, with attributes.
func source(t testing.TB, c *dosna.Connection, n int) *dosna.Group {
	t.Helper()
	g, err := c.CreateGroup(ctx, "src", dosna.Attributes{"title": "all of it"})
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]dosna.DatasetSpec{
		"plain":        {Shape: []int{n, 7}, Type: dtype.Uint16, Chunks: []int{3, 4}},
		"deep/sharded": {Shape: []int{n, 8}, Type: dtype.Float32, Chunks: []int{2, 2}, Shards: []int{4, 4}, DimensionNames: []string{"y", "x"}},
		"deep/raw":     {Shape: []int{5}, Type: dtype.Int8, Codec: "none", Checksum: "none", Fill: 3},
		"deep/empty":   {Shape: []int{50, 50}, Type: dtype.Int8},
	} {
		d, err := g.CreateDataset(ctx, name, spec)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "empty") {
			continue
		}
		raw := make([]byte, d.Bytes())
		for i := range raw {
			raw[i] = byte(i*7 + i/253)
		}
		if err := d.WriteRaw(ctx, nd.Selection{}, raw); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// objects returns all that is stored in a folder, by name.
func objects(t testing.TB, s store.Store, prefix string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for info, err := range s.List(ctx, store.ListOptions{Prefix: prefix}) {
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := s.Get(ctx, info.Key, store.GetOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(info.Key, prefix)] = string(raw)
	}
	return all
}

// sameTrees compares what is stored in two folders.
func sameTrees(t testing.TB, got, want map[string]string) {
	t.Helper()
	for name, text := range want {
		if have, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		} else if have != text {
			t.Errorf("%s is\n%.400q\nwant\n%.400q", name, have, text)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is there too", name)
		}
	}
}

// unseen fails if there seems to be a node, or anything that another program could
// take for one that is complete.
func unseen(t testing.TB, c *dosna.Connection, path string) {
	t.Helper()
	if _, err := c.Open(ctx, path); !errors.Is(err, dosna.ErrNotExist) {
		t.Fatalf("the copy that is not complete is opened with %v", err)
	}
	raw, _, err := c.Store().Get(ctx, path+"/zarr.json", store.GetOptions{}, nil)
	if errors.Is(err, dosna.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte(`"must_understand": true`)) {
		t.Fatalf("a copy that is not complete has the document %s", raw)
	}
}

var errFull = &store.Error{Op: "put", Store: "the copy's", Err: syscall.ENOSPC}

// copies are the ways to copy: each changes what is compared.
var copies = map[string]struct {
	what string
	o    dosna.CopyOptions
}{
	"tree":           {"", dosna.CopyOptions{}},
	"same layout":    {"plain", dosna.CopyOptions{}},
	"shards":         {"deep/sharded", dosna.CopyOptions{}},
	"other chunks":   {"plain", dosna.CopyOptions{Chunks: []int{5, 2}}},
	"tree, recoded":  {"", dosna.CopyOptions{Codec: "gzip:1"}},
	"into one shard": {"plain", dosna.CopyOptions{Chunks: []int{3, 4}, Shards: []int{9, 8}}},
}

// TestCopyGoesOn lets the destination be full after every number of puts in turn,
// and then goes on: the copy is not seen before, is equal in the end, and nothing
// has been stored again that was there.
func TestCopyGoesOn(t *testing.T) {
	from := create(t, "mem://")
	source(t, from, 20)
	for name, how := range copies {
		t.Run(name, func(t *testing.T) {
			src, err := from.Open(ctx, "src/"+how.what)
			if err != nil {
				t.Fatal(err)
			}
			whole := memstore.New()
			if _, err := dosna.Copy(ctx, src, open(t, whole, dosna.Options{}), "x/copy", &how.o); err != nil {
				t.Fatal(err)
			}
			want := objects(t, whole, "x/copy/")
			how.o.Resume = true
			for room := 0; ; room += 1 + room/4 {
				h, through, direct := two(t, dosna.Options{Engine: engine.CPU()})
				puts := 0
				h.before = func(op, key string) error {
					if op != "put" || !strings.HasPrefix(key, "x/copy") {
						return nil
					}
					if puts++; puts > room {
						return errFull
					}
					return nil
				}
				_, err := dosna.Copy(ctx, src, through, "x/copy", &how.o)
				if err == nil {
					if room < 3 {
						t.Errorf("copied in %d puts", room)
					}
					break
				}
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
				unseen(t, direct, "x/copy")
				before := objects(t, direct.Store(), "x/copy/")
				again := map[string]bool{}
				h.before = func(op, key string) error {
					if name, ok := strings.CutPrefix(key, "x/copy/"); ok && op == "put" {
						if _, there := before[name]; there && !strings.HasSuffix(name, "zarr.json") {
							again[name] = true
						}
					}
					return nil
				}
				if _, err := dosna.Copy(ctx, src, through, "x/copy", &how.o); err != nil {
					t.Fatal(err)
				}
				// blocks of another layout are written as a whole
				if how.o.Codec == "" && how.o.Chunks == nil && len(again) > 0 {
					t.Errorf("with room for %d stored again: %v", room, again)
				}
				sameTrees(t, objects(t, direct.Store(), "x/copy/"), want)
			}
		})
	}
}

// TestCopyGoesOnWithWhatFits: the source has changed since, or what is there was
// torn by a loss of power.
func TestCopyGoesOnWithWhatFits(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, from, to *dosna.Connection){
		"objects torn": func(t *testing.T, _, to *dosna.Connection) {
			torn := 0
			for name := range objects(t, to.Store(), "copy/") {
				if !strings.HasSuffix(name, "zarr.json") {
					if _, err := to.Store().Put(ctx, "copy/"+name, [][]byte{{1, 2, 3}}, store.Cond{}); err != nil {
						t.Fatal(err)
					}
					torn++
				}
			}
			if torn == 0 {
				t.Fatal("nothing to be torn")
			}
		},
		"a document torn": func(t *testing.T, _, to *dosna.Connection) {
			if _, err := to.Store().Put(ctx, "copy/deep/zarr.json", [][]byte{[]byte("{")}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
		},
		"elements changed": func(t *testing.T, from, _ *dosna.Connection) {
			d := dataset(t, from, "src/deep/sharded")
			if err := dosna.Write(ctx, d, selection(t, "3, :"), []float32{9}); err != nil {
				t.Fatal(err)
			}
		},
		"cut": func(t *testing.T, from, _ *dosna.Connection) {
			if err := dataset(t, from, "src/deep/sharded").Resize(ctx, []int{6, 6}); err != nil {
				t.Fatal(err)
			}
		},
		"nodes removed, created and replaced": func(t *testing.T, from, _ *dosna.Connection) {
			if err := errors.Join(from.Delete(ctx, "src/deep/empty"), from.Delete(ctx, "src/deep/sharded")); err != nil {
				t.Fatal(err)
			}
			bytesDataset(t, from, "src/deep/sharded/x", []int{3}, []int{3})
			bytesDataset(t, from, "src/deep/a", []int{3}, []int{3})
		},
		"attributes": func(t *testing.T, from, _ *dosna.Connection) {
			for _, path := range []string{"src", "src/deep", "src/deep/sharded"} {
				n, err := from.Open(ctx, path)
				if err != nil {
					t.Fatal(err)
				}
				if err := n.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["new"] = 1; return nil }); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			from := create(t, "mem://")
			src := source(t, from, 20)
			h, through, direct := two(t, dosna.Options{Engine: engine.CPU()})
			h.before = func(op, key string) error {
				if op == "put" && key == "copy/plain/c/5/1" { // the last dataset
					return errFull
				}
				return nil
			}
			o := &dosna.CopyOptions{Resume: true}
			if _, err := dosna.Copy(ctx, src, through, "copy", o); !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			change(t, from, direct)
			src, err := from.OpenGroup(ctx, "src")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dosna.Copy(ctx, src, direct, "copy", o); err != nil {
				t.Fatal(err)
			}
			if _, err := dosna.Copy(ctx, src, direct, "fresh", nil); err != nil {
				t.Fatal(err)
			}
			sameTrees(t, objects(t, direct.Store(), "copy/"), objects(t, direct.Store(), "fresh/"))
		})
	}
}

// TestCopyNotCompleted: others do not see it, and may put something in its place.
func TestCopyNotCompleted(t *testing.T) {
	from := create(t, "mem://")
	src := source(t, from, 20)
	interrupted := func(t *testing.T, o *dosna.CopyOptions, meanwhile func(c *dosna.Connection)) (*dosna.Connection, error) {
		h, through, direct := two(t, dosna.Options{Engine: engine.CPU()})
		h.before = func(op, key string) error {
			if op == "put" && key == "copy/plain/c/5/1" {
				if meanwhile == nil {
					return errFull
				}
				meanwhile(direct)
			}
			return nil
		}
		_, err := dosna.Copy(ctx, src, through, "copy", o)
		return direct, err
	}
	c, err := interrupted(t, nil, nil)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if got := walked(t, c); len(got) != 0 {
		t.Errorf("the tree has %q", got)
	}
	if found, v := verify(t, c, "", dosna.VerifyOptions{}); strings.Join(found, ", ") != "copying copy/zarr.json" || v.Losses() != 0 {
		t.Errorf("verify found %q", found)
	}
	// begun anew, without what is there
	if _, err := dosna.Copy(ctx, src, c, "copy", nil); err != nil {
		t.Fatal(err)
	}
	sameTrees(t, objects(t, c.Store(), "copy/"), objects(t, from.Store(), "src/"))
	// and a copy that is complete is not gone on with
	if _, err := dosna.Copy(ctx, src, c, "copy", &dosna.CopyOptions{Resume: true}); !errors.Is(err, dosna.ErrExist) {
		t.Errorf("copied onto a copy: %v", err)
	}

	c, _ = interrupted(t, nil, nil)
	bytesDataset(t, c, "copy", []int{4}, []int{2})
	if got := objects(t, c.Store(), "copy/"); len(got) != 1 {
		t.Errorf("what was created in its place has %d objects", len(got))
	}
	c, _ = interrupted(t, nil, nil)
	if err := c.Delete(ctx, "copy"); err != nil {
		t.Error(err)
	}
	if got := objects(t, c.Store(), "copy/"); len(got) != 0 {
		t.Errorf("after its deletion there are %d objects", len(got))
	}

	// somebody else goes on with it, or creates something there
	resume := &dosna.CopyOptions{Resume: true}
	c, err = interrupted(t, resume, func(c *dosna.Connection) {
		if _, err := dosna.Copy(ctx, src, c, "copy", resume); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		t.Error("two attempts at one copy both think that it is theirs")
	}
	sameTrees(t, objects(t, c.Store(), "copy/"), objects(t, from.Store(), "src/"))
	c, err = interrupted(t, resume, func(c *dosna.Connection) { bytesDataset(t, c, "copy", []int{4}, []int{2}) })
	if err == nil {
		t.Error("a copy in the place of another node")
	}
	if got := walked(t, c); len(got) != 1 || got[0] != "/copy" {
		t.Errorf("the tree has %q", got)
	}
}

// TestCopyInterruptedAtAnyMoment kills a process that copies a tree again and
// again, and goes on every time.
func TestCopyInterruptedAtAnyMoment(t *testing.T) {
	if dir := os.Getenv("DOSNA_COPY_CHILD"); dir != "" {
		if err := resumeCopy(ctx, dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	dir := testenv.ScratchDir(t)
	n, kills := 150, 5
	if *scale == "full" {
		n, kills = 3000, 20
	}
	source(t, create(t, dir+"/from"), n)
	create(t, dir+"/to")
	to, err := dosna.Open(ctx, dir+"/to", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	killed, amid, whole := 0, 0, time.Duration(0) // not killed the first time, to see how long it takes
	for range 10 * kills {
		if killed == kills {
			break
		}
		begun := time.Now()
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCopyInterruptedAtAnyMoment$")
		child.Env = append(os.Environ(), "DOSNA_COPY_CHILD="+dir)
		out := new(bytes.Buffer)
		child.Stdout, child.Stderr = out, out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		stop := func() bool { return false }
		if whole > 0 {
			stop = time.AfterFunc(rand.N(whole), func() { _ = child.Process.Kill() }).Stop
		}
		err := child.Wait()
		stop()
		switch {
		case err == nil: // it was faster, and shows how long it takes
			whole = max(whole, time.Since(begun))
			sameTrees(t, files(t, dir+"/to/copy"), files(t, dir+"/from/src"))
			if err := os.RemoveAll(dir + "/to/copy"); err != nil {
				t.Fatal(err)
			}
		case child.ProcessState.Exited():
			t.Fatalf("%v: %s", err, out)
		default:
			killed++
			if _, err := to.Open(ctx, "copy"); err == nil { // complete, and killed after that
				sameTrees(t, files(t, dir+"/to/copy"), files(t, dir+"/from/src"))
				if err := os.RemoveAll(dir + "/to/copy"); err != nil {
					t.Fatal(err)
				}
				continue
			}
			unseen(t, to, "copy")
			if _, err := os.Stat(dir + "/to/copy"); err == nil {
				amid++
			}
		}
	}
	if killed < kills {
		t.Fatalf("killed %d times", killed)
	}
	t.Logf("killed %d times, %d of them with a part copied; the whole takes %v", killed, amid, whole)
	if _, err := to.Open(ctx, "copy"); err != nil {
		if err := resumeCopy(ctx, dir); err != nil {
			t.Fatal(err)
		}
	}
	sameTrees(t, files(t, dir+"/to/copy"), files(t, dir+"/from/src"))
}

// resumeCopy copies from the tree DIR/from to DIR/to, or goes on with it.
func resumeCopy(ctx context.Context, dir string) error {
	from, err := dosna.Open(ctx, dir+"/from", nil)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := dosna.Open(ctx, dir+"/to", &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		return err
	}
	defer to.Close()
	src, err := from.Open(ctx, "src")
	if err != nil {
		return err
	}
	_, err = dosna.Copy(ctx, src, to, "copy", &dosna.CopyOptions{Resume: true})
	return err
}

// files returns all files below a directory but those of unfinished objects, which
// other programs ignore.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), store.TempPrefix) {
			return err
		}
		raw, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal(fmt.Errorf("nothing in %s", dir))
	}
	return all
}

// TestResumeIntoRoot: what is there whole stays, what is begun is gone on with, and what
// is missing is copied.
func TestResumeIntoRoot(t *testing.T) {
	from := create(t, t.TempDir())
	source(t, from, 20)
	root, err := from.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := root.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["of"] = "the root"; return nil }); err != nil {
		t.Fatal(err)
	}
	bytesDataset(t, from, "another", []int{4}, []int{2})
	h, through, direct := two(t, dosna.Options{Engine: engine.CPU()})
	h.before = func(op, key string) error {
		if op == "put" && key == "src/plain/c/5/1" {
			return errFull
		}
		return nil
	}
	resume := &dosna.CopyOptions{Resume: true}
	if _, err := dosna.Copy(ctx, root, through, "/", resume); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if got := walked(t, direct); slices.Contains(got, "src") {
		t.Errorf("half a copy is seen: %q", got)
	}
	done := objects(t, direct.Store(), "another/")
	for range 2 {
		if _, err := dosna.Copy(ctx, root, direct, "/", resume); err != nil {
			t.Fatal(err)
		}
		sameTrees(t, objects(t, direct.Store(), ""), objects(t, from.Store(), ""))
	}
	if len(done) > 0 {
		sameTrees(t, objects(t, direct.Store(), "another/"), done)
	}
}
