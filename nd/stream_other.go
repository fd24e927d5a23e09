//go:build !amd64

package nd

import "unsafe"

const streaming = false

func streamRows(_, _ unsafe.Pointer, _, _, _, _ int) {}
