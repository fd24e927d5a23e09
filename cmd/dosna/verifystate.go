package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
)

// verifyState is how far a verification has come, in a file.
type verifyState struct {
	Format   string        `json:"format"`
	Address  string        `json:"address"`
	After    string        `json:"after"`    // the key up to which all has been verified
	Done     verified      `json:"done"`     // up to there
	Findings []findingInfo `json:"findings"` // up to there, the first of them

	file   string // "": none
	before verified
	later  []findingInfo // beyond After
	saved  time.Time
}

const verifyFormat = "dosna verify state 1"

const (
	// keptFindings is how many findings a state keeps; others are counted.
	keptFindings = 1000
	// saveEvery is how often a state is saved.
	saveEvery = 250 * time.Millisecond
	// maxState bounds what is read as a state.
	maxState = 64 << 20
)

// openVerifyState opens the state of verifying p in a file, or a new one if there
// is none.
func openVerifyState(file string, p place) (*verifyState, error) {
	s := &verifyState{Format: verifyFormat, Address: stableAddress(p), file: file}
	if file == "" {
		return s, nil
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		s.file, err = filepath.Abs(file)
		if err == nil {
			err = s.save() // what could not be kept is to be known before the work
		}
		return s, err
	}
	if err != nil {
		return nil, err
	}
	no := func(format string, args ...any) (*verifyState, error) {
		return nil, fmt.Errorf("resume from %s: %w: %s; name another file, or remove it to begin anew", file, dosna.ErrInvalid, fmt.Sprintf(format, args...))
	}
	if !info.Mode().IsRegular() || info.Size() > maxState {
		return no("it is not the state of a verification")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	found := verifyState{file: file}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&found); err != nil || found.Format != verifyFormat {
		return no("it is not the state of a verification")
	}
	if found.Address != s.Address {
		return no("it belongs to the verification of %s, and this is %s", found.Address, s.Address)
	}
	if found.After != "" && store.CheckKey(found.After) != nil {
		return no("%q in it is no key", found.After)
	}
	found.before = found.Done
	return &found, nil
}

// stableAddress is an address that means the same in any working directory.
func stableAddress(p place) string {
	root := p.URL()
	if u, err := store.ParseURL(root); err == nil && u.Scheme == "file" && u.Root == u.Path {
		if abs, err := filepath.Abs(u.Path); err == nil {
			root = abs
		}
	}
	return root + "#" + p.path
}

// add notes a finding.
func (s *verifyState) add(f findingInfo) {
	if s.file != "" && len(s.Findings)+len(s.later) < keptFindings {
		s.later = append(s.later, f)
	}
}

// passed notes how far the verification has come, and saves that now and then.
func (s *verifyState) passed(v dosna.Verified) error {
	s.After, s.Done = v.Last, s.before.plus(v)
	s.Findings, s.later = append(s.Findings, s.later...), nil
	if time.Since(s.saved) < saveEvery {
		return nil
	}
	return s.save()
}

// save replaces the file at once, so that it is whole at any moment.
func (s *verifyState) save() error {
	if s.file == "" {
		return nil
	}
	s.saved = time.Now()
	fresh := s.file + ".new"
	_ = os.Remove(fresh) // of a run that was killed
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(jsonLine(s) + "\n")
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(fresh, s.file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return nil
}

// remove removes the file of a verification that has come to its end.
func (s *verifyState) remove() error {
	if s.file == "" {
		return nil
	}
	return os.Remove(s.file)
}
