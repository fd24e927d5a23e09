package zarr

// Group is the document of a group.
type Group struct {
	Header
}

// NewGroup returns the document of a new group.
func NewGroup(attrs Attributes) *Group { return &Group{Header{Attrs: attrs}} }

func parseGroup(m *object) (*Group, error) {
	h, err := m.takeHeader()
	if err != nil {
		return nil, err
	}
	return &Group{h}, nil
}

// Marshal implements Document.
func (g *Group) Marshal() ([]byte, error) { return g.marshal("group") }
