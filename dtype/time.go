package dtype

import (
	"fmt"
	"strconv"
	"strings"
)

// TimeUnit is a unit of time, as NumPy has them (its page "Datetimes and
// timedeltas"; zarr-extensions, numpy.datetime64 and numpy.timedelta64).
type TimeUnit uint8

// The units.
const (
	Generic TimeUnit = iota // none is said
	Year
	Month
	Week
	Day
	Hour
	Minute
	Second
	Millisecond
	Microsecond
	Nanosecond
	Picosecond
	Femtosecond
	Attosecond
)

var timeUnits = [...]string{"generic", "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"}

// String returns the unit's name in metadata: "Y" to "as", or "generic".
func (u TimeUnit) String() string {
	if int(u) < len(timeUnits) {
		return timeUnits[u]
	}
	return "?"
}

// ParseTimeUnit reads what String writes, and "μs" for microseconds.
func ParseTimeUnit(s string) (TimeUnit, error) {
	if s == "μs" || s == "µs" { // the Greek letter and the sign
		return Microsecond, nil
	}
	for u, name := range timeUnits {
		if name == s {
			return TimeUnit(u), nil
		}
	}
	return 0, fmt.Errorf("unknown unit of time %q (known: %s)", clip([]byte(s)), strings.Join(timeUnits[:], ", "))
}

// maxScale is the largest scale factor, NumPy's.
const maxScale = 1<<31 - 1

// NewDatetime returns the type of counts since the beginning of 1970 of scale
// times a unit: numpy.datetime64. Leap seconds are not counted.
func NewDatetime(unit TimeUnit, scale int) (Type, error) {
	return newTime("numpy.datetime64", Datetime, unit, scale)
}

// NewTimedelta returns the type of counts of scale times a unit:
// numpy.timedelta64.
func NewTimedelta(unit TimeUnit, scale int) (Type, error) {
	return newTime("numpy.timedelta64", Timedelta, unit, scale)
}

func newTime(name string, kind Kind, unit TimeUnit, scale int) (Type, error) {
	if int(unit) >= len(timeUnits) {
		return Type{}, fmt.Errorf("%s: there is no unit of time %d", name, unit)
	}
	if scale < 1 || scale > maxScale {
		return Type{}, fmt.Errorf("%s: a scale factor of %d is not from 1 to %d", name, scale, maxScale)
	}
	return Type{name: name, kind: kind, time: unit, scale: int32(scale), size: 8, unit: 8}, nil
}

// Time returns the unit of a Datetime or Timedelta, and how many of it are
// counted as one.
func (t Type) Time() (unit TimeUnit, scale int) { return t.time, int(t.scale) }

// timeSuffix returns what NumPy writes behind the name: "[ns]", "[10us]", or
// nothing for generic units.
func (t Type) timeSuffix() string {
	switch {
	case t.time == Generic && t.scale == 1:
		return ""
	case t.scale == 1:
		return "[" + t.time.String() + "]"
	}
	return "[" + strconv.Itoa(int(t.scale)) + t.time.String() + "]"
}

// parseTimeSuffix reads what timeSuffix writes.
func parseTimeSuffix(s string) (TimeUnit, int, error) {
	if s == "" {
		return Generic, 1, nil
	}
	inner, ok := strings.CutSuffix(s, "]")
	inner, ok2 := strings.CutPrefix(inner, "[")
	if !ok || !ok2 {
		return 0, 0, fmt.Errorf("%q is not a unit of time in brackets, such as [ns] or [10us]", clip([]byte(s)))
	}
	name := strings.TrimLeft(inner, "0123456789")
	scale := 1
	if digits := inner[:len(inner)-len(name)]; digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n > maxScale {
			return 0, 0, fmt.Errorf("%q: the scale factor is not from 1 to %d", clip([]byte(s)), maxScale)
		}
		scale = n
	}
	unit, err := ParseTimeUnit(name)
	return unit, scale, err
}

// notATime is the count of NaT.
const notATime = -1 << 63

// steps returns the count of units that is the count of an element; false if it
// is more than an int64 holds.
func (t Type) steps(count int64) (int64, bool) {
	n := count * int64(t.scale)
	return n, n/int64(t.scale) == count
}

// formatTime writes a datetime or timedelta. What has no other text, for want of
// a unit or because it is too large, is written as the count alone.
func (t Type) formatTime(count int64) string {
	if count == notATime {
		return "NaT"
	}
	n, ok := t.steps(count)
	switch {
	case ok && t.kind == Timedelta && t.time != Generic:
		return strconv.FormatInt(n, 10) + t.time.String()
	case ok && t.kind == Datetime && t.time != Generic:
		if s, ok := formatDate(n, t.time); ok {
			return s
		}
	}
	return "@" + strconv.FormatInt(count, 10)
}

// parseTime reads what formatTime writes.
func (t Type) parseTime(s string) (int64, error) {
	if strings.EqualFold(s, "NaT") {
		return notATime, nil
	}
	if digits, ok := strings.CutPrefix(s, "@"); ok {
		count, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a 64-bit integer", clip([]byte(digits)))
		}
		return count, nil
	}
	if t.kind == Timedelta {
		return t.parseDuration(s)
	}
	return t.parseDate(s)
}
