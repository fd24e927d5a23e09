package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
)

// Races returns the checks in which many use the store at once.
func Races() []Race { return slices.Clone(races) }

var races = []Race{
	{name: "no torn reads", setup: putFirst, work: raceTorn},
	{name: "streams", light: true, setup: putFirst, work: raceStreams},
	{name: "versions are never used twice", setup: putFirst, work: raceVersions, judge: judgeVersions},
	{name: "one put if absent wins", light: true, work: raceAbsent, judge: judgeAbsent,
		needs: func(g store.Guarantees) bool { return g.PutIfAbsent }},
	{name: "put if match loses no update", light: true, work: raceMatch, judge: judgeMatch,
		needs: func(g store.Guarantees) bool { return g.PutIfMatch && g.PutIfAbsent }},
	{name: "delete if match takes one version", work: raceDelete, judge: judgeDelete,
		needs: func(g store.Guarantees) bool { return g.DeleteIfMatch && g.PutIfAbsent }},
	{name: "a version is changed once", setup: putFirst, work: raceOnce, judge: judgeOnce,
		needs: func(g store.Guarantees) bool { return g.PutIfMatch && g.DeleteIfMatch && g.PutIfAbsent }},
	{name: "get if match returns that version", setup: putFirst, work: raceGet,
		needs: func(g store.Guarantees) bool { return g.GetIfMatch }},
	{name: "folders come and go", work: raceFolders, judge: judgeFolders},
	{name: "listing what changes", setup: putLasting, work: raceList},
	{name: "busy", light: true, setup: putLasting, work: raceBusy},
}

var raceChecks = func() []Check {
	out := make([]Check, len(races))
	for i, r := range races {
		out[i] = r.Check()
	}
	return out
}()

// coloured is an object that shows whether it is whole: one byte, repeated, as
// often as that byte says.
func coloured(colour byte) []byte {
	return bytes.Repeat([]byte{colour}, 1000+97*int(colour))
}

func whole(p []byte) error {
	if len(p) == 0 || !bytes.Equal(p, coloured(p[0])) {
		return fmt.Errorf("a read returned parts of different puts, or part of one: %s", Brief(p))
	}
	return nil
}

func putFirst(ctx context.Context, s store.Store) error {
	_, err := put(ctx, s, "a/x", coloured(0))
	return err
}

func raceTorn(ctx context.Context, s store.Store, worker int, _ *Tally) error {
	var buf []byte
	for i := range 60 {
		if worker%4 == 0 {
			half := coloured(byte(worker + i))
			n := len(half) / 3
			if _, err := s.Put(ctx, "a/x", [][]byte{half[:n], half[n:]}, store.Cond{}); err != nil {
				return err
			}
			continue
		}
		got, info, err := s.Get(ctx, "a/x", store.GetOptions{}, buf[:0])
		if err != nil {
			return err
		}
		if err := whole(got); err != nil {
			return err
		}
		if info.Size != int64(len(got)) {
			return fmt.Errorf("get returned %d bytes with the size %d", len(got), info.Size)
		}
		buf = got
		spans := []span{newSpan(0, 500), newSpan(700, 300), newSpan(-1000, 1000)}
		for _, worth := range [][]span{spans, spans[2:]} {
			if err := raceSpans(ctx, s, store.Cond{}, worth, -1); err != nil {
				return err
			}
		}
	}
	return nil
}

// raceSpans reads spans of a coloured object: all must be of one colour, that
// given unless it is -1.
func raceSpans(ctx context.Context, s store.Store, c store.Cond, spans []span, colour int) error {
	_, err := store.GetRanges(ctx, s, "a/x", c, nds(spans))
	if errors.Is(err, store.ErrConflict) {
		return nil // it may say so, but not mix versions
	}
	if err != nil {
		return err
	}
	if colour < 0 {
		colour = int(spans[0].nd().Dst[0])
	}
	for _, p := range spans {
		if dst := p.nd().Dst; !bytes.Equal(dst, bytes.Repeat([]byte{byte(colour)}, len(dst))) {
			return fmt.Errorf("spans read at once are of different puts, or of another version than was asked for: %s", Brief(dst))
		}
	}
	return nil
}

// raceStreams: what is written as a stream appears at once, too, and what is
// read as one is one object, or an error.
func raceStreams(ctx context.Context, s store.Store, worker int, _ *Tally) error {
	for i := range 15 {
		switch worker % 4 {
		case 0:
			if err := streamColour(ctx, s, byte(worker+i)); err != nil {
				return err
			}
		case 1:
			if err := readColour(ctx, s); err != nil {
				return err
			}
		default:
			got, _, err := s.Get(ctx, "a/x", store.GetOptions{}, nil)
			if err != nil {
				return err
			}
			if err := whole(got); err != nil {
				return err
			}
		}
	}
	return nil
}

func streamColour(ctx context.Context, s store.Store, colour byte) error {
	w, err := store.OpenWriter(ctx, s, "a/x", store.Cond{})
	if err != nil {
		return err
	}
	defer w.Close()
	data := coloured(colour)
	for len(data) > 0 {
		n := min(len(data), 700)
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		runtime.Gosched()
		data = data[n:]
	}
	_, err = w.Commit()
	return err
}

func readColour(ctx context.Context, s store.Store) error {
	r, info, err := store.OpenReader(ctx, s, "a/x", store.GetOptions{})
	if err != nil {
		return err
	}
	defer r.Close()
	var got []byte
	for buf := make([]byte, 900); ; runtime.Gosched() {
		n, err := r.Read(buf)
		got = append(got, buf[:n]...)
		if errors.Is(err, store.ErrConflict) {
			return nil // it may say so, but not mix versions
		}
		if err != nil {
			if int64(len(got)) != info.Size {
				return fmt.Errorf("a reader ended after %d bytes of %d: %w", len(got), info.Size, err)
			}
			return whole(got)
		}
	}
}

// raceVersions notes which version each writer was given, and which each reader
// saw, for which bytes.
func raceVersions(ctx context.Context, s store.Store, worker int, t *Tally) error {
	note := func(v store.Version, colour byte, size int64) {
		if v != "" {
			t.add(fmt.Sprintf("%q %d %d", v, colour, size))
		}
	}
	for i := range 40 {
		colour := byte(1 + (worker*40+i)%250)
		switch worker % 4 {
		case 0, 1:
			v, err := put(ctx, s, "a/x", coloured(colour))
			if err != nil {
				return err
			}
			note(v, colour, int64(len(coloured(colour))))
			if worker%8 == 1 && i%4 == 0 {
				if err := s.Delete(ctx, "a/x", store.Cond{}); err != nil {
					return err
				}
			}
		default:
			got, info, err := s.Get(ctx, "a/x", store.GetOptions{}, nil)
			if errors.Is(err, store.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if err := whole(got); err != nil {
				return err
			}
			note(info.Version, got[0], info.Size)
		}
	}
	return nil
}

func judgeVersions(_ context.Context, _ store.Store, t *Tally) error {
	seen := map[string]string{}
	for _, note := range t.sorted() {
		v := note[:strings.LastIndexByte(note, '"')+1]
		if other, ok := seen[v]; ok {
			return fmt.Errorf("one version stands for different bytes: %s and %s (version, colour, size)", other, note)
		}
		seen[v] = note
	}
	return nil
}

// raceAbsent: in each of many rounds all put, and one may succeed.
func raceAbsent(ctx context.Context, s store.Store, worker int, t *Tally) error {
	for round := range 40 {
		_, err := s.Put(ctx, absentKey(round), [][]byte{{byte(worker)}}, store.Cond{IfAbsent: true})
		if err == nil {
			t.add(fmt.Sprintf("%d won by %d", round, worker))
		} else if !errors.Is(err, store.ErrExist) {
			return err
		}
	}
	return nil
}

func absentKey(round int) string { return fmt.Sprintf("a/%d/x", round) }

func judgeAbsent(ctx context.Context, s store.Store, t *Tally) error {
	winners := map[int]int{}
	for _, note := range t.sorted() {
		var round, worker int
		if _, err := fmt.Sscanf(note, "%d won by %d", &round, &worker); err != nil {
			return err
		}
		if first, ok := winners[round]; ok {
			return fmt.Errorf("more than one put if absent of a key succeeded: those of workers %d and %d", first, worker)
		}
		winners[round] = worker
		if err := Holds(ctx, s, absentKey(round), []byte{byte(worker)}); err != nil {
			return fmt.Errorf("the object is not of the one put if absent that succeeded: %w", err)
		}
	}
	if len(winners) != 40 {
		return fmt.Errorf("of 40 keys %d were put if absent, though all were absent", len(winners))
	}
	return nil
}

func raceMatch(ctx context.Context, s store.Store, worker int, _ *Tally) error {
	for range 8 {
		if err := Increment(ctx, s, fmt.Sprintf("a/%d", worker%2)); err != nil {
			return err
		}
	}
	return nil
}

func judgeMatch(ctx context.Context, s store.Store, _ *Tally) error {
	for _, key := range []string{"a/0", "a/1"} {
		n, err := Count(ctx, s, key)
		if err != nil {
			return err
		}
		if n != Workers/2*8 {
			return fmt.Errorf("%d increments by conditional puts counted to %d", Workers/2*8, n)
		}
	}
	return nil
}

// raceDelete: as many deletes of a version succeed as puts did, and no more;
// nobody's object is taken with another's version.
func raceDelete(ctx context.Context, s store.Store, worker int, t *Tally) error {
	for range 25 {
		_, err := s.Put(ctx, "a/x", [][]byte{{byte(worker)}}, store.Cond{IfAbsent: true})
		if err == nil {
			t.add("puts")
		} else if !errors.Is(err, store.ErrExist) {
			return err
		}
		info, err := s.Stat(ctx, "a/x")
		if errors.Is(err, store.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		runtime.Gosched()
		err = s.Delete(ctx, "a/x", store.Cond{IfMatch: info.Version})
		if err == nil {
			t.add("deletes")
		} else if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return nil
}

func judgeDelete(ctx context.Context, s store.Store, t *Tally) error {
	left := 1
	if _, err := s.Stat(ctx, "a/x"); errors.Is(err, store.ErrNotExist) {
		left = 0
	} else if err != nil {
		return err
	}
	if t.n["puts"] != t.n["deletes"]+left {
		return fmt.Errorf("of %d puts if absent %d were deleted, each by its version, and %d are left", t.n["puts"], t.n["deletes"], left)
	}
	return nil
}

// raceOnce: of all who replace or delete one version, one succeeds, once. No two
// put the same bytes, which might have the same version.
func raceOnce(ctx context.Context, s store.Store, worker int, t *Tally) error {
	for i := range 40 {
		info, err := s.Stat(ctx, "a/x")
		if errors.Is(err, store.ErrNotExist) {
			_, err := s.Put(ctx, "a/x", [][]byte{fmt.Appendf(nil, "%d %d", worker, i)}, store.Cond{IfAbsent: true})
			if err != nil && !errors.Is(err, store.ErrExist) {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		runtime.Gosched()
		c := store.Cond{IfMatch: info.Version}
		if (worker+i)%3 == 0 {
			err = s.Delete(ctx, "a/x", c)
		} else {
			_, err = s.Put(ctx, "a/x", [][]byte{fmt.Appendf(nil, "%d %d", worker, i)}, c)
		}
		if err == nil {
			t.add(string(info.Version))
		} else if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return nil
}

func judgeOnce(_ context.Context, _ store.Store, t *Tally) error {
	for _, v := range t.sorted() {
		if n := t.n[v]; n != 1 {
			return fmt.Errorf("%d conditional puts and deletes of the one version %q succeeded", n, v)
		}
	}
	return nil
}

func raceGet(ctx context.Context, s store.Store, worker int, _ *Tally) error {
	for i := range 60 {
		if worker%4 == 0 {
			if _, err := put(ctx, s, "a/x", coloured(byte(worker+i))); err != nil {
				return err
			}
			continue
		}
		first, info, err := s.Get(ctx, "a/x", store.GetOptions{}, nil)
		if err != nil {
			return err
		}
		c := store.Cond{IfMatch: info.Version}
		again, _, err := s.Get(ctx, "a/x", store.GetOptions{Range: store.Range{Off: -700}, Cond: c}, nil)
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
		if err == nil && !bytes.Equal(again, first[len(first)-700:]) {
			return errors.New("get with IfMatch returned bytes of another version")
		}
		if err := raceSpans(ctx, s, c, []span{newSpan(0, 200), newSpan(-300, 200)}, int(first[0])); err != nil {
			return err
		}
	}
	return nil
}

// raceFolders: each worker puts and deletes its own key among the others'.
// Folders that are empty for a moment must not take what is being put with
// them.
func raceFolders(ctx context.Context, s store.Store, worker int, _ *Tally) error {
	key := folderKey(worker)
	data := []byte(key)
	for i := range 40 {
		if _, err := put(ctx, s, key, data); err != nil {
			return err
		}
		if err := Holds(ctx, s, key, data); err != nil {
			return err
		}
		if i == 39 && worker%2 == 0 {
			return nil
		}
		if err := s.Delete(ctx, key, store.Cond{}); err != nil {
			return err
		}
		if rand.IntN(3) == 0 {
			if _, err := Keys(ctx, s, store.ListOptions{Prefix: "a/"}); err != nil {
				return err
			}
		}
	}
	return nil
}

func folderKey(worker int) string { return fmt.Sprintf("a/b/%d/%d", worker%3, worker) }

func judgeFolders(ctx context.Context, s store.Store, _ *Tally) error {
	var want []string
	for worker := 0; worker < Workers; worker += 2 {
		want = append(want, folderKey(worker))
	}
	return lists(ctx, s, want...)
}
