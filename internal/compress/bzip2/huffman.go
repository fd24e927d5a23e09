package bzip2

import (
	"cmp"
	"slices"
)

const (
	groupLen  = 50 // symbols that share a table
	maxTables = 6
	maxSymbol = 258
	maxLength = 17 // bits of the longest code; decoders take up to 20
	rounds    = 4  // of choosing tables, and making them fit the choice
)

// table is a code: the bits of each symbol, and how many.
type table struct {
	length [maxSymbol]uint8
	code   [maxSymbol]uint32
}

// writeSymbols writes the symbols, of which there are so many kinds, and the
// codes that they are written in.
func (e *encoder) writeSymbols(kinds int) {
	tables := make([]table, tableCount(len(e.symbols)))
	e.divide(tables, kinds)
	choice := make([]uint8, (len(e.symbols)+groupLen-1)/groupLen)
	for range rounds {
		e.choose(tables, choice, kinds)
	}
	e.write(uint64(len(tables)), 3)
	e.write(uint64(len(choice)), 15)
	e.writeChoice(choice)
	for i := range tables {
		tables[i].assign(kinds)
		e.writeLengths(tables[i].length[:kinds])
	}
	for i, group := 0, e.symbols; len(group) > 0; i++ {
		t := &tables[choice[i]]
		for _, s := range group[:min(groupLen, len(group))] {
			e.write(uint64(t.code[s]), uint(t.length[s]))
		}
		group = group[min(groupLen, len(group)):]
	}
}

func tableCount(symbols int) int {
	switch {
	case symbols < 200:
		return 2
	case symbols < 600:
		return 3
	case symbols < 1200:
		return 4
	case symbols < 2400:
		return 5
	}
	return maxTables
}

// divide makes first tables, each for about as large a part of the symbols.
func (e *encoder) divide(tables []table, kinds int) {
	var count [maxSymbol]int
	for _, s := range e.symbols {
		count[s]++
	}
	from, left := 0, len(e.symbols)
	for i := range tables {
		to, sum := from, 0
		for to < kinds && sum < left/(len(tables)-i) {
			sum += count[to]
			to++
		}
		for s := range kinds {
			tables[i].length[s] = 15
			if s >= from && s < to {
				tables[i].length[s] = 0
			}
		}
		from, left = to, left-sum
	}
}

// choose finds the table that takes the fewest bits for each group of symbols,
// and makes every table the best one for the groups that chose it.
func (e *encoder) choose(tables []table, choice []uint8, kinds int) {
	var counts [maxTables][maxSymbol]int
	for i := range choice {
		group := e.symbols[i*groupLen : min((i+1)*groupLen, len(e.symbols))]
		best, least := 0, 0
		for t := range tables {
			bits := 0
			for _, s := range group {
				bits += int(tables[t].length[s])
			}
			if t == 0 || bits < least {
				best, least = t, bits
			}
		}
		choice[i] = uint8(best)
		for _, s := range group {
			counts[best][s]++
		}
	}
	for t := range tables {
		lengths(tables[t].length[:kinds], counts[t][:kinds])
	}
}

// writeChoice writes which table each group has, by its place in a list of those
// used lately.
func (e *encoder) writeChoice(choice []uint8) {
	list := [maxTables]uint8{0, 1, 2, 3, 4, 5}
	for _, c := range choice {
		at := slices.Index(list[:], c)
		copy(list[1:at+1], list[:at])
		list[0] = c
		for range at {
			e.write(1, 1)
		}
		e.write(0, 1)
	}
}

// writeLengths writes the lengths of codes, each by how it differs from the one
// before.
func (e *encoder) writeLengths(lengths []uint8) {
	now := lengths[0]
	e.write(uint64(now), 5)
	for _, l := range lengths {
		for ; now < l; now++ {
			e.write(0b10, 2)
		}
		for ; now > l; now-- {
			e.write(0b11, 2)
		}
		e.write(0, 1)
	}
}

// assign gives codes of the lengths to the symbols, in order.
func (t *table) assign(kinds int) {
	code := uint32(0)
	for l := uint8(1); l <= maxLength; l++ {
		for s := range kinds {
			if t.length[s] == l {
				t.code[s] = code
				code++
			}
		}
		code <<= 1
	}
}

// lengths sets the lengths of Huffman codes for symbols that occur so often;
// those that do not have codes, too. Where some would be too long, the counts are
// made more alike.
func lengths(dst []uint8, counts []int) {
	type node struct{ weight, left, right int } // leaves come first
	nodes := make([]node, len(counts), 2*len(counts))
	for i, n := range counts {
		nodes[i].weight = max(n, 1)
	}
	for {
		nodes = nodes[:len(counts)]
		leaves := make([]int, len(counts))
		for i := range leaves {
			leaves[i] = i
		}
		slices.SortStableFunc(leaves, func(a, b int) int { return cmp.Compare(nodes[a].weight, nodes[b].weight) })
		// Sums are made in ascending order, so that they queue up sorted.
		sums := len(counts)
		least := func() int {
			if len(leaves) > 0 && (sums == len(nodes) || nodes[leaves[0]].weight <= nodes[sums].weight) {
				i := leaves[0]
				leaves = leaves[1:]
				return i
			}
			sums++
			return sums - 1
		}
		for range len(counts) - 1 {
			a := least()
			b := least()
			nodes = append(nodes, node{nodes[a].weight + nodes[b].weight, a, b})
		}
		depth := make([]uint8, len(nodes))
		longest := uint8(0)
		for i := len(nodes) - 1; i >= len(counts); i-- {
			depth[nodes[i].left], depth[nodes[i].right] = depth[i]+1, depth[i]+1
			longest = max(longest, depth[i]+1)
		}
		if longest <= maxLength {
			copy(dst, depth[:len(counts)])
			return
		}
		for i := range counts {
			nodes[i].weight = nodes[i].weight/2 + 1
		}
	}
}
