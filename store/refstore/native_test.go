package refstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/store"
)

// equalManifests compares what two manifests say.
func equalManifests(a, b *Manifest) error {
	if !slices.EqualFunc(a.sources, b.sources, func(s, o Source) bool {
		return s.URL == o.URL && s.Size == o.Size && s.Version == o.Version && s.ModTime.Equal(o.ModTime)
	}) {
		return fmt.Errorf("sources %v and %v", a.sources, b.sources)
	}
	if a.Len() != b.Len() {
		return fmt.Errorf("%d references and %d", a.Len(), b.Len())
	}
	for key, i := range a.All {
		j, ok := b.Find(key)
		if !ok {
			return fmt.Errorf("%q is missing", key)
		}
		r, s := a.Ref(i), b.Ref(j)
		if !bytes.Equal(r.Inline, s.Inline) || r.Range != s.Range || (r.Source == nil) != (s.Source == nil) || r.Source != nil && r.Source.URL != s.Source.URL {
			return fmt.Errorf("%q is %v and %v", key, r, s)
		}
	}
	return nil
}

func TestMarshal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Builder
		sources := rapid.IntRange(0, 4).Draw(t, "sources")
		for i := range sources {
			s := Source{URL: fmt.Sprintf("s3://bucket/%d", i), Size: rapid.SampledFrom([]int64{-1, math.MaxInt64}).Draw(t, "size"), Version: store.Version(rapid.String().Draw(t, "version"))}
			if rapid.Bool().Draw(t, "timed") {
				s.ModTime = time.Unix(rapid.Int64Range(-1e10, 1e10).Draw(t, "sec"), rapid.Int64Range(0, 999_999_999).Draw(t, "nsec"))
			}
			b.AddSource(s)
		}
		for range rapid.IntRange(0, 60).Draw(t, "references") {
			key := rapid.StringMatching(`c(/[0-9]{1,2}){1,3}`).Draw(t, "key")
			var err error
			if sources == 0 || rapid.Bool().Draw(t, "inline") {
				err = b.AddInline(key, rapid.SliceOf(rapid.Byte()).Draw(t, "data"))
			} else {
				n := rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "length")
				err = b.AddRange(key, rapid.IntRange(0, sources-1).Draw(t, "source"), rapid.Int64Range(0, math.MaxInt64-n).Draw(t, "offset"), n)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		m := b.Manifest()
		data, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Unmarshal(data)
		if err == nil {
			err = equalManifests(m, back)
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := back.Marshal()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("written again it is different, %v", err)
		}
	})
}

// TestMarshalDamaged: every bit counts, and so does where it ends.
func TestMarshalDamaged(t *testing.T) {
	data, err := sample(t).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(data) {
		bad := bytes.Clone(data)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := Unmarshal(bad); !errors.Is(err, store.ErrCorrupt) {
			t.Fatalf("bit %d flipped: %v", i, err)
		}
	}
	for i := range data {
		if _, err := Unmarshal(data[:i]); !errors.Is(err, store.ErrCorrupt) {
			t.Fatalf("%d bytes of it: %v", i, err)
		}
	}
	later := bytes.Clone(data)
	later[7] = 2
	if _, err := Unmarshal(later); err == nil || !bytes.Contains([]byte(err.Error()), []byte("version 2")) {
		t.Error(err)
	}
}

// sample has one of everything.
func sample(t testing.TB) *Manifest {
	t.Helper()
	var b Builder
	one := b.AddSource(Source{URL: "one.h5", Size: 1000, Version: `"etag"`, ModTime: time.Unix(1, 2)})
	two := b.AddSource(Source{URL: "https://two.example/x", Size: -1})
	err := errors.Join(b.AddInline("c/0/0", []byte("inline")), b.AddInline("c/0/1", nil), b.AddRange("c/1/0", one, 100, 900),
		b.AddRange("c/1/1", one, 0, 0), b.AddRange("c/2/0", two, 1<<40, 1<<35), b.AddRange("c/2/1", two, 5, 7))
	for i := range 40 {
		err = errors.Join(err, b.AddRange(fmt.Sprintf("c/3/%d", i), one, int64(10*i), 10))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Manifest()
}

// TestMarshalHostile: what a sum says is right may still be wrong.
func TestMarshalHostile(t *testing.T) {
	n := binary.AppendUvarint
	head := []byte(magic)
	empty := n(n(n(n(nil, 0), 0), 0), 0)
	source := func(size uint64) []byte {
		return append(n(append(append(n(n(nil, 1), 1), 'u'), n(nil, size)...), 0), 0) // url "u", no version, no time
	}
	key := func(b []byte) []byte { return append(n(n(append(n(b, 0), n(nil, 1)...), 3), 0), 1, 'k') } // one reference, its key "k"
	for name, body := range map[string][]byte{
		"sources": n(nil, 1<<60), "references": n(n(n(nil, 0), 0), 1<<27), "inline": n(n(nil, 0), 1<<60), "behind": append(bytes.Clone(empty), 0),
		"source":       binary.AppendUvarint(n(n(key(n(nil, 0)), 1), 1), 0),
		"no run":       n(n(key(n(nil, 0)), 0), 0),
		"beyond":       n(binary.AppendVarint(n(n(key(source(11)), 1), 1), 5), 7), // 6 bytes at 5 of 10
		"before":       n(binary.AppendVarint(n(n(key(source(11)), 1), 1), -1), 2),
		"overflow":     n(binary.AppendVarint(n(n(key(source(0)), 1), 1), math.MaxInt64), 100),
		"empty range":  n(binary.AppendVarint(n(n(key(source(11)), 1), 1), 5), 1),
		"inline range": n(binary.AppendVarint(n(n(key(n(nil, 0)), 0), 1), 0), 2),
	} {
		data := append(bytes.Clone(head), body...)
		data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))
		if m, err := Unmarshal(data); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	data := append(bytes.Clone(head), n(binary.AppendVarint(n(n(key(source(11)), 1), 1), 5), 6)...) // 5 bytes at 5 of 10
	data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))
	if m, err := Unmarshal(data); err != nil || m.Ref(0).Range != (store.Range{Off: 5, Len: 5}) {
		t.Errorf("what is right: %v", err)
	}
}

// TestMarshalSize: a million references to chunks of a file stay small.
func TestMarshalSize(t *testing.T) {
	var b Builder
	s := b.AddSource(Source{URL: "volume.h5", Size: 1 << 40, ModTime: time.Unix(1, 0)})
	off := int64(4096)
	for i := range 100 {
		for j := range 100 {
			for k := range 100 {
				n := int64(20_000 + (i*7919+j*104729+k*1299709)%20_000)
				if err := b.AddRange(fmt.Sprintf("c/%d/%d/%d", i, j, k), s, off, n); err != nil {
					t.Fatal(err)
				}
				off += n
			}
		}
	}
	m := b.Manifest()
	data, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Unmarshal(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 20<<20 || back.Bytes() > 30<<20 {
		t.Errorf("%d bytes stored, and %d in memory", len(data), back.Bytes())
	}
	i, ok := back.Find("c/57/3/99")
	j, _ := m.Find("c/57/3/99")
	if !ok || back.Ref(i).Range != m.Ref(j).Range || back.Ref(i).Source.URL != "volume.h5" {
		t.Errorf("%v, want %v", back.Ref(i), m.Ref(j))
	}
}

func FuzzUnmarshal(f *testing.F) {
	data, err := sample(f).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[len(magic) : len(data)-crc32.Size])
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		data := append([]byte(magic), body...)
		data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))
		m, err := Unmarshal(data)
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		for key, i := range m.All {
			j, ok := m.Find(key)
			r := m.Ref(i)
			if !ok || i != j || r.Range.Off < 0 || r.Range.Len < 0 {
				t.Fatalf("%q is at %d and %d, %v", key, i, j, r)
			}
		}
		if err := m.list(context.Background(), store.ListOptions{Shallow: true}, func(string, Ref) bool { return true }); err != nil {
			t.Fatal(err)
		}
		again, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Unmarshal(again); err != nil || equalManifests(m, back) != nil {
			t.Fatalf("%v, %v", err, equalManifests(m, back))
		}
	})
}
