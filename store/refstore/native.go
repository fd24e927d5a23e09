package refstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/dosna/dosna/store"
)

// The form of its own in which a manifest is stored, with what sources were. It is
// specified in docs/format.md, section "References".
const (
	magic   = "DNREFS\x00\x01" // the last byte is the version
	mostURL = 64 << 10
)

// MaxSize is the most bytes of a manifest in that form.
const MaxSize = 1 << 30

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Marshal returns the manifest in the form that Unmarshal reads. Nothing is lost.
func (m *Manifest) Marshal() ([]byte, error) {
	b := make([]byte, 0, 64+len(m.keys)+len(m.inline)+8*m.Len())
	b = append(b, magic...)
	b = binary.AppendUvarint(b, uint64(len(m.sources)))
	for _, s := range m.sources {
		b = appendBytes(b, s.URL)
		b = binary.AppendUvarint(b, uint64(s.Size+1))
		b = appendBytes(b, s.Version)
		if s.ModTime.IsZero() {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		b = binary.AppendVarint(b, s.ModTime.Unix())
		b = binary.AppendUvarint(b, uint64(s.ModTime.Nanosecond()))
	}
	b = appendBytes(b, m.inline)
	b = binary.AppendUvarint(b, uint64(m.Len()))
	b = appendBytes(b, m.keys)
	for i := 0; i < m.Len(); {
		run := 1
		for i+run < m.Len() && m.source[i+run] == m.source[i] {
			run++
		}
		b = binary.AppendUvarint(b, uint64(m.source[i]))
		b = binary.AppendUvarint(b, uint64(run))
		i += run
	}
	ends := make([]int64, len(m.sources)+1)
	for i, source := range m.source {
		b = binary.AppendVarint(b, int64(m.offset[i])-ends[source])
		n := m.bytesOf(i)
		if n == 0 && source != 0 { // all to the end
			b = binary.AppendUvarint(b, 0)
		} else {
			b = binary.AppendUvarint(b, uint64(n)+1)
		}
		ends[source] = int64(m.offset[i]) + n
	}
	if len(b) > MaxSize-crc32.Size {
		return nil, fmt.Errorf("%w: a manifest of %d bytes", store.ErrTooLarge, len(b))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

// bytesOf is the length of a reference, 0 for all to the end of a source.
func (m *Manifest) bytesOf(i int) int64 {
	switch n := m.length[i]; n {
	case more:
		return m.long[uint32(i)]
	case toEnd:
		return 0
	default:
		return int64(n)
	}
}

func appendBytes[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Unmarshal reads what Marshal returns. Other bytes are ErrCorrupt.
func Unmarshal(data []byte) (*Manifest, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%w: a manifest of %d bytes", store.ErrTooLarge, len(data))
	}
	m, err := unmarshal(data)
	if err != nil {
		return nil, fmt.Errorf("%w: references: %w", store.ErrCorrupt, err)
	}
	return m, nil
}

func unmarshal(data []byte) (*Manifest, error) {
	last := len(magic) - 1
	if len(data) < len(magic)+crc32.Size || string(data[:last]) != magic[:last] {
		return nil, fmt.Errorf("they do not begin as references of DosNa do")
	}
	if data[last] != magic[last] {
		return nil, fmt.Errorf("they are in version %d of their form, and version %d is known", data[last], magic[last])
	}
	body := data[:len(data)-crc32.Size]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[len(body):]) {
		return nil, fmt.Errorf("the checksum does not agree")
	}
	r := &fields{rest: body[len(magic):]}
	m := &Manifest{long: map[uint32]int64{}}
	r.sources(m)
	m.inline = slices.Clone(r.bytes(len(r.rest)))
	n := r.count(2) // bytes of a key at least
	m.keys = slices.Clone(r.bytes(math.MaxUint32))
	if r.err == nil {
		r.err = m.index(n)
	}
	r.columns(m, n)
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes follow them", len(r.rest))
	}
	return m, r.err
}

// fields reads one thing after the other, up to the first error.
type fields struct {
	rest []byte
	err  error
}

func (r *fields) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *fields) number() uint64 {
	x, n := binary.Uvarint(r.rest)
	if n <= 0 || r.err != nil {
		r.fail("they end within a number")
		return 0
	}
	r.rest = r.rest[n:]
	return x
}

func (r *fields) signed() int64 {
	x, n := binary.Varint(r.rest)
	if n <= 0 || r.err != nil {
		r.fail("they end within a number")
		return 0
	}
	r.rest = r.rest[n:]
	return x
}

// bytes returns what a length is before.
func (r *fields) bytes(most int) []byte {
	n := r.number()
	if n > uint64(len(r.rest)) || n > uint64(most) {
		r.fail("a part of %d bytes, and %d follow", n, len(r.rest))
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// count reads how many things follow that have so many bytes each at least.
func (r *fields) count(least int) int {
	n := r.number()
	if n > uint64(len(r.rest)/least) || n > mostRefs {
		r.fail("a list of %d, and %d bytes follow", n, len(r.rest))
		return 0
	}
	return int(n)
}

func (r *fields) sources(m *Manifest) {
	m.sources = make([]Source, 0, r.count(4))
	for range cap(m.sources) {
		url := r.bytes(mostURL)
		s := Source{URL: string(url), Size: int64(r.number()) - 1}
		s.Version = store.Version(r.bytes(mostURL))
		switch timed := r.number(); timed {
		case 0:
		case 1:
			sec, nsec := r.signed(), r.number()
			if nsec >= 1e9 || sec < -1<<40 || sec > 1<<40 {
				r.fail("the time of a source is %d s and %d ns", sec, nsec)
			}
			s.ModTime = time.Unix(sec, int64(nsec)).UTC()
		default:
			r.fail("the mark before a time is %d", timed)
		}
		if s.Size < -1 || s.URL == "" || !utf8.Valid(url) {
			r.fail("the source %.100q of %d bytes", url, s.Size)
		}
		if r.err != nil {
			return
		}
		m.sources = append(m.sources, s)
	}
}

// index finds where the blocks of keys begin, and checks that there are n valid
// keys in order.
func (m *Manifest) index(n int) error {
	var key, last []byte
	at := 0
	number := func() int {
		x, size := binary.Uvarint(m.keys[at:])
		if size <= 0 || x > uint64(len(m.keys)) {
			return -1
		}
		at += size
		return int(x)
	}
	m.blocks = make([]uint32, 0, (n+blockLen-1)/blockLen)
	for i := range n {
		first := i%blockLen == 0
		if first {
			m.blocks = append(m.blocks, uint32(at))
		}
		same := number()
		rest := -1
		if same >= 0 {
			rest = number()
		}
		if same < 0 || rest < 0 || same > len(key) || rest > len(m.keys)-at || first && (same != 0 || m.keys[m.blocks[len(m.blocks)-1]] != 0) {
			return fmt.Errorf("key %d is damaged", i)
		}
		last = append(last[:0], key...)
		key = append(key[:same], m.keys[at:at+rest]...)
		at += rest
		if i > 0 && string(key) <= string(last) {
			return fmt.Errorf("key %d, %.100q, is not behind %.100q", i, key, last)
		}
		if err := store.CheckKey(string(key)); err != nil {
			return err
		}
	}
	if at != len(m.keys) {
		return fmt.Errorf("%d bytes follow the keys", len(m.keys)-at)
	}
	return nil
}

func (r *fields) columns(m *Manifest, n int) {
	if r.err != nil {
		return
	}
	m.source, m.offset, m.length = make([]uint32, 0, n), make([]uint64, n), make([]uint32, n)
	for len(m.source) < n && r.err == nil {
		source, run := r.number(), r.number()
		if source > uint64(len(m.sources)) || run < 1 || run > uint64(n-len(m.source)) {
			r.fail("a run of %d references to source %d", run, source)
			return
		}
		m.source = append(m.source, slices.Repeat([]uint32{uint32(source)}, int(run))...)
	}
	ends := make([]int64, len(m.sources)+1)
	for i := range n {
		source := m.source[min(i, len(m.source)-1)]
		off, length := ends[source]+r.signed(), r.number()
		most := int64(len(m.inline))
		if source > 0 {
			if most = m.sources[source-1].Size; most < 0 {
				most = math.MaxInt64
			}
		}
		switch {
		case r.err != nil:
			return
		case off < 0 || off > most || length > uint64(most-off)+1 || length == 0 && source == 0 || length == 1 && source > 0:
			r.fail("reference %d is to %d bytes at %d, of %d", i, int64(length)-1, off, most)
			return
		}
		m.offset[i], ends[source] = uint64(off), off+max(int64(length)-1, 0)
		m.setLength(i, int64(length)-1)
	}
}

// setLength sets the length of a reference, negative for all to the end.
func (m *Manifest) setLength(i int, n int64) {
	switch {
	case n < 0:
		m.length[i] = toEnd
	case n >= more:
		m.length[i] = more
		m.long[uint32(i)] = n
	default:
		m.length[i] = uint32(n)
	}
}
