package interop

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// A refusal is something that a peer is known not to do, or to do wrong.
type refusal struct {
	peers, verbs []string
	what         string // and why it is the peer's fault, or limit
	of           func(*array) bool
	fault        string // part of the message
	partly       bool   // shows in some of these arrays only: it depends on the elements
}

var refusals = []refusal{{
	peers: []string{"tensorstore"}, verbs: []string{"write", "read"},
	what: "has no bytes codecs behind shards, which the specification allows",
	of: func(a *array) bool {
		return strings.HasPrefix(a.chain, "shards in")
	},
	fault: "Sharding codec",
}, {
	peers: []string{"tensorstore"}, verbs: []string{"write", "read"},
	what:  "has no codecs of numcodecs",
	of:    func(a *array) bool { return strings.Contains(a.chain, "numcodecs") },
	fault: "numcodecs.",
}, {
	peers: []string{"zarrs"}, verbs: []string{"write", "read"},
	what: "has the codecs zlib, bz2, shuffle, adler32 and fletcher32 of numcodecs, and not lz4, crc32 and jenkins_lookup3",
	of: func(a *array) bool {
		for _, name := range []string{"lz4", "crc32", "jenkins_lookup3"} {
			if strings.Contains(string(a.Codecs), `"numcodecs.`+name+`"`) {
				return true
			}
		}
		return false
	},
	fault: "UnsupportedMetadataError",
}, {
	peers: []string{"zarr-python", "zarrs"}, verbs: []string{"write", "read"},
	what: "compares the inner chunks of a transposed shard with the shape before the transposition",
	of: func(a *array) bool {
		if a.chain != "transposed shards" {
			return false
		}
		turned := slices.Clone(a.Inner)
		slices.Reverse(turned)
		for i, n := range a.Chunks {
			if n%turned[i] != 0 {
				return true
			}
		}
		return false
	},
	fault: "needs to be divisible by the shard's inner",
}, {
	peers: []string{"zarr-python"}, verbs: []string{"write"},
	what:  "takes the one chunk of a shard without axes for a list, where nothing is around the shard",
	of:    func(a *array) bool { return len(a.Shape) == 0 && a.shardAlone() },
	fault: "IndexError: too many indices",
}, {
	peers: []string{"zarrs"}, verbs: []string{"write", "read"},
	what:  "has no transposition of arrays without axes",
	of:    func(a *array) bool { return len(a.Shape) == 0 && strings.Contains(string(a.Codecs), "transpose") },
	fault: "UnsupportedMetadataError",
}, {
	peers: []string{"zarr-python"}, verbs: []string{"write"},
	what:  `writes any NaN fill value as "NaN" and leaves out chunks of other NaNs, and of complex numbers that are NaN in one part only`,
	of:    (*array).fillIsNaN,
	fault: "elements differ", partly: true,
}, {
	peers: []string{"zarr-python"}, verbs: []string{"read"},
	what:  "reads the bits of a float16 fill value through a float, and loses those of a NaN",
	of:    func(a *array) bool { return a.Type == "float16" && a.fillIsOtherNaN() },
	fault: "elements differ", partly: true,
}, {
	peers: []string{"zarrs"}, verbs: []string{"read"},
	what:  `is given any NaN fill value as "NaN" by zarr-python, under which it works`,
	of:    (*array).fillIsOtherNaN,
	fault: "elements differ", partly: true,
}, {
	peers: []string{"zarrs"}, verbs: []string{"read"},
	what: "exchanges the parts of complex numbers stored big-endian",
	of: func(a *array) bool {
		return a.dtype().Kind() == dtype.Complex && strings.Contains(strings.ReplaceAll(string(a.Codecs), `"index_codecs":[`+big, ""), big)
	},
	fault: "elements differ", partly: true,
}}

// shardAlone reports whether nothing comes before a sharding codec or behind it.
func (a *array) shardAlone() bool {
	return strings.Contains(a.chain, "shards") && !strings.Contains(a.chain, "shards in") && a.chain != "transposed shards"
}

func (a *array) fillParts() (dtype.Type, [][]byte) {
	elem, _ := hex.DecodeString(a.FillBits)
	t := a.dtype()
	if t.Kind() == dtype.Complex {
		part := map[int]dtype.Type{4: dtype.Float32, 8: dtype.Float64}[t.Unit()]
		return part, [][]byte{elem[:t.Unit()], elem[t.Unit():]}
	}
	return t, [][]byte{elem}
}

func (a *array) fillIsNaN() bool {
	t, parts := a.fillParts()
	return slices.ContainsFunc(parts, func(p []byte) bool { return t.Format(p) == "nan" })
}

// fillIsOtherNaN reports whether the fill value has a NaN other than "NaN".
func (a *array) fillIsOtherNaN() bool {
	t, parts := a.fillParts()
	return slices.ContainsFunc(parts, func(p []byte) bool { return t.Format(p) == "nan" && string(t.FormatFill(p)) != `"NaN"` })
}

func (r *refusal) covers(verb, peer string, a *array) bool {
	return slices.Contains(r.peers, peer) && slices.Contains(r.verbs, verb) && r.of(a)
}

// limits counts the different refusals, of any peers, that cover an array.
func limits(verb string, a *array) int {
	n := 0
	for _, r := range refusals {
		if slices.Contains(r.verbs, verb) && r.of(a) {
			n++
		}
	}
	return n
}

// judge compares what went wrong between us and a peer with what is known to,
// and returns the arrays for which that was the peer's doing.
func judge(t *testing.T, verb, peer string, list []*array, faults map[string]string) []*array {
	t.Helper()
	var known, agree []*array
	happened := make([]int, len(refusals))
	for _, a := range list {
		fault := faults[a.Name]
		listed := false
		for i := range refusals {
			r := &refusals[i]
			switch {
			case !r.covers(verb, peer, a):
			case strings.Contains(fault, r.fault):
				listed = true
				happened[i]++
			case fault == "" && !r.partly:
				t.Errorf("%s: %s: worked, although %s: take that from the list", peer, a, r.what)
			}
		}
		switch {
		case listed:
			known = append(known, a)
		case fault != "":
			t.Errorf("%s: %s %s: %s\ncodecs %s", peer, verb, a, fault, a.Codecs)
		default:
			agree = append(agree, a)
		}
	}
	for i, r := range refusals {
		if !slices.Contains(r.peers, peer) || !slices.Contains(r.verbs, verb) {
			continue
		}
		if happened[i] == 0 && !testing.Short() {
			t.Errorf("%s: %s: %s: this did not happen: take it from the list", peer, verb, r.what)
		}
		t.Logf("%s: %s: %d arrays come out wrong, as is known: it %s", peer, verb, happened[i], r.what)
	}
	t.Logf("%s: %s: %d of %d arrays, %d elements, agree bit for bit", peer, verb, len(agree), len(list), elements(agree))
	return known
}

func elements(list []*array) int {
	n := 0
	for _, a := range list {
		n += nd.Full(a.Shape).Size()
	}
	return n
}
