package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/store"
)

// allowFlag gathers addresses at and below which other stores may be opened.
type allowFlag struct {
	addresses []string
	policy    store.Policy
}

func (f *allowFlag) Type() string   { return "ADDRESS" }
func (f *allowFlag) String() string { return strings.Join(f.addresses, ",") }
func (f *allowFlag) Set(s string) (err error) {
	addresses := append(f.addresses, s)
	if f.policy, err = store.AllowPrefixes(addresses...); err == nil {
		f.addresses = addresses
	}
	return err
}

// allowing adds to an error how to allow what was not.
func allowing(err error) error {
	if errors.Is(err, store.ErrNotAllowed) {
		return fmt.Errorf("%w; --allow ADDRESS allows what is at an address or below it", err)
	}
	return err
}
