package serve

import (
	"context"
	"errors"

	"github.com/dosna/dosna"
)

// errNoMemory is a request that needs more memory than there is.
var errNoMemory = errors.New("out of memory")

// errIndex is a selection that makes no sense for the array.
var errIndex = errors.New("bad index")

// fault is an error as a client is told of it.
type fault struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// kinds are the words for errors, the first that matches.
var kinds = []struct {
	kind string
	err  error
}{
	{"unfinished", dosna.ErrUnfinished},
	{"loop", dosna.ErrLoop},
	{"lost", dosna.ErrLost},
	{"held", dosna.ErrHeld},
	{"unknown-outcome", dosna.ErrUnknownOutcome},
	{"not-found", dosna.ErrNotExist},
	{"exists", dosna.ErrExist},
	{"permission", dosna.ErrPermission},
	{"corrupt", dosna.ErrCorrupt},
	{"conflict", dosna.ErrConflict},
	{"unsupported", errors.ErrUnsupported},
	{"memory", errNoMemory},
	{"index", errIndex},
	{"invalid", dosna.ErrInvalid},
	{"cancelled", context.Canceled},
}

func faultOf(err error) *fault {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return &fault{k.kind, err.Error()}
		}
	}
	return &fault{"error", err.Error()}
}
