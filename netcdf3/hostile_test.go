package netcdf3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/dosna/dosna/netcdf3"
)

// memory is a file that counts how often, and for what, it is asked.
type memory struct {
	t    testing.TB
	data []byte
	n    int
}

func (m *memory) Size() int64 { return int64(len(m.data)) }

func (m *memory) ReadAt(_ context.Context, p []byte, off int64) error {
	if off < 0 || off+int64(len(p)) > int64(len(m.data)) {
		m.t.Errorf("asked for %d bytes at %d of %d", len(p), off, len(m.data))
		return errors.New("beyond the end")
	}
	m.n++
	copy(p, m.data[off:])
	return nil
}

// survive opens a damaged file: an error, or a header all of whose elements are in the file, in little memory.
func survive(t testing.TB, data []byte, what any) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := netcdf3.Open(t.Context(), &memory{t: t, data: data})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(64*len(data)+1<<20) {
		t.Errorf("%v: %d bytes of memory for a file of %d", what, took, len(data))
	}
	if err != nil {
		if f != nil || !errors.Is(err, netcdf3.ErrCorrupt) && !errors.Is(err, netcdf3.ErrNotNetCDF3) {
			t.Errorf("%v: %v", what, err)
		}
		return
	}
	for _, v := range f.Variables {
		last, n := v.Begin, int64(v.Type.Size())
		for i, m := range v.Shape {
			if !v.Record || i > 0 {
				n *= int64(m)
			}
		}
		if v.Record {
			last += int64(f.Records-1) * f.RecordSize
		}
		if n != v.Bytes || (!v.Record || f.Records > 0) && (v.Begin < 0 || last < 0 || last+v.Bytes > int64(len(data))) {
			t.Errorf("%v: %+v with %d records of %d bytes is not in %d", what, v, f.Records, f.RecordSize, len(data))
		}
		for _, a := range v.Attributes {
			a.Value()
		}
	}
}

func small(t testing.TB, version int) []byte {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("testdata/small-%d.nc", version))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSmall(t *testing.T) {
	for _, version := range []int{1, 2, 5} {
		m := &memory{t: t, data: small(t, version)}
		f, err := netcdf3.Open(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if f.Version != version || f.Records != 7 || len(f.Dimensions) != 4 || len(f.Attributes) != 2 || m.n != 1 {
			t.Errorf("CDF-%d: %+v, %d reads", version, f, m.n)
		}
		v := f.Variables[0]
		if v.Name != "t" || !v.Record || v.Bytes != 20 || fmt.Sprint(v.Shape, " ", v.Type, " ", v.Attributes[0].Value()) != "[7 5] float -9.5" {
			t.Errorf("CDF-%d: %+v", version, v)
		}
	}
}

// Every byte, altered in turn.
func TestAltered(t *testing.T) {
	for _, version := range []int{1, 2, 5} {
		data := small(t, version)
		for at := range data {
			for _, by := range []byte{0xff, 0x80, 1} {
				bad := bytes.Clone(data)
				bad[at] ^= by
				survive(t, bad, at)
			}
		}
	}
}

// Cut anywhere, but for what fills up its last record, a file has lost something, and says so.
func TestCut(t *testing.T) {
	for _, version := range []int{1, 2, 5} {
		data := small(t, version)
		for n := range len(data) - 3 {
			survive(t, data[:n], n)
			if _, err := netcdf3.Open(t.Context(), &memory{t: t, data: data[:n]}); err == nil {
				t.Errorf("CDF-%d: %d of %d bytes open", version, n, len(data))
			}
		}
	}
}

// What cannot be is said, whatever else is right.
func TestWrong(t *testing.T) {
	u32 := func(list ...uint32) (b []byte) {
		for _, v := range list {
			b = append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		}
		return b
	}
	const x = 'x' << 24 // a name of one byte, filled up
	for what, c := range map[string]struct {
		version byte
		header  []byte
	}{
		"two unlimited dimensions":      {1, u32(0, 10, 2, 1, x, 0, 1, x, 0, 0, 0, 0, 0)},
		"a tag that is another's":       {1, u32(0, 11, 1, 1, x, 0, 0, 0, 0, 0)},
		"elements of no list":           {1, u32(0, 0, 1, 1, x, 0, 0, 0, 0, 0)},
		"more elements than bytes":      {1, u32(0, 10, 1<<31-1)},
		"a name without end":            {1, u32(0, 10, 1, 1<<31, x, 0, 0, 0, 0, 0)},
		"no name":                       {1, u32(0, 10, 1, 0, 5, 0, 0, 0, 0)},
		"an unknown type":               {1, u32(0, 0, 0, 12, 1, 1, x, 7, 0, 0, 0)},
		"an unlimited second dimension": {1, u32(5, 10, 2, 1, x, 3, 1, x, 0, 0, 0, 11, 1, 1, x, 2, 0, 1, 0, 0, 4, 0, 8)},
		"a dimension that is not there": {1, u32(0, 10, 1, 1, x, 3, 0, 0, 11, 1, 1, x, 1, 1, 0, 0, 4, 0, 8)},
		"too many dimensions":           {1, append(u32(0, 10, 1, 1, x, 1, 0, 0, 11, 1, 1, x, 65), make([]byte, 400)...)},
		"elements behind the end":       {1, u32(0, 10, 1, 1, x, 1<<30, 0, 0, 11, 1, 1, x, 1, 0, 0, 0, 4, 0, 8)},
		"too many elements":             {1, u32(0, 10, 1, 1, x, 1<<31-1, 0, 0, 11, 1, 1, x, 5, 0, 0, 0, 0, 0, 0, 0, 4, 0, 8)},
		"records behind the end":        {1, u32(1<<31, 10, 1, 1, x, 0, 0, 0, 11, 1, 1, x, 1, 0, 0, 0, 4, 0, 8)},
		"a negative count":              {5, u32(0, 0, 10, 1<<31, 0)},
		"a place behind all numbers":    {2, u32(0, 0, 0, 0, 0, 11, 1, 1, x, 0, 0, 0, 4, 4, 1<<31, 0)},
	} {
		data := append([]byte{'C', 'D', 'F', c.version}, c.header...)
		if f, err := netcdf3.Open(t.Context(), &memory{t: t, data: data}); !errors.Is(err, netcdf3.ErrCorrupt) {
			t.Errorf("%s: %+v, %v", what, f, err)
		}
	}
	for _, head := range []string{"", "CDF", "CDF\x03....", "CDF\x04....", "\x89HDF\r\n\x1a\n", "HDF\x01...."} {
		if _, err := netcdf3.Open(t.Context(), &memory{t: t, data: []byte(head)}); !errors.Is(err, netcdf3.ErrNotNetCDF3) {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, version := range []int{1, 2, 5} {
		f.Add(small(f, version))
	}
	f.Fuzz(func(t *testing.T, data []byte) { survive(t, data, "fuzzed") })
}
