package layer

import (
	"context"
	"errors"
	"io"

	"github.com/dosna/dosna/store"
)

func (r *retrying) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	st, ok := r.below.(store.Streamer)
	if !ok {
		return nil, store.Info{}, errors.ErrUnsupported
	}
	rd := &retryingReader{ctx: ctx, r: r, st: st, key: key}
	var info store.Info
	err := r.do(ctx, func() (err error) {
		rd.below, info, err = st.OpenReader(ctx, key, o)
		return err
	})
	if err != nil {
		return nil, store.Info{}, err
	}
	if r.Guarantees().GetIfMatch {
		rd.version = info.Version
	}
	rd.off, rd.left, err = o.Range.In(info.Size)
	if err != nil { // the store below has found it right
		rd.version = ""
	}
	return rd, info, nil
}

// retryingReader opens its object again, behind what was read, in the same
// version.
type retryingReader struct {
	ctx     context.Context
	r       *retrying
	st      store.Streamer
	key     string
	below   io.ReadCloser
	version store.Version // "": it cannot be opened again
	off     int64         // what is to be read
	left    int64
	down    bool // below was closed after a failure
}

func (d *retryingReader) Read(p []byte) (n int, err error) {
	if d.below == nil {
		return 0, &store.Error{Op: "get", Store: d.r.String(), Key: d.key, Err: store.ErrClosed}
	}
	err = d.r.do(d.ctx, func() (err error) {
		if d.down {
			if err := d.reopen(); err != nil {
				return err
			}
		}
		n, err = d.below.Read(p)
		d.off += int64(n)
		d.left -= int64(n)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, store.ErrTemporary) || d.version == "":
			return final{err}
		case d.left == 0:
			return final{io.EOF} // there is nothing that could be missing
		}
		d.down = true
		if err := d.below.Close(); err != nil {
			return final{err}
		}
		if n > 0 {
			return nil // what was read is good
		}
		return err
	})
	var f final
	if errors.As(err, &f) {
		err = f.error
	}
	return n, err
}

// final is an error after which nothing is tried again, whatever it is.
type final struct{ error }

func (d *retryingReader) reopen() error {
	o := store.GetOptions{Range: store.Range{Off: d.off, Len: d.left}, Cond: store.Cond{IfMatch: d.version}}
	r, _, err := d.st.OpenReader(d.ctx, d.key, o)
	if err == nil {
		d.below, d.down = r, false
	}
	return err
}

func (d *retryingReader) Close() error {
	if d.below == nil || d.down {
		d.below = nil
		return nil
	}
	r := d.below
	d.below = nil
	return r.Close()
}
