// Package serve gives programs in other languages the datasets of this one: a server
// on a Unix socket, whose clients read and write selections. The Python package dosna
// is one. docs/protocol.md has the protocol to the byte.
//
// # Handles
//
// A client names what it means in each request: the address of a tree and a path in
// it. Nothing is lost, therefore, when a connection or the server ends, and names can
// be given to other processes. What is opened is kept, and shared by all clients. A
// dataset's shape is that of the moment it was opened by OpNode, or last resized
// through the server.
//
// # Memory
//
// Elements pass through memory that the server and a client share (segments), or,
// where they are few or memory cannot be shared, with the messages. Segments belong to
// a session: the connections of one process. The client says when it needs one no
// more; all go when the last connection of the session ends, however the process ended.
// They are sealed: a client cannot shrink one, so that it cannot make the server fail.
//
// # Trust
//
// Only processes of the same user are served, by the identity that the kernel vouches
// for, or of users that the options name: whoever is served may do whatever the
// server's process may.
package serve
