// Package store maps keys to bytes. It holds the [Store] interface that every
// backend implements, what callers may rely on, the errors, the addresses
// ([ParseURL]), and one function for each operation that a store may offer
// beyond the interface; it holds no backend itself (package all opens them by
// URL).
//
// # Keys
//
// A key is one to 1024 bytes of valid UTF-8 without control characters,
// written as one or more segments of one to 255 bytes joined by single
// slashes, as in "scan/raw/c/0/1". No segment is "." or "..", and none begins
// with [TempPrefix], the name under which stores keep unfinished objects; so a
// key neither begins nor ends with a slash, and means the same in every store.
// [CheckKey] says what is wrong with any other, every store calls it, and the
// error is an [ErrInvalid].
//
// A folder is what keys have in common up to a slash. It needs no making and
// has no existence of its own. No key may name both an object and a folder: a
// store that keeps folders (files, RAM) answers the Put of "x/y" beside "x", or
// of "x" beside "x/y", with [ErrExist] and keeps what is there. Object stores
// could hold both and need not refuse; callers never try.
//
// # Objects
//
// The object under a key is replaced as a whole or not at all: no reader ever
// sees part of a Put. Objects may be empty; an empty object exists. A [Version]
// names one state of one key. Conditions ([Cond]) compare versions; which of
// them hold against other writers a store says in its [Guarantees], and a
// condition that a store cannot honour is an error, never ignored.
//
// # Errors
//
// Every error of a store is an [Error] that names the operation, the store and
// the key, and wraps one of the sentinels of this package where one applies.
// Only a definite "no such key" is [ErrNotExist]; whatever else kept the store
// from answering (permission, network, a root directory that is gone) is
// another error, so that an absent chunk can be told from an unreadable one.
package store
