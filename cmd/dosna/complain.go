package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
)

// complain says what went wrong. If even that fails, there is the exit code.
func complain(w io.Writer, err error) {
	_, _ = fmt.Fprintf(w, "dosna: %s\n", inWords(err))
}

// inWords writes an error, of however many parts, in one line. What kind of error it
// is says less than what stands behind that, and is left out.
func inWords(err error) string {
	text := oneLine(allowing(err))
	for _, kind := range []error{dosna.ErrNotExist, dosna.ErrExist, dosna.ErrInvalid} {
		text = strings.ReplaceAll(text, kind.Error()+": ", "")
	}
	return text
}

// flagError is an error about a flag's value without the value, which it names once
// more.
var flagError = regexp.MustCompile(`(?s)^invalid argument ".*" for "(?:-\w, )?(--[\w-]+)" flag: (.*)$`)

// aboutFlag is err as a usage error of a command.
func aboutFlag(command, help string, err error) error {
	text := flagError.ReplaceAllString(err.Error(), "$1: $2")
	return usagef("%s: %s; see %s --help", command, strings.ReplaceAll(text, `" -`, `"-`), help) // see shieldNumbers
}

// unopened adds to the error of an address that could not be opened how a node is
// named, if that may have been meant.
func unopened(address string, err error) error {
	root, node, ok := strings.Cut(address, "#")
	if !ok || node == "" || strings.Contains(address, "#/") || !errors.Is(err, store.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w; if %s is a node, its address is %s#/%s", err, node, root, node)
}
