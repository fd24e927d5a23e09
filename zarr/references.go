package zarr

import (
	"fmt"
	"strings"
)

// ReferencesMember marks an array whose stored objects lie elsewhere. Readers other
// than ours must refuse it, where they would find no chunk, and return fill values.
const ReferencesMember = "dosna.references"

const (
	referencesBegin, referencesEnd = "references.", ".refs"
	maxReferences                  = 64
)

// ReferencesName returns the name of the object that says where the stored objects
// of an array lie, of a text of digits and small letters, which is another one
// whenever that changes.
func ReferencesName(text string) string { return referencesBegin + text + referencesEnd }

// IsReferences reports whether an object in the folder of an array may say where its
// stored objects lie, by its name: no name of a chunk or of a node's metadata is such.
func IsReferences(name string) bool {
	text, begins := strings.CutPrefix(name, referencesBegin)
	text, ends := strings.CutSuffix(text, referencesEnd)
	return begins && ends && text != "" && len(text) <= maxReferences &&
		strings.Trim(text, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// takeReferences takes what says that stored objects lie elsewhere. Check sees to
// the name.
func (a *Array) takeReferences(o *object) error {
	raw, ok := o.pop(ReferencesMember)
	if !ok {
		return nil
	}
	m, err := members(raw, ReferencesMember)
	if err != nil {
		return err
	}
	var must bool // whatever it says, nothing can be read without
	if err := m.take("must_understand", &must, optional); err != nil {
		return err
	}
	if err := m.take("manifest", &a.References, required); err != nil {
		return err
	}
	if !IsReferences(a.References) { // "" too
		return fmt.Errorf("%s.manifest: %q is no name of references", ReferencesMember, clip([]byte(a.References)))
	}
	return m.end()
}
