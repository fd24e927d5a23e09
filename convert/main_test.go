package convert

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openMem(t *testing.T) *dosna.Connection {
	t.Helper()
	c, err := dosna.OpenStore(t.Context(), memstore.New(), &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// stream hides everything but Read, as a pipe does.
type stream struct{ io.Reader }

// readWhole reads a file's array into C order.
func readWhole(ctx context.Context, f *File) ([]byte, error) {
	n, _ := nd.Size(f.Shape())
	l := f.Layout()
	v := l.fileView(nd.NewView(make([]byte, n*f.Type().Size()), l.fileOrder(l.Shape), f.Type().Size()))
	if err := f.ReadBox(ctx, nd.Full(f.Shape()), v); err != nil {
		return nil, err
	}
	c := nd.NewView(make([]byte, len(v.Data)), f.Shape(), v.Item)
	nd.Copy(c, v)
	return c.Data, nil
}

// fileBytes returns elements in C order as they are stored in a layout.
func fileBytes(elements []byte, l Layout) []byte {
	item := l.Type.Size()
	stored := l.fileView(nd.NewView(make([]byte, len(elements)), l.fileOrder(l.Shape), item))
	nd.Copy(stored, nd.NewView(elements, l.Shape, item))
	if l.Order != dtype.Native {
		dtype.Swap(stored.Data, l.Type.Unit())
	}
	return stored.Data
}

// numbered returns n elements, all different as far as the type allows.
func numbered(t *testing.T, typ dtype.Type, n int) []byte {
	t.Helper()
	var b []byte
	for i := range n {
		v := any(i % 100)
		if typ == dtype.Bool {
			v = i%3 == 0
		}
		e, err := typ.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, e...)
	}
	return b
}

func mustEqual(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: got %d bytes % x, want %d bytes % x", what, len(got), got[:min(len(got), 64)], len(want), want[:min(len(want), 64)])
	}
}

func mustShape(t *testing.T, f *File, shape []int, typ dtype.Type) {
	t.Helper()
	if !slices.Equal(f.Shape(), shape) || f.Type() != typ {
		t.Fatalf("%s: got %v of %s, want %v of %s", f.name, f.Shape(), f.Type(), shape, typ)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cView(data []byte, shape []int, l Layout) nd.View { return nd.NewView(data, shape, l.Type.Size()) }

// viewBox returns the elements inside box of an array in C order.
func viewBox(elements []byte, l Layout, box nd.Box) []byte {
	out := make([]byte, box.Size()*l.Type.Size())
	nd.Copy(cView(out, box.Shape, l), cView(elements, l.Shape, l).Sub(box))
	return out
}

func randomBox(rng *rand.Rand, shape []int) nd.Box {
	b := nd.Full(slices.Clone(shape))
	for i, n := range shape {
		b.Start[i] = rng.IntN(n)
		b.Shape[i] = 1 + rng.IntN(n-b.Start[i])
	}
	return b
}

// npyHeader is what precedes elements of a type that NumPy has.
func npyHeader(l Layout) []byte {
	head, err := formatNPYHeader(l)
	if err != nil {
		panic(err)
	}
	return head
}

func npyLayout(r io.Reader) (Layout, error) {
	l, _, err := readNPYHeader(r)
	return l, err
}

func npyDict(text string) (Layout, error) {
	l, _, err := parseNPYHeader(text)
	return l, err
}
