// Package parquet reads and writes the little of Apache Parquet
// (https://parquet.apache.org/docs/file-format/) that tables of references need:
// files with flat columns of whole numbers and of byte strings, which may be
// absent, in the encodings PLAIN and RLE_DICTIONARY (and PLAIN_DICTIONARY, its
// older name), uncompressed or compressed with snappy, gzip or zstd, in pages of
// either version.
//
// Columns that are not asked for may be of any type. What else a file has is an
// error that names it. A file from a stranger costs memory in proportion to what
// the caller allows.
package parquet

import "errors"

var (
	// ErrCorrupt means that the bytes are not what a writer of Parquet wrote.
	ErrCorrupt = errors.New("the Parquet file is corrupt")

	// ErrTooLarge means that the file holds more than the caller allows.
	ErrTooLarge = errors.New("the Parquet file is larger than allowed")

	// ErrUnsupported means a part of Parquet that this package does not have.
	ErrUnsupported = errors.New("not supported in Parquet files")
)

// Column is a column of a file, of numbers or of byte strings.
type Column struct {
	Name string
	Text bool // byte strings that are texts in UTF-8

	Ints []int64 // one for each row; nil: a column of byte strings

	// Values are byte strings, and Index says for each row which of them it has;
	// -1 is none.
	Values [][]byte
	Index  []int32
}

// Limits bound what Read returns.
type Limits struct {
	Rows  int // of the file
	Bytes int // of all pages that are read, expanded
}

// Types, repetitions, codecs, encodings and kinds of pages, by their numbers in
// the format.
const (
	typeInt32     = 1
	typeInt64     = 2
	typeByteArray = 6

	required = 0
	optional = 1

	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecZstd   = 6

	encodingPlain     = 0
	encodingPlainDict = 2
	encodingRLE       = 3
	encodingRLEDict   = 8

	pageData   = 0
	pageIndex  = 1
	pageDict   = 2
	pageDataV2 = 3
)

const magic = "PAR1"
