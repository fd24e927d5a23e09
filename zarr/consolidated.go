package zarr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// consolidated is where zarr-python keeps copies of the documents below a group of
// Zarr v3. It is an object that need not be understood, or null.
const consolidated = "consolidated_metadata"

// Consolidated are copies of the metadata of the nodes below a group, which a
// program has put there so that readers need not ask for each: the member
// consolidated_metadata of a zarr.json, and .zmetadata of Zarr v2. They are what the
// nodes were when it did, and may be wrong by now.
type Consolidated struct {
	docs     map[string]json.RawMessage // of v3, by path from the group
	keys     map[string]json.RawMessage // of v2, by key from the group
	mu       sync.Mutex
	children map[string][]string // names in order, by path; made when asked for, under mu
}

// ErrNoCopy is a node of which there is no copy.
var ErrNoCopy = errors.New("no copy of the metadata")

// HasConsolidated reports whether a group has copies of documents below it.
func (h *Header) HasConsolidated() bool {
	raw, ok := h.Extra[consolidated]
	return ok && !isNull(raw)
}

// Unconsolidate removes the copies of documents below a group, and reports whether
// there were any. Who changes a node below has to: readers would go on believing
// the copies.
func (h *Header) Unconsolidate() bool {
	had := h.HasConsolidated()
	delete(h.Extra, consolidated)
	return had
}

// Consolidated returns the copies that a group of Zarr v3 has; nil if it has none.
func (h *Header) Consolidated() (*Consolidated, error) {
	if !h.HasConsolidated() {
		return nil, nil
	}
	return parseInline(h.Extra[consolidated], consolidated)
}

// parseInline reads copies as a group of Zarr v3 has them.
func parseInline(raw []byte, path string) (*Consolidated, error) {
	m, err := members(raw, path)
	if err != nil {
		return nil, err
	}
	var kind string
	if err := m.take("kind", &kind, required); err != nil {
		return nil, err
	}
	if kind != "inline" {
		return nil, fmt.Errorf("%s: %q, and inline is known", m.at("kind"), clip([]byte(kind)))
	}
	docs, err := m.copies()
	if err != nil {
		return nil, err
	}
	return &Consolidated{docs: docs}, nil
}

// copies takes the member with the copies out of what holds them.
func (o *object) copies() (map[string]json.RawMessage, error) {
	raw, ok := o.pop("metadata")
	if !ok {
		return nil, fmt.Errorf("%s: %q is missing", o.path, "metadata")
	}
	all, err := members(raw, o.at("metadata"))
	if err != nil {
		return nil, err
	}
	return all.rest, nil
}

// ParseConsolidated reads the copies that an object ConsolidatedKey of Zarr v2 has.
func ParseConsolidated(raw []byte) (*Consolidated, error) {
	m, err := documentObject(raw)
	if err != nil {
		return nil, err
	}
	var format int
	if err := m.take("zarr_consolidated_format", &format, required); err != nil {
		return nil, err
	}
	if format != 1 {
		return nil, fmt.Errorf("zarr_consolidated_format: %d, and 1 is known", format)
	}
	keys, err := m.copies()
	if err != nil {
		return nil, err
	}
	return &Consolidated{keys: keys}, nil
}

// NewConsolidated returns what holds no copies yet, of nodes of a format.
func NewConsolidated(format int) *Consolidated {
	if format == 2 {
		return &Consolidated{keys: map[string]json.RawMessage{}}
	}
	return &Consolidated{docs: map[string]json.RawMessage{}}
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// Document returns the copy of a node's metadata; it is ErrNoCopy if there is none.
func (c *Consolidated) Document(path string) (Document, error) {
	if c.docs != nil {
		raw, ok := c.docs[path]
		if !ok {
			return nil, ErrNoCopy
		}
		return Parse(raw)
	}
	for _, name := range []string{ArrayKey, GroupKey} {
		if raw, ok := c.keys[below(path, name)]; ok {
			return ParseV2(name, raw, c.keys[below(path, AttrsKey)])
		}
	}
	return nil, ErrNoCopy
}

// Names returns the names of the nodes directly below another, in byte order.
func (c *Consolidated) Names(path string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.children == nil {
		c.children = map[string][]string{}
		for key := range c.docs {
			c.child(key)
		}
		for key := range c.keys {
			if i := strings.LastIndexByte(key, '/'); i >= 0 && (key[i+1:] == ArrayKey || key[i+1:] == GroupKey) {
				c.child(key[:i])
			}
		}
		for path, names := range c.children {
			slices.Sort(names)
			c.children[path] = slices.Compact(names)
		}
	}
	return c.children[path]
}

func (c *Consolidated) child(path string) {
	i := strings.LastIndexByte(path, '/')
	above := path[:max(i, 0)]
	c.children[above] = append(c.children[above], path[i+1:])
}

// Set puts in the metadata of a node, without copies that this may have itself.
func (c *Consolidated) Set(path string, doc Document) error {
	c.Remove(path, false)
	head := *doc.Head()
	if (head.Format == 2) != (c.keys != nil) || head.Deleting {
		return errors.New("nodes that are of another format of Zarr than the group, or being deleted, have no place among the copies in it")
	}
	if head.Extra[consolidated] != nil || head.Extra[consolidating] != nil {
		head.Extra = maps.Clone(head.Extra)
		delete(head.Extra, consolidated)
		delete(head.Extra, consolidating)
		doc = withHead(doc, head)
	}
	if c.keys != nil {
		return c.setV2(path, doc)
	}
	raw, err := doc.Marshal()
	c.docs[path] = bytes.TrimSpace(raw)
	return err
}

func (c *Consolidated) setV2(path string, doc Document) error {
	raw, err := doc.Marshal()
	if err != nil {
		return err
	}
	attrs, err := doc.MarshalAttrs()
	if err != nil {
		return err
	}
	c.keys[below(path, doc.Key())] = bytes.TrimSpace(raw)
	if attrs != nil {
		c.keys[below(path, AttrsKey)] = bytes.TrimSpace(attrs)
	}
	return nil
}

// withHead returns a document with another header.
func withHead(doc Document, head Header) Document {
	if a, ok := doc.(*Array); ok {
		other := *a
		other.Header = head
		return &other
	}
	return &Group{head}
}

// Remove takes out the metadata of a node, and of those below it if deep is true.
func (c *Consolidated) Remove(path string, deep bool) {
	c.children = nil
	delete(c.docs, path)
	for _, name := range []string{ArrayKey, GroupKey, AttrsKey} {
		delete(c.keys, below(path, name))
	}
	if deep {
		inside := func(key string, _ json.RawMessage) bool { return path == "" || strings.HasPrefix(key, path+"/") }
		maps.DeleteFunc(c.docs, inside)
		maps.DeleteFunc(c.keys, inside)
	}
}

// Marshal writes the copies as an object ConsolidatedKey of Zarr v2 holds them or, of
// nodes of v3, as the member consolidated_metadata does.
func (c *Consolidated) Marshal() ([]byte, error) {
	if c.keys == nil {
		return appendValue(nil, []member{{"kind", "inline"}, {"must_understand", false}, {"metadata", entries(c.docs)}}, "\n")
	}
	out, err := appendValue(nil, []member{{"metadata", entries(c.keys)}, {"zarr_consolidated_format", 1}}, "\n")
	return append(out, '\n'), err
}

// Consolidate puts the copies of documents below into that of a group of Zarr v3.
func (h *Header) Consolidate(c *Consolidated) error {
	raw, err := c.Marshal()
	if err != nil {
		return err
	}
	h.extra(consolidated, raw)
	return nil
}

// extra puts in a member that need not be understood.
func (h *Header) extra(name string, raw json.RawMessage) {
	if h.Extra == nil {
		h.Extra = map[string]json.RawMessage{}
	}
	h.Extra[name] = raw
}

func entries(raw map[string]json.RawMessage) []member {
	all := make([]member, 0, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		all = append(all, member{name, verbatim(raw[name])})
	}
	return all
}

// Equal reports whether two values hold the same copies.
func (c *Consolidated) Equal(o *Consolidated) bool {
	same := func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }
	return maps.EqualFunc(c.docs, o.docs, same) && maps.EqualFunc(c.keys, o.keys, same)
}
