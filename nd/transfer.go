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
	m := mover{item: t.squeeze(canon.Item), lines: make([]tables, len(t.lines))}
	for i := range t.lines {
		l := t.lines[i].tabled()
		if toCanon {
			m.lines[i] = tables{l.canonTable, l.boxTable}
		} else {
			m.lines[i] = tables{l.boxTable, l.canonTable}
		}
	}
	if toCanon {
		m.run(canon.Data, box.Data, t.canonOff, t.boxOff)
	} else {
		m.run(box.Data, canon.Data, t.boxOff, t.canonOff)
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
