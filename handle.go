package dosna

import (
	"context"
	"sync"

	"github.com/dosna/dosna/zarr"
)

// handle is what groups and datasets have in common.
type handle struct {
	c    *Connection
	path string // from the root, without slashes at its ends
	head *zarr.Header
}

// attrsLock guards the heads of all handles: they change rarely, and handles
// are copied.
var attrsLock sync.RWMutex

func (h *handle) place() string { return h.path }

// Path implements Node.
func (h *handle) Path() string { return "/" + h.path }

// Name implements Node.
func (h *handle) Name() string { return lastName(h.path) }

// Connection implements Node.
func (h *handle) Connection() *Connection { return h.c }

// Attrs implements Node.
func (h *handle) Attrs() Attributes {
	attrsLock.RLock()
	defer attrsLock.RUnlock()
	return cloneAttrs(h.head.Attrs)
}

// UpdateAttrs implements Node.
func (h *handle) UpdateAttrs(ctx context.Context, change func(Attributes) error) error {
	return h.c.update(ctx, h.path, func(doc zarr.Document) error {
		head := doc.Head()
		if head.Attrs == nil {
			head.Attrs = Attributes{}
		}
		return change(head.Attrs)
	}, func(doc zarr.Document) error {
		attrsLock.Lock()
		defer attrsLock.Unlock()
		h.head.Attrs = doc.Head().Attrs
		return nil
	})
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
