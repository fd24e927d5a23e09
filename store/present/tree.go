package present

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/dosna/dosna/store"
)

// Tree is what a store presents. All methods are safe for concurrent use.
type Tree interface {
	// Node returns what is at a path, "" for the root; store.ErrNotExist if there is nothing.
	Node(ctx context.Context, path string) (*Node, error)

	// String is the address of the tree.
	String() string

	// Most bounds the nodes of a listing, which groups that contain each other have no end of; 0: there are none such.
	Most() int64

	// Guarantees are those of the store that the files are in.
	Guarantees() store.Guarantees

	// Close closes it.
	Close() error
}

// Node is a group or an array.
type Node struct {
	Document []byte   // its zarr.json
	File     *File    // what that is made of; nil if it is not one file
	Array    Array    // nil for a group
	Names    []string // of the nodes in a group, in order: segments of keys
	Unsure   bool     // there may be nothing at some of the names

	// Ahead, if not nil, is called before all nodes in a group are asked for.
	Ahead func(ctx context.Context)
}

// Array is where the chunks of an array are.
type Array interface {
	// Rank is the number of indices that chunks have.
	Rank() int

	// Chunk returns the chunk at a place, which has Rank indices; store.ErrNotExist if there is none.
	Chunk(ctx context.Context, coord []int) (Object, error)

	// Chunks yields the chunks that there are, each once. Who takes them keeps no Coord.
	Chunks(ctx context.Context) iter.Seq2[Listed, error]
}

// Listed is what a listing tells of a chunk.
type Listed struct {
	Coord []int
	Info  store.Info // but for its key; with the size -1, Chunk is asked, which may find that there is none
}

// Object is what a key stands for: bytes, or a part of a file.
type Object struct {
	File *File // nil: the bytes are Data, and of no file
	Off  int64 // in the file, where the bytes are, unless there are Data, or Make
	Size int64 // -1 if there is Make, and it is not known before

	Data []byte
	Make func(ctx context.Context) ([]byte, error) // returns the bytes, which are nowhere as they are read
}

// Segment turns a name into a segment of a key, and the name of a node of Zarr, for which those that begin with __ are reserved. One that
// ends in # would be cut from what is in it by addresses.
func Segment(name string) string {
	reserved := strings.HasPrefix(name, "__")
	if store.CheckKey(name) == nil && !strings.Contains(name, "/") && name != document && !reserved && !strings.HasSuffix(name, "#") {
		return name
	}
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; reserved && i == 0 {
			b.WriteString("%5F")
		} else if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '-' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()[:min(b.Len(), store.MaxSegment)]
}

// chunkOf cuts the key of a chunk, a/b/c/0/1, into its array and its place.
func chunkOf(key string) (at string, coord []int, ok bool) {
	parts := strings.Split(key, "/")
	i := len(parts) - 1
	for ; i >= 0; i-- {
		n, number := digits(parts[i])
		if !number {
			break
		}
		coord = append(coord, n)
	}
	if i < 0 || parts[i] != "c" {
		return "", nil, false
	}
	for a, b := 0, len(coord)-1; a < b; a, b = a+1, b-1 {
		coord[a], coord[b] = coord[b], coord[a]
	}
	return strings.Join(parts[:i], "/"), coord, true
}

// digits reads a number as keys have it: without zeros in front.
func digits(s string) (int, bool) {
	if s == "" || len(s) > 18 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
