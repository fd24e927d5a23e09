// Package lock keeps leases: locks that end by themselves when their holder dies.
//
// A lease is on a key of a store, under which there is one small object, the record:
// who holds it and who waits, in the order in which they came (docs/format.md has
// its form). Everything is done by replacing the record under the condition that it
// is still the one that was read, so any store that promises PutIfAbsent and
// PutIfMatch will do, without a lock service. It stays when
// nobody has a lease, as fencing numbers go on from it.
//
// # What holds
//
// Any number of shared leases, or a single exclusive one, are alive at a time: of two
// leases that exclude each other, the context of one has ended before the other is
// granted. That depends on no clock being set right, nor on messages being in time, but on
// this alone: while the time to live of a lease passes on one machine, at least three quarters
// of it pass on each other.
//
//   - A holder changes its entry every quarter of its time to live. Its context ends
//     three quarters of it after the last such change was *sent*, by the holder's own
//     clock (see internal/elapsed), and at once when a change shows that the entry
//     has gone.
//   - Others drop the entry when they have seen it unchanged for all of its time to
//     live, by their own clocks, counted from when they first *received* it. They drop
//     it by replacing the very record in which they saw it.
//
// Those who wait are served in the order in which they came. Whoever wants to share waits behind an
// exclusive one that has come before, which therefore gets its turn when those have
// ended who held the lease or waited before it. Who waits has an entry with a time to
// live as well; of a waiter who died, the others wait for that.
//
// The fencing number of a lease is greater than that of every lease granted before on
// the same record. It can be given to systems that refuse lower ones than they have seen.
//
// # What is written under a lease
//
// A process can be stopped between a look at the clock and the moment when what it
// has sent takes effect, and nothing in the process can keep that late write from arriving. So
// [Guard] makes changes conditional: each replaces, or removes, only the version of an object
// that was read while the lease was alive. What somebody else has
// stored since, the next holder above all, is therefore never overwritten. And a
// change is reported as made only if the reply has come while the lease was alive.
// A late write to what nobody has changed since does arrive; it is then as if it had come before
// whatever follows, and a successor that has read the object and changes it under a condition of
// its own finds out.
package lock
