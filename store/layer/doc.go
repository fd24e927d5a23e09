// Package layer makes stores from stores: each function returns a store that
// uses the one given, and passes on every optional operation of package store,
// so that nothing is lost by wrapping. Closing a layer closes the store below.
package layer
