package store

import "context"

type durably struct{}

// Durably returns a context for changes that are to survive a loss of power at
// once: a Put, Delete or Rename under it returns when they would, as if Sync had
// been called for them alone. At no time may the key name bytes that are not yet
// on disk: after a loss of power during the call the object is the old one or the
// new one, whole. Where the store's kind keeps what it has answered for anyhow,
// there is no difference; where nothing survives, neither.
func Durably(ctx context.Context) context.Context { return context.WithValue(ctx, durably{}, true) }

// IsDurable reports whether a context comes from [Durably].
func IsDurable(ctx context.Context) bool { return ctx.Value(durably{}) != nil }
