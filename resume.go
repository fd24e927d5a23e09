package dosna

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/store"
)

// copyMissing copies what differs to a dataset of another layout that an earlier
// attempt has filled in part: both are read and compared, block by block, and those that
// are not equal, bit by bit, are written.
func (d *Dataset) copyMissing(ctx context.Context, dst *Dataset, block int) error {
	o := MapOptions{BlockBytes: block}
	if err := d.checkMap(ctx, dst, &o); err != nil {
		return err
	}
	dst, err := dst.toWrite(ctx, nil)
	if err != nil {
		return err
	}
	blocks := dst.blocks(o, d.item())
	err = d.c.run(ctx, d.c.o.engine(), blocks.Len(), d.blockBytes(dst, blocks, make([]int, d.NDim())), func(ctx context.Context, i int) error {
		box := blocks.Cell(blocks.Coords(i, nil))
		from, to, free := d.partWith(dst)
		defer free()
		want, wantBuf, err := hold(box.Shape, from.item())
		if err != nil {
			return fmt.Errorf("block %v: %w", box, err)
		}
		defer bufpool.Put(wantBuf)
		have, haveBuf, err := hold(box.Shape, from.item())
		if err != nil {
			return fmt.Errorf("block %v: %w", box, err)
		}
		defer bufpool.Put(haveBuf)
		if err := from.readSerial(ctx, box, want); err != nil {
			return err
		}
		err = to.readSerial(ctx, box, have)
		if err == nil && from.equal(want, have) {
			return nil
		}
		if err != nil && !errors.Is(err, ErrCorrupt) { // what is torn is written anew
			return err
		}
		return to.writeSerial(ctx, box, want)
	}, dst.c)
	return dst.wrote(ctx, err)
}

// sameObject reports whether a stored object is there with the same bytes as one
// of d: their sizes are compared, and then all of them.
func (d *Dataset) sameObject(ctx context.Context, key string, dst *Dataset, to string) (bool, error) {
	there, err := dst.c.store.Stat(ctx, to)
	if isNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	a, info, err := store.OpenReader(ctx, d.c.store, key, store.GetOptions{})
	if err != nil {
		return false, err
	}
	defer a.Close()
	if info.Size != there.Size {
		return false, nil
	}
	b, _, err := store.OpenReader(ctx, dst.c.store, to, store.GetOptions{})
	if isNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer b.Close()
	return sameBytes(a, b)
}

// compared is how many bytes are compared at a time.
const compared = 1 << 20

func sameBytes(a, b io.Reader) (bool, error) {
	x, y := bufpool.Get(compared), bufpool.Get(compared)
	defer bufpool.Put(x)
	defer bufpool.Put(y)
	for {
		n, errA := io.ReadFull(a, (*x)[:compared])
		m, errB := io.ReadFull(b, (*y)[:compared])
		endA, endB := ended(errA), ended(errB)
		switch {
		case errA != nil && !endA:
			return false, errA
		case errB != nil && !endB:
			return false, errB
		case !bytes.Equal((*x)[:n], (*y)[:m]) || endA != endB:
			return false, nil
		case endA:
			return true, nil
		}
	}
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
