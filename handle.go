package dosna

import (
	"context"
	"fmt"
	"sync"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// handle is what groups, datasets and links have in common.
type handle struct {
	c      *Connection
	path   string // from the root, without slashes at its ends
	format int
	attrs  *current // shared by the values that With makes of each other
}

// current holds a node's attributes as they were last seen.
type current struct {
	mu    sync.RWMutex
	attrs Attributes // not altered once it is here
}

func newHandle(c *Connection, path string, head *zarr.Header) handle {
	format := 3
	if head.Format == 2 {
		format = 2
	}
	return handle{c.beneath(), path, format, &current{attrs: head.Attrs}}
}

func (h *handle) place() string { return h.path }

// Path implements Node.
func (h *handle) Path() string { return "/" + h.path }

// Name implements Node.
func (h *handle) Name() string { return lastName(h.path) }

// Format implements Node.
func (h *handle) Format() int { return h.format }

// Connection implements Node.
func (h *handle) Connection() *Connection { return h.c }

// Attrs implements Node.
func (h *handle) Attrs() Attributes {
	h.attrs.mu.RLock()
	defer h.attrs.mu.RUnlock()
	return cloneAttrs(h.attrs.attrs)
}

// UpdateAttrs implements Node.
func (h *handle) UpdateAttrs(ctx context.Context, change func(Attributes) error) error {
	err := h.c.update(ctx, h.path, revision{
		attrs: true,
		own:   h.format == 2,
		change: func(doc zarr.Document) (bool, error) {
			head := doc.Head()
			if head.Attrs == nil {
				head.Attrs = Attributes{}
			}
			was, wasLink, _ := linkIn(head.Attrs)
			err := change(head.Attrs)
			if _, ok := doc.(*zarr.Group); ok && err == nil {
				err = keepsLink(head.Attrs, was, wasLink)
			}
			return true, err
		},
		then: func(doc zarr.Document, _ store.Version) error {
			h.saw(doc)
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("change the attributes of %s in %s: %w", nodeName(h.path), h.c.url, err)
	}
	return nil
}

// saw notes the attributes of the document as stored.
func (h *handle) saw(doc zarr.Document) {
	h.attrs.mu.Lock()
	defer h.attrs.mu.Unlock()
	h.attrs.attrs = doc.Head().Attrs
}

// cloneAttrs copies attributes as JSON has them.
func cloneAttrs(a Attributes) Attributes {
	out := make(Attributes, len(a))
	for name, v := range a {
		out[name] = cloneValue(v)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return map[string]any(cloneAttrs(v))
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = cloneValue(v[i])
		}
		return out
	}
	return v
}
