package nd

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

var (
	update    = flag.Bool("update", false, "write the golden files anew")
	numpySeed = flag.Int("numpyseed", 1, "seed of the selections compared with NumPy")
)

const goldenCases = "testdata/numpy_cases.jsonl.gz"

// numpyCase is a line of what testdata/numpy_cases.py prints.
type numpyCase struct {
	Shape  []int
	Select string
	Error  string

	Result []int
	Values []int
	Value  []int
	After  []int
}

// TestNumPy compares reads and writes by 10,000 random selections with NumPy's.
func TestNumPy(t *testing.T) {
	checkCases(t, numpyCases(t, *numpySeed, 10_000))
}

// TestNumPyGolden does the same with a few hundred cases that need no Python.
func TestNumPyGolden(t *testing.T) {
	if *update {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(numpyCases(t, 7, 600)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenCases, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(goldenCases)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	checkCases(t, b.Bytes())
}

func numpyCases(t *testing.T, seed, count int) []byte {
	source, err := os.ReadFile("testdata/numpy_cases.py")
	if err != nil {
		t.Fatal(err)
	}
	return testenv.RunPython(t, []string{"numpy"}, string(source), strconv.Itoa(seed), strconv.Itoa(count))
}

func checkCases(t *testing.T, lines []byte) {
	scanner := bufio.NewScanner(bytes.NewReader(lines))
	scanner.Buffer(nil, 1<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	cases, failed := 0, 0
	for scanner.Scan() {
		var c numpyCase
		if err := json.Unmarshal(scanner.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases++
		if !c.check(t, rng) {
			if failed++; failed == 10 {
				t.Fatal("and more")
			}
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	if cases < 500 {
		t.Fatalf("only %d cases", cases)
	}
}

func (c numpyCase) check(t *testing.T, rng *rand.Rand) bool {
	s, err := ParseSelection(c.Select)
	var r *Region
	if err == nil {
		r, err = s.Resolve(c.Shape)
	}
	switch {
	case c.Error != "":
		if err == nil || !strings.Contains(err.Error(), c.Error) {
			t.Errorf("%v[%s]: got error %v, want %s", c.Shape, c.Select, err, c.Error)
			return false
		}
		return true
	case err != nil:
		t.Errorf("%v[%s]: %v", c.Shape, c.Select, err)
		return false
	case !slices.Equal(r.Shape, c.Result) || r.Size() != len(c.Values):
		t.Errorf("%v[%s]: got shape %v of size %d, want %v", c.Shape, c.Select, r.Shape, r.Size(), c.Result)
		return false
	}
	if b, ok := r.Box(); ok {
		got := NewView(nil, c.Shape, 1).Sub(b)
		if got.Size() != len(c.Values) || got.Size() > 0 && got.Off != c.Values[0] {
			t.Errorf("%v[%s]: box %v holds other elements than %v", c.Shape, c.Select, b, c.Values)
			return false
		}
	}
	for k := range 4 {
		g := randomGrid(t, c.Shape, k >= 2, rng)
		item := []int{1, 2, 3, 4, 8, 16, 24}[rng.IntN(7)]
		if why := c.read(r, g, item, rng); why != "" {
			t.Errorf("read %v[%s] in chunks of %v, %v: %s", c.Shape, c.Select, g.chunk, g.bounds, why)
			return false
		}
		if why := c.write(r, g, item, rng); why != "" {
			t.Errorf("write values of shape %v to %v[%s] in chunks of %v, %v: %s", c.Value, c.Shape, c.Select, g.chunk, g.bounds, why)
			return false
		}
	}
	return true
}

// read returns what is wrong with reading the region chunk by chunk.
func (c numpyCase) read(r *Region, g Grid, item int, rng *rand.Rand) string {
	array := NewView(encodeInts(len(c.After), func(i int) int { return i }, item), c.Shape, item)
	result := scattered(r.Shape, item, rng)
	canon, merged := r.Canonical(result)
	if !merged {
		canon, merged = r.Canonical(NewView(make([]byte, r.Size()*item), r.Shape, item))
		if !merged {
			return "a contiguous view has no canonical layout"
		}
	}
	pieces := r.Pieces(g)
	if why := checkPieces(pieces, g, r.Size()); why != "" {
		return why
	}
	for i := range pieces.Len() {
		p := pieces.At(i)
		if direct, ok := p.Direct(canon); ok && rng.IntN(2) == 0 {
			Copy(direct, array.Sub(p.Box))
			continue
		}
		box := scattered(p.Box.Shape, item, rng)
		Copy(box, array.Sub(p.Box))
		p.Gather(canon, box)
	}
	got := NewView(make([]byte, r.Size()*item), r.Shape, item)
	if _, ok := r.Canonical(result); ok {
		Copy(got, result)
	} else {
		got.Data = canon.Data
	}
	want := encodeInts(len(c.Values), func(i int) int { return c.Values[i] }, item)
	if !bytes.Equal(got.Data, want) {
		return "wrong elements of " + strconv.Itoa(item) + " bytes"
	}
	return ""
}

// write returns what is wrong with writing to the region chunk by chunk.
func (c numpyCase) write(r *Region, g Grid, item int, rng *rand.Rand) string {
	array := NewView(encodeInts(len(c.After), func(i int) int { return i }, item), c.Shape, item)
	n, _ := Size(c.Value)
	value := scattered(c.Value, item, rng)
	Copy(value, NewView(encodeInts(n, func(i int) int { return -1 - i }, item), c.Value, item))
	value, err := value.Broadcast(r.Shape)
	if err != nil {
		return err.Error()
	}
	canon, ok := r.Canonical(value)
	if !ok {
		whole := NewView(make([]byte, r.Size()*item), r.Shape, item)
		Copy(whole, value)
		canon, _ = r.Canonical(whole)
	}
	pieces := r.Pieces(g)
	for i := range pieces.Len() {
		p := pieces.At(i)
		if direct, ok := p.Direct(canon); ok && rng.IntN(2) == 0 {
			Copy(array.Sub(p.Box), direct)
			continue
		}
		box := scattered(p.Box.Shape, item, rng)
		if !p.Covers() {
			Copy(box, array.Sub(p.Box))
		}
		p.Scatter(box, canon)
		Copy(array.Sub(p.Box), box)
	}
	if want := encodeInts(len(c.After), func(i int) int { return c.After[i] }, item); !bytes.Equal(array.Data, want) {
		return "wrong elements of " + strconv.Itoa(item) + " bytes"
	}
	return ""
}

// checkPieces returns what is wrong with pieces that hold count elements.
func checkPieces(pieces *Pieces, g Grid, count int) string {
	seen := map[int]bool{}
	for i := range pieces.Len() {
		p := pieces.At(i)
		if err := g.Contains(p.Cell); err != nil {
			return err.Error()
		}
		flat := g.Flat(p.Cell)
		if seen[flat] {
			return "two pieces for one chunk"
		}
		seen[flat] = true
		cell := g.Cell(p.Cell)
		if !cell.Contains(p.Box) || p.Box.Empty() {
			return "box " + p.Box.String() + " not inside its chunk " + cell.String()
		}
		if p.Covers() != covers(p, cell) {
			return "chunk " + cell.String() + ": wrong answer to whether it is covered"
		}
		count -= p.Count()
	}
	if count != 0 {
		return strconv.Itoa(count) + " elements missing from the pieces"
	}
	return ""
}

// covers tells by trying whether a write changes every element of the cell.
func covers(p Piece, cell Box) bool {
	r := p.pieces.region
	ones := NewView([]byte{1}, nil, 1)
	ones, err := ones.Broadcast(r.Shape)
	if err != nil {
		return false
	}
	canon, _ := r.Canonical(ones)
	box := NewView(make([]byte, p.Box.Size()), p.Box.Shape, 1)
	p.Scatter(box, canon)
	return p.Box.Equal(cell) && AllEqual(box, []byte{1})
}

// scattered returns a view of the shape over memory that is not contiguous,
// filled with garbage: axes are permuted, reversed and spaced out at random.
func scattered(shape []int, item int, rng *rand.Rand) View {
	perm := rng.Perm(len(shape))
	whole := make([]int, len(shape))
	for i, axis := range perm {
		whole[i] = shape[axis]
		if rng.IntN(4) == 0 {
			whole[i] = 2 * shape[axis]
		}
	}
	n, _ := Size(whole)
	data := make([]byte, n*item)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	v := NewView(data, whole, item)
	for i, axis := range perm {
		if whole[i] != shape[axis] {
			v = v.Step(i, rng.IntN(2), 2, shape[axis])
		}
		if rng.IntN(4) == 0 {
			v = v.Flip(i)
		}
	}
	inverse := make([]int, len(perm))
	for i, axis := range perm {
		inverse[axis] = i
	}
	return v.Transpose(inverse)
}

// encodeInts returns n elements of item bytes that stand for integers.
func encodeInts(n int, value func(i int) int, item int) []byte {
	b := make([]byte, 0, n*item+8)
	for i := range n {
		x := uint64(value(i))
		for len(b) < (i+1)*item {
			b = binary.LittleEndian.AppendUint64(b, x)
			x = x*0x9E3779B97F4A7C15 + 1
		}
		b = b[:(i+1)*item]
	}
	return b
}
