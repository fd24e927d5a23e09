package codec

import (
	"fmt"
	"math"
)

// Block is elements one behind the other.
type Block struct {
	Data []byte
	// Ends is where each element ends in Data; the first begins at 0. It is nil if
	// all have the same size.
	Ends []int64
}

// At returns element i of a block whose elements are of any length.
func (b Block) At(i int) []byte {
	from := int64(0)
	if i > 0 {
		from = b.Ends[i-1]
	}
	return b.Data[from:b.Ends[i]:b.Ends[i]]
}

// Check reports why Ends are not those of elements in Data, or nil.
func (b Block) Check() error {
	from := int64(0)
	for i, end := range b.Ends {
		switch {
		case end < from || end > int64(len(b.Data)):
			return fmt.Errorf("element %d ends at byte %d, and it begins at %d of %d", i, end, from, len(b.Data))
		case end-from > math.MaxUint32:
			return fmt.Errorf("element %d has %d bytes, and at most %d can be stored", i, end-from, math.MaxUint32)
		}
		from = end
	}
	if from != int64(len(b.Data)) {
		return fmt.Errorf("the last of %d elements ends at byte %d of %d", len(b.Ends), from, len(b.Data))
	}
	return nil
}

// Join makes a block of elements.
func Join[T string | []byte](elements []T) Block {
	b := Block{Ends: make([]int64, len(elements))}
	n := 0
	for i, e := range elements {
		n += len(e)
		b.Ends[i] = int64(n)
	}
	b.Data = make([]byte, 0, n)
	for _, e := range elements {
		b.Data = append(b.Data, e...)
	}
	return b
}
