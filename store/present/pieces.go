package present

import "slices"

// PieceSize is about how many bytes chunks have of what lies in one piece.
const PieceSize = 4 << 20

// mostPiece bounds a row that is not cut.
const mostPiece = 256 << 20

// Pieces cuts what lies in one piece, in elements of item bytes, so that each part does, too: rows, or parts of one, of at most so many elements; if it
// can be, into equal parts, since one that reaches beyond the end has to be made.
func Pieces(shape []int, item, most int) []int {
	out := make([]int, len(shape))
	inner := 1
	for i := len(shape) - 1; i >= 0; i-- {
		n := max(shape[i], 1)
		if out[i] = n; n > most {
			out[i] = equal(n, most)
			if n%out[i] != 0 && slices.ContainsFunc(shape[:i], func(n int) bool { return n > 1 }) && n <= mostPiece/max(item, 1)/inner {
				out[i] = n // or each row would have such a part
			}
			most = 1
		}
		inner *= out[i]
		most = max(most/out[i], 1)
	}
	return out
}

// equal returns the length of equal parts of n, which is at most so much, and not much less; most if there are none.
func equal(n, most int) int {
	least := (n + most - 1) / most
	for k := least; k <= 16*least && k <= n; k++ {
		if n%k == 0 {
			return n / k
		}
	}
	return most
}
