package serve

import (
	"container/list"
	"crypto/rand"
	"strconv"
	"sync"

	"github.com/dosna/dosna"
)

// maxHandles is how many datasets are kept open.
const maxHandles = 4096

// handles are datasets that have been opened, by names that no other server gives.
type handles struct {
	mu    sync.Mutex
	name  string // of the server
	last  uint64
	byID  map[string]*list.Element
	order list.List // of *handle, the latest used first
}

type handle struct {
	id   string
	d    *dosna.Dataset
	tree *tree
}

func (h *handles) init() {
	h.name, h.byID = rand.Text()[:12]+"-", map[string]*list.Element{}
	h.order.Init()
}

// add keeps a dataset, and returns its name.
func (h *handles) add(d *dosna.Dataset, t *tree) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	one := &handle{h.name + strconv.FormatUint(h.last, 36), d, t}
	h.byID[one.id] = h.order.PushFront(one)
	for h.order.Len() > maxHandles {
		h.removeLocked(h.order.Back())
	}
	return one.id
}

// get returns the dataset of that name, or nil.
func (h *handles) get(id string) *handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.byID[id]
	if e == nil {
		return nil
	}
	h.order.MoveToFront(e)
	one, _ := e.Value.(*handle)
	return one
}

func (h *handles) remove(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.byID[id]; e != nil {
		h.removeLocked(e)
	}
}

func (h *handles) removeLocked(e *list.Element) {
	if one, ok := h.order.Remove(e).(*handle); ok {
		delete(h.byID, one.id)
	}
}
