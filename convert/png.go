package convert

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/internal/compress/deflate"
)

// pngLevel is the level of DEFLATE: differences of neighbouring pixels hardly get
// smaller at higher ones, which take several times as long.
const pngLevel = 3

// writePNG writes samples of Uint8 or Uint16, in the machine's byte order, as a
// PNG picture (W3C, "Portable Network Graphics", third edition): grey levels, or
// 3 or 4 colours in a last axis.
//
// It stands beside image/png, which takes several times as long: it compresses
// slowly, and wants pictures of four colours.
func writePNG(w io.Writer, shape []int, t dtype.Type, elements []byte) error {
	samples, colorType := 1, byte(0)
	if len(shape) == 3 {
		samples, colorType = shape[2], map[int]byte{3: 2, 4: 6}[shape[2]]
	}
	height, width := shape[0], shape[1]
	if height > math.MaxInt32 || width > math.MaxInt32 {
		return fmt.Errorf("a PNG picture of %d×%d pixels is not possible", width, height)
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, byte(8*t.Size()), colorType, 0, 0, 0)

	pixel := samples * t.Size()
	row := width * pixel
	filtered := bufpool.Get(height * (row + 1))
	defer bufpool.Put(filtered)
	f := newPNGFilter(row, pixel)
	for y := range height {
		copy(f.row[pixel:], elements[y*row:(y+1)*row])
		if dtype.Native == dtype.Little {
			dtype.Swap(f.row[pixel:], t.Size())
		}
		f.filter((*filtered)[y*(row+1) : (y+1)*(row+1)])
	}
	data, err := deflate.Zlib.Encode(nil, *filtered, pngLevel)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\x89PNG\r\n\x1a\n"); err != nil {
		return err
	}
	if err := writePNGChunk(w, "IHDR", header); err != nil {
		return err
	}
	const most = 1 << 30 // bytes of a chunk
	for len(data) > most {
		if err := writePNGChunk(w, "IDAT", data[:most]); err != nil {
			return err
		}
		data = data[most:]
	}
	if err := writePNGChunk(w, "IDAT", data); err != nil {
		return err
	}
	return writePNGChunk(w, "IEND", nil)
}

func writePNGChunk(w io.Writer, name string, data []byte) error {
	head := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), name...)
	sum := crc32.Update(crc32.ChecksumIEEE(head[4:]), crc32.IEEETable, data)
	for _, b := range [][]byte{head, data, binary.BigEndian.AppendUint32(nil, sum)} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// pngFilter replaces the bytes of rows by differences (section 9, "Filtering").
// Before the first pixel of a row there is one of zeros, as above the first row.
type pngFilter struct {
	pixel           int
	row, above      []byte
	left, up, paeth []byte // what the filters make of a row
}

func newPNGFilter(row, pixel int) *pngFilter {
	return &pngFilter{
		pixel: pixel, row: make([]byte, pixel+row), above: make([]byte, pixel+row),
		left: make([]byte, row), up: make([]byte, row), paeth: make([]byte, row),
	}
}

// filter writes f.row to dst, with the number of the filter before it: the one
// whose differences are smallest in sum, as the specification advises. The row is
// the next one's above.
func (f *pngFilter) filter(dst []byte) {
	best, least := f.row[f.pixel:], magnitudes(f.row[f.pixel:])
	dst[0] = 0
	try := func(number byte, data []byte) {
		if sum := magnitudes(data); sum < least {
			best, least, dst[0] = data, sum, number
		}
	}
	n := len(f.left)
	x, a, b, c := f.row[f.pixel:][:n], f.row[:n], f.above[f.pixel:][:n], f.above[:n]
	for i := range x {
		f.left[i] = x[i] - a[i]
	}
	for i := range x {
		f.up[i] = x[i] - b[i]
	}
	for i := range x {
		f.paeth[i] = x[i] - paeth(a[i], b[i], c[i])
	}
	try(1, f.left)
	try(2, f.up)
	try(4, f.paeth)
	copy(dst[1:], best)
	f.row, f.above = f.above, f.row
}

// magnitudes adds up bytes as differences of either sign.
func magnitudes(data []byte) int {
	sum := 0
	for _, x := range data {
		d := int(int8(x))
		sum += max(d, -d)
	}
	return sum
}

// paeth returns the one of left, above and what is above left that is nearest to
// left + above - above left.
func paeth(left, above, corner byte) byte {
	a, b, c := int(left), int(above), int(corner)
	da, db := b-c, a-c
	dc := max(da+db, -da-db)
	da, db = max(da, -da), max(db, -db)
	switch {
	case da <= db && da <= dc:
		return left
	case db <= dc:
		return above
	}
	return corner
}
