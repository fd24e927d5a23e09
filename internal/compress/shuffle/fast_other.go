//go:build !amd64

package shuffle

func bytesFast(dst, src []byte, size, n int) int { return bytesPure(dst, src, size, n) }

func undoBytesFast(dst, src []byte, size, n int) int { return undoBytesPure(dst, src, size, n) }

func transposeWordsFast([]byte) int { return 0 }
