package nd

// Runs calls f for the runs of bytes that Gather copies and that lie, byte for
// byte, as long in canon as in box: n bytes at canonOff of the one's memory and
// at boxOff of the other's, which need not be there. They come in no particular
// order.
func (p Piece) Runs(canon, box View, f func(canonOff, boxOff, n int)) {
	t := p.transfer(canon, box)
	n := t.squeeze(canon.Item)
	t.each(0, t.canonOff, t.boxOff, func(canonOff, boxOff int) { f(canonOff, boxOff, n) })
}

// each calls f with the offsets of the elements of the lines from depth on.
func (t *transfer) each(depth, canonOff, boxOff int, f func(canonOff, boxOff int)) {
	if depth == len(t.lines) {
		f(canonOff, boxOff)
		return
	}
	l := &t.lines[depth]
	for i := range l.n {
		c, b := i*l.canonStep, i*l.boxStep
		if l.canonTable != nil {
			c, b = l.canonTable[i], l.boxTable[i]
		}
		t.each(depth+1, canonOff+c, boxOff+b, f)
	}
}

// Sparse reports whether the region is more than a box whose axes may be
// reversed: the boxes of its pieces may hold elements that are not selected.
func (r *Region) Sparse() bool {
	if r.joint != nil {
		return true
	}
	for i := range r.axes {
		if p := &r.axes[i]; p.list != nil || p.step != 1 && p.n > 1 {
			return true
		}
	}
	return false
}
