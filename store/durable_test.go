package store_test

import (
	"context"
	"testing"

	"github.com/dosna/dosna/store"
)

// TestDurably shows that the wish stays with contexts made of the one that has it,
// on which layers pass calls on.
func TestDurably(t *testing.T) {
	if store.IsDurable(t.Context()) {
		t.Error("a plain context asks for durable changes")
	}
	ctx := store.Durably(t.Context())
	below, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if !store.IsDurable(ctx) || !store.IsDurable(below) {
		t.Error("the wish is lost")
	}
}
