package dosna_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// asked returns what was asked of stores by that name.
func asked(s dosna.ProfileStats, op string) layer.OpMetrics {
	for _, r := range s.Requests {
		if r.Op == op {
			return r
		}
	}
	return layer.OpMetrics{Op: op}
}

func TestProfile(t *testing.T) {
	var p dosna.Profile
	if s := p.Stats(); s.Requests != nil || s.Store != 0 || s.Codecs != 0 {
		t.Errorf("before anything happens there is %+v", s)
	}
	var opened []*dosna.Connection
	for i := range 2 {
		c, err := dosna.Open(ctx, fmt.Sprintf("mem://profile-%d", i), &dosna.Options{Mode: dosna.Create, Profile: &p, Engine: engine.Threads(2)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		opened = append(opened, c)
	}
	d, err := opened[0].CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{100}, Type: dtype.Uint8, Chunks: []int{10}, Codec: "none", Checksum: "none"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.WriteRaw(ctx, nd.Selection{}, bytes.Repeat([]byte{1}, 100)); err != nil {
		t.Fatal(err)
	}
	before := p.Stats()
	if before.Encoded != 10 || before.Decoded != 0 {
		t.Errorf("10 chunks were written: %+v", before)
	}
	whole := make([]byte, 100)
	if err := d.With(dosna.Options{}).ReadRaw(ctx, nd.Selection{}, whole); err != nil { // other options, the same profile
		t.Fatal(err)
	}
	s := p.Stats()
	if got := asked(s, "get ranges").Received + asked(s, "get").Received - asked(before, "get").Received; s.Decoded != 10 || got != 100 {
		t.Errorf("10 chunks of 10 bytes were read: %d bytes, %+v", got, s)
	}
	if sent := asked(s, "put").Sent; sent < 100 || s.Store == 0 || s.Codecs == 0 || s.Retries != 0 {
		t.Errorf("%d bytes sent, %+v", sent, s)
	}
	if _, err := opened[1].OpenDataset(ctx, "none"); err == nil {
		t.Fatal("there is something")
	}
	if got := asked(p.Stats(), "get").Errors["not exist"] - asked(s, "get").Errors["not exist"]; got == 0 { // of documents of both formats
		t.Errorf("%d errors of the other connection", got)
	}
}

// TestProfileTellsCodecsFromWaits: of an hour's wait for a store nothing is held to
// be work of codecs, however objects are read.
func TestProfileTellsCodecsFromWaits(t *testing.T) {
	for name, spec := range cacheLayouts {
		for _, whole := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				var p dosna.Profile
				h := storetest.NewFaults(memstore.New(), nil)
				c, err := dosna.OpenStore(ctx, p.Over(h), &dosna.Options{Mode: dosna.Create, Profile: &p, Engine: engine.Threads(3)})
				if err != nil {
					t.Fatal(err)
				}
				s := spec
				s.Shape, s.Type, s.Chunks = []int{17, 9}, dtype.Uint16, []int{4, 3}
				if s.Codec == "" {
					s.Codec = "gzip" // zstd in Go has channels that no bubble may share
				}
				d, err := c.CreateDataset(ctx, "x", s)
				if err != nil {
					t.Fatal(err)
				}
				if err := d.WriteRaw(ctx, nd.Selection{}, bytes.Repeat([]byte{1, 2}, 17*9)); err != nil {
					t.Fatal(err)
				}
				h.SetPlan(storetest.Plan(storetest.Rule{Op: "Get GetRanges Stat", Fault: storetest.Fault{Delay: time.Hour}}))
				before := p.Stats()
				if whole {
					err = d.ReadRaw(ctx, nd.Selection{}, make([]byte, d.Bytes()))
				} else {
					err = d.WriteRaw(ctx, nd.BoxSelection(nd.Box{Start: []int{1, 1}, Shape: []int{9, 5}}), []byte{7, 7})
				}
				if err != nil {
					t.Fatal(err)
				}
				after := p.Stats()
				if got := after.Codecs - before.Codecs; got != 0 { // the clock of the test stands still while there is work
					t.Errorf("%s, whole %v: %v in codecs", name, whole, got)
				}
				if got := after.Store - before.Store; got < time.Hour {
					t.Errorf("%s, whole %v: %v in the store", name, whole, got)
				}
			})
		}
	}
}

func TestProfileOfCache(t *testing.T) {
	var p dosna.Profile
	c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create, Profile: &p, Cache: dosna.NewCache(1 << 20)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d := bytesDataset(t, c, "x", []int{30}, []int{10})
	if err := d.WriteRaw(ctx, nd.Selection{}, bytes.Repeat([]byte{1}, 30)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := d.ReadRaw(ctx, nd.Selection{}, make([]byte, 30)); err != nil {
			t.Fatal(err)
		}
	}
	if s := p.Stats(); s.CacheMisses != 3 || s.CacheHits != 6 || s.Decoded != 3 {
		t.Errorf("three chunks were read three times: %+v", s)
	}
}

func TestSameStored(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	a := bytesDataset(t, c, "a", []int{40}, []int{10})
	b := bytesDataset(t, c, "b", []int{40}, []int{10})
	for d, data := range map[*dosna.Dataset]byte{a: 0, b: 1} {
		raw := bytes.Repeat([]byte{1}, 10)
		raw = append(raw, bytes.Repeat([]byte{1 + data}, 10)...)
		raw = append(raw, bytes.Repeat([]byte{data}, 10)...) // a's is not stored
		if err := d.WriteRaw(ctx, nd.Selection{}, append(raw, make([]byte, 10)...)); err != nil {
			t.Fatal(err)
		}
	}
	other, err := c.CreateDataset(ctx, "other", dosna.DatasetSpec{Shape: []int{40}, Type: dtype.Int8, Chunks: []int{10}})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.WriteRaw(ctx, nd.Selection{}, bytes.Repeat([]byte{1}, 40)); err != nil {
		t.Fatal(err)
	}
	chunk := func(d *dosna.Dataset, i int) *dosna.Chunk {
		k, err := d.Chunk(i)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for i, want := range []bool{true, false, false, false} {
		for _, pair := range [][2]*dosna.Dataset{{a, b}, {b, a}} {
			if got, err := chunk(pair[0], i).SameStored(ctx, chunk(pair[1], i)); got != want || err != nil {
				t.Errorf("chunk %d: %v, %v, want %v", i, got, err, want)
			}
		}
	}
	if same, err := chunk(a, 0).SameStored(ctx, chunk(other, 0)); same || err != nil {
		t.Errorf("of another type: %v, %v", same, err)
	}
}
