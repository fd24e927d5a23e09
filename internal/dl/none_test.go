//go:build static || !(linux || darwin || windows) || !(amd64 || arm64)

package dl

import (
	"errors"
	"strings"
	"testing"
)

func TestOpenSaysWhy(t *testing.T) {
	_, err := Open(Spec{Name: "libc", Sonames: []string{"libc.so.6"}})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "static") {
		t.Errorf("got %v", err)
	}
}
