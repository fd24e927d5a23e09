package dtype

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// attoseconds returns the length of a unit, or nil for those that have no fixed
// one.
func (u TimeUnit) attoseconds() *big.Int {
	seconds := int64(1)
	switch u {
	case Generic, Year, Month:
		return nil
	case Week:
		seconds = 7 * secondsPerDay
	case Day:
		seconds = secondsPerDay
	case Hour:
		seconds = 3600
	case Minute:
		seconds = 60
	}
	n := big.NewInt(powers[18-u.decimals()])
	return n.Mul(n, big.NewInt(seconds))
}

var errDuration = errors.New(`want an integer and a unit of time, such as 90m; an integer alone, which is a count; or NaT`)

// parseDuration reads a count with a unit, or a bare one. It is an error if the
// type's own unit cannot be as exact.
func (t Type) parseDuration(s string) (int64, error) {
	name := strings.TrimLeft(s, "+-0123456789")
	n, ok := new(big.Int), len(s)-len(name) <= 64
	if ok {
		n, ok = n.SetString(s[:len(s)-len(name)], 10)
	}
	if !ok {
		return 0, errDuration
	}
	if name == "" {
		if !n.IsInt64() || n.Int64() == notATime {
			return 0, errors.New("out of range")
		}
		return n.Int64(), nil
	}
	unit, err := ParseTimeUnit(strings.TrimLeft(name, " "))
	if err != nil {
		return 0, err
	}
	if unit == t.time && unit != Generic {
		return t.count(n)
	}
	have, want := unit.attoseconds(), t.time.attoseconds()
	switch {
	case have != nil && want != nil:
	case unit == Year && t.time == Month:
		have, want = big.NewInt(12), big.NewInt(1)
	case unit == Month && t.time == Year:
		have, want = big.NewInt(1), big.NewInt(12)
	default:
		return 0, fmt.Errorf("%s is no fixed number of the type's unit, %s", unit, t.time)
	}
	var odd big.Int
	n.Mul(n, have).DivMod(n, want, &odd)
	if odd.Sign() != 0 {
		return 0, fmt.Errorf("it is no whole number of the type's unit, %s", t.time)
	}
	return t.count(n)
}
