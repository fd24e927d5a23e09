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

// Key implements Document.
func (g *Group) Key() string {
	if g.Format == 2 {
		return GroupKey
	}
	return Key
}

// Marshal implements Document.
func (g *Group) Marshal() ([]byte, error) {
	if g.Format == 2 {
		return g.marshalV2()
	}
	return g.marshal("group")
}
