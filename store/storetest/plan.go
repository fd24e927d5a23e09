package storetest

import (
	"hash/fnv"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Rule says which operations meet with a fault. The zero Rule is for all.
type Rule struct {
	// Op is the operation's name, or several with spaces between them;
	// "": any.
	Op string

	// Key is which keys: "" any; a folder's prefix, ending in "/", what lies
	// in it; else a pattern of [path.Match], for the whole key if it has a
	// slash and for the key's last segment if it has none.
	Key string

	Match func(Op) bool // nil: any

	Skip  int // how many of these operations are spared first
	Times int // how many then meet with the fault; 0: all
	Fault Fault
}

func (r Rule) matches(op Op) bool {
	if r.Op != "" && !slices.Contains(strings.Fields(r.Op), op.Name) {
		return false
	}
	return (r.Key == "" || matchKey(r.Key, op.Key) || op.To != "" && matchKey(r.Key, op.To)) && (r.Match == nil || r.Match(op))
}

func matchKey(pattern, key string) bool {
	if strings.HasSuffix(pattern, "/") {
		return strings.HasPrefix(key, pattern)
	}
	if !strings.Contains(pattern, "/") {
		key = key[strings.LastIndexByte(key, '/')+1:]
	}
	ok, err := path.Match(pattern, key)
	return ok && err == nil
}

// Plan returns the plan that follows rules: the fault is that of the first one
// whose turn it is.
func Plan(rules ...Rule) func(Op) Fault {
	met := make([]int, len(rules))
	return func(op Op) Fault {
		for i, r := range rules {
			if !r.matches(op) {
				continue
			}
			n := met[i]
			met[i]++
			if n >= r.Skip && (r.Times == 0 || n < r.Skip+r.Times) {
				return r.Fault
			}
		}
		return Fault{}
	}
}

// Random returns a plan in which each operation meets, with the given chance,
// with one of faults. What happens to an operation depends on nothing but the
// seed, its name, its key and how often it came before with these; so it is the
// same in every run, whatever the order in which goroutines come.
func Random(seed uint64, chance float64, faults ...Fault) func(Op) Fault {
	return func(op Op) Fault {
		h := fnv.New64a()
		_, _ = io.WriteString(h, strings.Join([]string{strconv.FormatUint(seed, 16), op.Name, op.Key, op.To, strconv.Itoa(op.N)}, "\x00"))
		x := mix(h.Sum64())
		if len(faults) == 0 || float64(x>>11)/(1<<53) >= chance {
			return Fault{}
		}
		return faults[mix(x)%uint64(len(faults))]
	}
}

// mix spreads the bits of x.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// DiesAfter is the end of a process after so many changes of the store: the
// next one, and every operation after that, fails with [ErrCut], and nothing is
// done. Tests run what they test with 0, 1, 2, … until it gets through.
func DiesAfter(changes int) func(Op) Fault {
	n := 0
	return func(op Op) Fault {
		if op.Writes() {
			n++
		}
		if n > changes {
			return Fail(ErrCut)
		}
		return Fault{}
	}
}
