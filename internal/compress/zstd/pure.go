package zstd

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"unsafe"

	kzstd "github.com/klauspost/compress/zstd"

	"github.com/dosna/dosna/internal/compress"
)

// pure is the implementation by klauspost/compress.
type pure struct{}

func (pure) name() string { return "klauspost/compress (Go)" }

// encoders holds idle encoders by speed, checksum and whether the content is
// small: none of it can be changed once an encoder is made.
var encoders [kzstd.SpeedBestCompression + 1][2][2]sync.Pool

// The encoder leaves out the size of a content below this, unless the frame is
// a single segment.
const smallContent = 256

func (pure) encode(dst, src []byte, level int, checksum bool) ([]byte, error) {
	if len(src) == 0 {
		return append(dst, emptyFrame[checksum]...), nil
	}
	speed := kzstd.SpeedDefault
	if level != 0 {
		speed = kzstd.EncoderLevelFromZstd(level)
	}
	small := len(src) < smallContent
	pool := &encoders[speed][index(checksum)][index(small)]
	e, ok := pool.Get().(*kzstd.Encoder)
	if !ok {
		options := []kzstd.EOption{
			kzstd.WithEncoderConcurrency(1),
			kzstd.WithEncoderLevel(speed),
			kzstd.WithEncoderCRC(checksum),
		}
		if small {
			options = append(options, kzstd.WithSingleSegment(true))
		}
		var err error
		if e, err = kzstd.NewWriter(nil, options...); err != nil {
			return dst, err
		}
	}
	dst = e.EncodeAll(src, dst)
	pool.Put(e)
	return dst, nil
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// emptyFrame is a frame of no content, which the encoder would write without
// the checksum asked for.
var emptyFrame = map[bool]string{
	false: "\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00",
	true:  "\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51",
}

var decoders = sync.Pool{New: func() any {
	// Output is limited by the destination's capacity, and whole frames are
	// decoded without a window of their own, so that its size does not matter.
	d, err := kzstd.NewReader(nil,
		kzstd.WithDecoderConcurrency(1),
		kzstd.WithDecodeAllCapLimit(true),
		kzstd.WithDecoderMaxWindow(1<<41))
	if err != nil {
		return err
	}
	return d
}}

func (pure) decode(dst, src []byte) (int, error) {
	d, ok := decoders.Get().(*kzstd.Decoder)
	if !ok {
		return 0, errors.New("decode zstd: no decoder could be made")
	}
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
	decoders.Put(d)
	if err != nil {
		return 0, pureError(err)
	}
	if len(out) > len(dst) {
		return 0, pureError(kzstd.ErrDecoderSizeExceeded)
	}
	if unsafe.SliceData(out) != unsafe.SliceData(dst) {
		copy(dst, out)
	}
	return len(out), nil
}

func (pure) prefix(dst, src []byte, windowMax int) error {
	d, err := kzstd.NewReader(bytes.NewReader(src),
		kzstd.WithDecoderConcurrency(1),
		kzstd.WithDecoderMaxWindow(uint64(windowMax)),
		kzstd.WithDecodeBuffersBelow(0))
	if err != nil {
		return pureError(err)
	}
	defer d.Close()
	if _, err := io.ReadFull(d, dst); err != nil {
		return pureError(err)
	}
	return nil
}

// shortError marks output that does not fit its destination.
type shortError struct{ error }

func (e shortError) Unwrap() error { return e.error }

func isShort(err error) bool {
	var s shortError
	return errors.As(err, &s)
}

func pureError(err error) error {
	e := compress.Corrupt("zstd", "%v", err)
	if errors.Is(err, kzstd.ErrDecoderSizeExceeded) {
		return shortError{e}
	}
	return e
}
