// Package filestore keeps objects as files, one each, below a directory.
//
// # URLs
//
// file:///DIR, with percent-escapes, or a plain path. The host is empty or
// "localhost"; there are no options. Opening does not make DIR, unless asked to
// create, and then only where its parent exists; Init makes the parents too.
//
// # Keys
//
// A key is the path of its file below DIR, as it is: other programs that keep
// arrays in directories read what is written here, and the other way round. The
// store keeps folders: "x" and "x/y" cannot both exist, the second Put is
// ErrExist, and reading a folder as an object is ErrCorrupt. Folders are made when needed and removed with the last object in them
// and below; an empty directory that somebody else made is listed (Shallow) as a
// folder.
// Where the file system does not tell upper case from lower (macOS, Windows),
// keys that differ in nothing else are the same object. On Windows, keys that
// Windows cannot hold (with any of \:*?"<>| or a segment ending in a dot or a
// space) are refused.
//
// Names beginning with store.TempPrefix are unfinished objects. They, and names that
// no key can have, are not listed. A process that died may leave some; ListOptions'
// Unfinished lists these, as far as their writers' locks tell. They do not
// accumulate: an object has few names for them, made of its own, which the next Put
// uses again when the file is nobody's any more, and those in a folder where none is
// left but they are swept by the next Sync or Close after its last object was
// deleted, and by DeletePrefix.
//
// What is neither file nor directory (a pipe, a device) cannot be read or replaced,
// but is listed, as an object of no size, so that nobody who reads all objects
// passes it over; Delete removes it.
//
// Symbolic links are followed, also those that lead out of DIR, as every other
// program that reads such a tree follows them: administrators lay trees over
// several disks with them. Whoever opens a tree that came from a stranger looks
// for links in it first. A Put replaces a link to a file by a file. A listing
// leaves out a link to a folder that the link itself lies in. A link to what is not
// there, as on a disk that is not mounted, or to itself, is an error for whoever
// reads it or behind it, never an absent object; it is listed like a pipe. Rename moves
// links as they are, so that relative ones may then lead elsewhere.
//
// # Guarantees
//
// A Put writes a temporary file beside its target and renames it: readers, of
// any program, see the old object or the new one, and the death of the process
// leaves no half. A put that fails, as on a full disk, leaves nothing.
//
// Sync makes what was done through this Store value survive a loss of power, with
// all folders on the way, whoever made them. What was not yet synced may be lost
// then, in any combination, or torn: an object that was put may be shorter, or have
// zeros or blocks of other files in it, also where it took the place of one that
// was synced. So what is not under a checksum, nor synced, can be wrong after a
// loss of power; if the length is wrong that is all that can be told. A Put under
// store.Durably never tears anything: its bytes are on disk before they have the
// name, and the name before it returns. This holds on file systems that keep their
// own structure, and do a rename wholly or not at all; all that are in use do. Once
// a Sync has failed because the system could not write, all that follow do too, for
// the system does not try again.
//
// Puts and Deletes hold an exclusive flock on the directory that the object is
// in, taken through a descriptor of their own, from comparing the version to
// renaming or unlinking: the same lock whatever root the tree was opened at. A
// version is made of the file's inode number, size and modification time in
// nanoseconds. That time is set explicitly, later than the replaced file's, so
// that no two states of a key share a version even where the clock ticks
// coarsely. All conditions hold so, among processes too, on local file systems
// of Linux and macOS. On others (network file systems, Windows, and what is not
// known to be local) no condition of Put and Delete is promised: conditions are
// still checked, under the lock where there is one; a file system without flock
// refuses IfMatch and keeps IfAbsent by hard links. Programs that write into
// the tree without this package take no part in the lock.
//
// An object read in one call is one version, for a file is never changed after
// it got its name (by this package).
//
// # Errors
//
// Those of package store; the operating system's own error is wrapped. Only an
// absent file is ErrNotExist: if the root directory itself was removed after
// Open, every read of an absent key is an error that says so. A read-only file
// system is ErrPermission.
package filestore
