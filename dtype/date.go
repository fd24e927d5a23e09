package dtype

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

const secondsPerDay = 24 * 60 * 60

// decimals returns the digits behind the point of seconds in a unit.
func (u TimeUnit) decimals() int { return max(0, 3*(int(u)-int(Second))) }

var powers = func() (p [19]int64) {
	p[0] = 1
	for i := range len(p) - 1 {
		p[i+1] = 10 * p[i]
	}
	return p
}()

// formatDate writes n units since 1970 in the form of ISO 8601, in the precision
// of the unit, as NumPy does; false if the numbers are too large.
func formatDate(n int64, u TimeUnit) (string, bool) {
	switch u {
	case Year:
		return fmt.Sprintf("%04d", 1970+n), n <= math.MaxInt64-1970
	case Month:
		return fmt.Sprintf("%04d-%02d", 1970+floorDiv(n, 12), n-12*floorDiv(n, 12)+1), true
	case Week:
		return formatDay(7 * n), n == 7*n/7 && inCalendar(7*n)
	case Day:
		return formatDay(n), inCalendar(n)
	}
	var fraction int64
	seconds := n
	switch u {
	case Hour, Minute:
		minutes := int64(1)
		if u == Hour {
			minutes = 60
		}
		perDay := 24 * 60 / minutes
		day := floorDiv(n, perDay)
		n = (n - day*perDay) * minutes
		s := fmt.Sprintf("%sT%02d", formatDay(day), n/60)
		if u == Minute {
			s += fmt.Sprintf(":%02d", n%60)
		}
		return s, true
	case Second:
	default:
		per := powers[u.decimals()]
		seconds = floorDiv(n, per)
		fraction = n - seconds*per
	}
	day := floorDiv(seconds, secondsPerDay)
	seconds -= day * secondsPerDay
	s := fmt.Sprintf("%sT%02d:%02d:%02d", formatDay(day), seconds/3600, seconds/60%60, seconds%60)
	if d := u.decimals(); d > 0 {
		s += fmt.Sprintf(".%0*d", d, fraction)
	}
	return s, true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// The calendar is the Gregorian one, before 1582 too, and has a year 0. In it,
// 400 years from a first of March are 146097 days; that of year 0 is 719468 days
// before 1970.
const (
	daysPerEra   = 146097
	marchOfYear0 = 719468
)

func inCalendar(day int64) bool { return day <= math.MaxInt64-marchOfYear0 }

func formatDay(day int64) string {
	day += marchOfYear0
	era := floorDiv(day, daysPerEra)
	day -= era * daysPerEra
	year := (day - day/1460 + day/36524 - day/146096) / 365 // from March
	day -= 365*year + year/4 - year/100
	month := (5*day + 2) / 153 // 0 is March
	day -= (153*month + 2) / 5
	year += 400 * era
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day+1)
}

// daysSince1970 is the inverse of formatDay.
func daysSince1970(year *big.Int, month, day int64) *big.Int {
	if month -= 3; month < 0 {
		month += 12
		year.Sub(year, big.NewInt(1))
	}
	era, y := new(big.Int).DivMod(year, big.NewInt(400), new(big.Int))
	inEra := 365*y.Int64() + y.Int64()/4 - y.Int64()/100 + (153*month+2)/5 + day - 1
	era.Mul(era, big.NewInt(daysPerEra))
	return era.Add(era, big.NewInt(inEra-marchOfYear0))
}

// date is a point in time as ISO 8601 writes it: fraction is in attoseconds.
type date struct {
	year                             *big.Int
	month, day, hour, minute, second int64
	fraction                         int64
}

var errDate = errors.New(`want a date such as 2026-02-28T23:59:59.5, parts of it left off at the end; NaT; or the count of units since 1970 as @5`)

// parseDate reads a date and returns its count. It is an error if a count cannot
// be as exact as the date.
func (t Type) parseDate(s string) (int64, error) {
	d, err := splitDate(s)
	if err != nil {
		return 0, err
	}
	if t.time == Generic {
		return 0, errors.New("the type has no unit of time: want NaT or a count, such as @5")
	}
	var n *big.Int
	rest := d.fraction != 0 || d.second != 0 || d.minute != 0 || d.hour != 0 // below a day
	switch t.time {
	case Year, Month:
		rest = rest || d.day != 1 || t.time == Year && d.month != 1
		n = d.year.Sub(d.year, big.NewInt(1970))
		if t.time == Month {
			n.Mul(n, big.NewInt(12)).Add(n, big.NewInt(d.month-1))
		}
	case Week, Day:
		n = daysSince1970(d.year, d.month, d.day)
		if t.time == Week {
			var odd big.Int
			n.DivMod(n, big.NewInt(7), &odd)
			rest = rest || odd.Sign() != 0
		}
	default:
		n = daysSince1970(d.year, d.month, d.day)
		n.Mul(n, big.NewInt(secondsPerDay)).Add(n, big.NewInt(3600*d.hour+60*d.minute+d.second))
		n.Mul(n, big.NewInt(powers[18])).Add(n, big.NewInt(d.fraction))
		var odd big.Int
		n.DivMod(n, t.time.attoseconds(), &odd)
		rest = odd.Sign() != 0
	}
	if rest {
		return 0, fmt.Errorf("it is no whole number of the type's unit, %s", t.time)
	}
	return t.count(n)
}

// count divides by the scale.
func (t Type) count(n *big.Int) (int64, error) {
	var odd big.Int
	n.DivMod(n, big.NewInt(int64(t.scale)), &odd)
	switch {
	case odd.Sign() != 0:
		return 0, fmt.Errorf("it is no multiple of %d%s", t.scale, t.time)
	case !n.IsInt64() || n.Int64() == notATime:
		return 0, errors.New("out of range")
	}
	return n.Int64(), nil
}

func splitDate(s string) (d date, err error) {
	s = strings.TrimSuffix(s, "Z")
	day, clock, timed := strings.Cut(s, "T")
	if !timed {
		day, clock, timed = strings.Cut(s, " ")
	}
	sign := ""
	if day != "" && (day[0] == '-' || day[0] == '+') {
		sign, day = day[:1], day[1:]
	}
	parts := strings.Split(day, "-")
	if len(parts) > 3 || len(parts[0]) > 20 || !areDigits(parts[0]) || timed && len(parts) < 3 {
		return d, errDate
	}
	year, ok := new(big.Int).SetString(sign+parts[0], 10)
	if !ok {
		return d, errDate
	}
	d = date{year: year, month: 1, day: 1}
	for i, part := range parts[1:] {
		if *[]*int64{&d.month, &d.day}[i], ok = twoDigits(part); !ok {
			return d, errDate
		}
	}
	if d.month < 1 || d.month > 12 || d.day < 1 || d.day > daysOf(year, d.month) {
		return d, fmt.Errorf("there is no such day")
	}
	if !timed {
		return d, nil
	}
	clock, fraction, exact := strings.Cut(clock, ".")
	parts = strings.Split(clock, ":")
	if len(parts) > 3 || exact && len(parts) < 3 {
		return d, errDate
	}
	for i, part := range parts {
		if *[]*int64{&d.hour, &d.minute, &d.second}[i], ok = twoDigits(part); !ok {
			return d, errDate
		}
	}
	if d.hour > 23 || d.minute > 59 || d.second > 59 {
		return d, errors.New("there is no such time of day")
	}
	if !exact {
		return d, nil
	}
	if fraction == "" || !areDigits(fraction) {
		return d, errDate
	}
	if fraction = strings.TrimRight(fraction, "0"); len(fraction) > 18 {
		return d, errors.New("it is more exact than attoseconds")
	}
	d.fraction, err = strconv.ParseInt(fraction+strings.Repeat("0", 18-len(fraction)), 10, 64)
	return d, err
}

func areDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func twoDigits(s string) (int64, bool) {
	if len(s) != 2 || !areDigits(s) {
		return 0, false
	}
	return int64(s[0]-'0')*10 + int64(s[1]-'0'), true
}

func daysOf(year *big.Int, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		y := new(big.Int).Mod(year, big.NewInt(400)).Int64()
		if y%4 == 0 && (y%100 != 0 || y == 0) {
			return 29
		}
		return 28
	}
	return 31
}
