package ops

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

// TextStatistics are of texts or bytes, whose lengths are in characters (code points)
// or bytes.
type TextStatistics struct {
	// Count is the number of elements, and Empty that of those without anything in them.
	Count, Empty int
	// Distinct is how many different ones there are, at least: it is not counted
	// further than MaxDistinct, or 64 MiB of them.
	Distinct int
	// More says that there may be more than Distinct.
	More bool
	// Min and Max are the first and the last in the order of code points or bytes,
	// "" if Count is 0.
	Min, Max string
	// Shortest and Longest are lengths, and Total is the sum of all.
	Shortest, Longest, Total int
}

// MaxDistinct is how many different texts are told apart.
const MaxDistinct = 100_000

// maxDistinctBytes is how much memory these may take.
const maxDistinctBytes = 64 << 20

// TextStats takes statistics of the selected elements of a dataset of texts or bytes,
// a stored object at a time on each worker. A selection must not repeat elements.
//
// On an engine of several ranks every rank reads all, and has the result.
func TextStats(ctx context.Context, d *dosna.Dataset, sel nd.Selection) (TextStatistics, error) {
	s, err := takeTextStats(ctx, d, sel)
	if err != nil {
		return TextStatistics{}, fmt.Errorf("statistics of %s: %w", d, err)
	}
	return s.TextStatistics, nil
}

// textTally is TextStatistics being taken.
type textTally struct {
	TextStatistics
	mu       sync.Mutex
	distinct map[string]struct{}
	bytes    int // of these
}

func takeTextStats(ctx context.Context, d *dosna.Dataset, sel nd.Selection) (*textTally, error) {
	if !isText(d.Type()) {
		return nil, fmt.Errorf("%w: its elements are %s, which are not texts", dosna.ErrInvalid, d.Type())
	}
	region, err := sel.Resolve(d.Shape())
	if err != nil {
		return nil, err
	}
	o := d.Connection().Options()
	workers := 0
	if o.Engine != nil {
		workers = o.Engine.Workers()
	}
	alone := o
	alone.Engine, alone.Progress = engine.CPU(), nil
	serial := d.With(alone)
	pieces := region.Pieces(d.Grid())
	tick := progress(o, pieces.Len())
	all := &textTally{distinct: map[string]struct{}{}}
	return all, serial.Run(ctx, engine.Threads(workers), pieces.Len(), blockBytes(d, memoryOf(d.Type())), func(ctx context.Context, i int) error {
		p := pieces.At(i)
		texts, err := dosna.ReadText[string](ctx, serial, nd.BoxSelection(p.Box))
		if err != nil {
			return err
		}
		one := nd.View{Data: []byte{1}, Shape: region.Shape, Strides: make([]int, len(region.Shape)), Item: 1}
		canon, ok := region.Canonical(one)
		if !ok {
			return fmt.Errorf("the selection of shape %v cannot be laid out", region.Shape)
		}
		mask := make([]byte, p.Box.Size())
		p.Scatter(nd.NewView(mask, p.Box.Shape, 1), canon)
		kept := texts[:0]
		for i, selected := range mask {
			if selected != 0 {
				kept = append(kept, texts[i])
			}
		}
		if len(kept) != p.Count() {
			return fmt.Errorf("%w: the selection repeats elements; select each once", dosna.ErrInvalid)
		}
		all.add(kept, d.Type())
		tick()
		return nil
	})
}

// add adds texts.
func (s *textTally) add(texts []string, t dtype.Type) {
	length := utf8.RuneCountInString
	if !isUnicode(t) {
		length = func(text string) int { return len(text) }
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		n := length(text)
		if n == 0 {
			s.Empty++
		}
		if s.Count == 0 {
			s.Min, s.Max, s.Shortest, s.Longest = text, text, n, n
		}
		s.Min, s.Max = min(s.Min, text), max(s.Max, text)
		s.Shortest, s.Longest = min(s.Shortest, n), max(s.Longest, n)
		s.Total += n
		s.Count++
		if _, known := s.distinct[text]; known || s.More {
			continue
		}
		if len(s.distinct) == MaxDistinct || s.bytes+len(text) > maxDistinctBytes {
			s.More = true
			continue
		}
		s.distinct[strings.Clone(text)] = struct{}{}
		s.bytes += len(text)
		s.Distinct++
	}
	// what is kept must not keep all that was read with it
	s.Min, s.Max = strings.Clone(s.Min), strings.Clone(s.Max)
}
