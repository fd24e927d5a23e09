package parquet

import "encoding/binary"

// footer is a file's metadata.
type footer struct {
	rows   int64
	schema []element
	groups []rowGroup
}

type element struct {
	name       string
	kind       int64
	repetition int64
	children   int64
}

type rowGroup struct {
	rows   int64
	chunks []chunk
}

// chunk is a column's part of a row group.
type chunk struct {
	kind, codec, values         int64
	compressed                  int64
	dataOffset, dictionaryStart int64
	path                        []string
}

func parseFooter(file []byte) (*footer, error) {
	n := len(file)
	if n < 12 || string(file[:4]) != magic || string(file[n-4:]) != magic {
		return nil, corrupt("it does not begin and end with %s", magic)
	}
	length := int64(binary.LittleEndian.Uint32(file[n-8:]))
	if length > int64(n-12) {
		return nil, corrupt("metadata of %d bytes in a file of %d", length, n)
	}
	t := &thrift{data: file[n-8-int(length) : n-8]}
	f := &footer{}
	t.fields(func(id int64, kind byte) bool {
		switch id {
		case 2:
			t.structs(kind, func() { f.schema = append(f.schema, parseElement(t)) })
		case 3:
			f.rows = t.number(kind)
		case 4:
			t.structs(kind, func() { f.groups = append(f.groups, parseGroup(t)) })
		default:
			return false
		}
		return true
	})
	return f, t.err
}

func parseElement(t *thrift) element {
	e := element{kind: -1}
	t.fields(func(id int64, kind byte) bool {
		switch id {
		case 1:
			e.kind = t.number(kind)
		case 3:
			e.repetition = t.number(kind)
		case 4:
			e.name = t.text(kind)
		case 5:
			e.children = t.number(kind)
		default:
			return false
		}
		return true
	})
	return e
}

func parseGroup(t *thrift) rowGroup {
	var g rowGroup
	t.fields(func(id int64, kind byte) bool {
		switch id {
		case 1:
			t.structs(kind, func() { g.chunks = append(g.chunks, parseChunk(t)) })
		case 3:
			g.rows = t.number(kind)
		default:
			return false
		}
		return true
	})
	return g
}

func parseChunk(t *thrift) chunk {
	var c chunk
	t.fields(func(id int64, kind byte) bool {
		if id == 1 && kind == kindBytes {
			t.fail("a column is in another file, %.80q", t.bytes())
			return true
		}
		if id != 3 || kind != kindStruct {
			return false
		}
		t.fields(func(id int64, kind byte) bool {
			switch id {
			case 1:
				c.kind = t.number(kind)
			case 3:
				if kind != kindList {
					return false
				}
				inner, n := t.list()
				for range n {
					c.path = append(c.path, t.text(inner))
				}
			case 4:
				c.codec = t.number(kind)
			case 5:
				c.values = t.number(kind)
			case 7:
				c.compressed = t.number(kind)
			case 9:
				c.dataOffset = t.number(kind)
			case 11:
				c.dictionaryStart = t.number(kind)
			default:
				return false
			}
			return true
		})
		return true
	})
	return c
}

// pageHeader is what stands before a page.
type pageHeader struct {
	kind                     int64
	expanded, compressed     int64
	crc                      int64
	hasCRC                   bool
	values, encoding         int64
	definitions, repetitions int64 // lengths of levels, in pages of version 2
	plain                    bool  // not compressed, in pages of version 2
}

func parsePageHeader(data []byte) (h pageHeader, length int, err error) {
	t := &thrift{data: data}
	h.kind = -1
	t.fields(func(id int64, kind byte) bool {
		switch {
		case id == 1:
			h.kind = t.number(kind)
		case id == 2:
			h.expanded = t.number(kind)
		case id == 3:
			h.compressed = t.number(kind)
		case id == 4:
			h.crc, h.hasCRC = t.number(kind), true
		case (id == 5 || id == 7 || id == 8) && kind == kindStruct:
			version2 := id == 8
			t.fields(func(id int64, kind byte) bool {
				switch {
				case id == 1:
					h.values = t.number(kind)
				case id == 2 && !version2 || id == 4 && version2:
					h.encoding = t.number(kind)
				case id == 5 && version2:
					h.definitions = t.number(kind)
				case id == 6 && version2:
					h.repetitions = t.number(kind)
				case id == 7 && version2 && kind == kindFalse:
					h.plain = true
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
	return h, t.at, t.err
}
