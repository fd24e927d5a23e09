//go:build !linux

package serve

import "errors"

const canShare = false

func newSegment(uint64, int) (*segment, error) { return nil, errors.ErrUnsupported }
func (g *segment) close() error                { return nil }
func (g *segment) empty() error                { return errors.ErrUnsupported }
func (g *segment) rights() []byte              { return nil }
