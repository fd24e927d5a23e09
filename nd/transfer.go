package nd

// transfer moves elements between a canonical view and a box. Along each of its
// dimensions the positions on both sides are evenly spaced or listed.
type transfer struct {
	canonOff, boxOff int
	lines            []line
	listed           bool // at least one line is a list
}

// line is one dimension of a transfer, in bytes.
type line struct {
	n                    int
	canonStep, boxStep   int
	canonTable, boxTable []int // instead of the steps, if set
}

func (p Piece) transfer(canon, box View) transfer {
	t := transfer{canonOff: canon.Off, boxOff: box.Off}
	dim := 0
	if points := p.pieces.points; points != nil {
		t.points(p, points, canon, box)
		dim = 1
	}
	for i, axis := range p.pieces.region.free {
		q := &p.cuts[i]
		cs, bs := canon.Strides[dim+i], box.Strides[axis]
		if q.entries == nil {
			t.canonOff += q.pos * cs
			t.lines = append(t.lines, line{n: q.n, canonStep: q.posStep * cs, boxStep: q.step * bs})
			continue
		}
		l := newTable(q.n)
		for j, e := range q.entries {
			l.canonTable[j], l.boxTable[j] = e.pos*cs, (e.index-q.start)*bs
		}
		t.lines = append(t.lines, l)
		t.listed = true
	}
	return t
}

// points adds the line of the points in the piece.
func (t *transfer) points(p Piece, points *points, canon, box View) {
	order := points.order[p.group.lo:p.group.hi]
	l := newTable(len(order))
	for j, point := range order {
		l.canonTable[j] = point * canon.Strides[0]
		for a, axis := range points.axes {
			l.boxTable[j] += (points.columns[a][point] - p.Box.Start[axis]) * box.Strides[axis]
		}
	}
	t.lines = append(t.lines, l)
	t.listed = true
}

func newTable(n int) line {
	mem := make([]int, 2*n)
	return line{n: n, canonTable: mem[:n:n], boxTable: mem[n:]}
}

// run moves the elements to canon, or from it.
func (t *transfer) run(canon, box View, toCanon bool) {
	if !t.listed {
		c, b := t.views(canon, box)
		if toCanon {
			Copy(c, b)
		} else {
			Copy(b, c)
		}
		return
	}
	item := t.squeeze(canon.Item)
	m := mover{item: item, dst: box.Data, src: canon.Data, lines: make([]tables, len(t.lines))}
	if toCanon {
		m.dst, m.src = m.src, m.dst
	}
	for i := range t.lines {
		l := t.lines[i].tabled()
		m.lines[i] = tables{l.boxTable, l.canonTable}
		if toCanon {
			m.lines[i] = tables{l.canonTable, l.boxTable}
		}
	}
	if toCanon {
		m.move(t.canonOff, t.boxOff, 0)
	} else {
		m.move(t.boxOff, t.canonOff, 0)
	}
}

// views returns the two sides as views of the same shape.
func (t *transfer) views(canon, box View) (c, b View) {
	n := len(t.lines)
	mem := make([]int, 3*n)
	shape, cs, bs := mem[:n:n], mem[n:2*n:2*n], mem[2*n:]
	for i, l := range t.lines {
		shape[i], cs[i], bs[i] = l.n, l.canonStep, l.boxStep
	}
	return View{canon.Data, t.canonOff, shape, cs, canon.Item}, View{box.Data, t.boxOff, shape, bs, box.Item}
}

// squeeze drops lines of length 1, takes the last ones into the item while they
// are contiguous on both sides, and returns the item's size in bytes.
func (t *transfer) squeeze(item int) int {
	kept := t.lines[:0]
	for _, l := range t.lines {
		switch {
		case l.n > 1:
			kept = append(kept, l)
		case l.canonTable != nil:
			t.canonOff += l.canonTable[0]
			t.boxOff += l.boxTable[0]
		}
	}
	for len(kept) > 0 {
		l := kept[len(kept)-1]
		if l.canonTable != nil || l.canonStep != item || l.boxStep != item {
			break
		}
		item *= l.n
		kept = kept[:len(kept)-1]
	}
	t.lines = kept
	return item
}

// tabled returns the line with its positions listed.
func (l line) tabled() line {
	if l.canonTable != nil {
		return l
	}
	t := newTable(l.n)
	for i := range l.n {
		t.canonTable[i], t.boxTable[i] = i*l.canonStep, i*l.boxStep
	}
	return t
}

// mover is the loop nest of a transfer whose lines are all listed.
type mover struct {
	item     int
	dst, src []byte
	lines    []tables
}

type tables struct{ dst, src []int }

func (m *mover) move(dst, src, depth int) {
	if depth == len(m.lines) {
		copy(m.dst[dst:dst+m.item], m.src[src:src+m.item])
		return
	}
	t := m.lines[depth]
	if depth == len(m.lines)-1 {
		m.row(dst, src, t)
		return
	}
	for i, d := range t.dst {
		m.move(dst+d, src+t.src[i], depth+1)
	}
}

// row is the innermost loop.
func (m *mover) row(dst, src int, t tables) {
	switch m.item {
	case 1:
		for i, d := range t.dst {
			m.dst[dst+d] = m.src[src+t.src[i]]
		}
	case 2:
		for i, d := range t.dst {
			*(*[2]byte)(m.dst[dst+d:]) = [2]byte(m.src[src+t.src[i]:])
		}
	case 4:
		for i, d := range t.dst {
			*(*[4]byte)(m.dst[dst+d:]) = [4]byte(m.src[src+t.src[i]:])
		}
	case 8:
		for i, d := range t.dst {
			*(*[8]byte)(m.dst[dst+d:]) = [8]byte(m.src[src+t.src[i]:])
		}
	case 16:
		for i, d := range t.dst {
			*(*[16]byte)(m.dst[dst+d:]) = [16]byte(m.src[src+t.src[i]:])
		}
	default:
		for i, d := range t.dst {
			copy(m.dst[dst+d:dst+d+m.item], m.src[src+t.src[i]:])
		}
	}
}
