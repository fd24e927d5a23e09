package refstore

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/dosna/dosna/store"
)

// WriteJSON writes references as kerchunk reads them, in version 1, ordered by
// key. What manifests of kerchunk cannot say is lost: the versions, sizes and times
// of sources. A reference that begins within a source and goes to its end cannot be
// written.
func WriteJSON(w io.Writer, m *Manifest) error {
	urls := make([][]byte, len(m.sources))
	for i, s := range m.sources {
		var err error
		if urls[i], err = json.Marshal(s.URL); err != nil {
			return err
		}
	}
	buf := []byte("{\"version\":1,\"refs\":{")
	for key, i := range m.All {
		if i > 0 {
			buf = append(buf, ',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return err
		}
		buf = append(append(append(buf, '\n'), name...), ':')
		switch r := m.Ref(i); {
		case r.Source == nil:
			text := string(r.Inline)
			if !utf8.ValidString(text) || strings.HasPrefix(text, base64Prefix) {
				text = base64Prefix + base64.StdEncoding.EncodeToString(r.Inline)
			}
			coded, err := json.Marshal(text)
			if err != nil {
				return err
			}
			buf = append(buf, coded...)
		case r.Range == (store.Range{}):
			buf = append(append(append(buf, '['), urls[m.source[i]-1]...), ']')
		case r.Range.Len == 0:
			return fmt.Errorf("%w: the reference %q is to all of %s from byte %d on, which kerchunk cannot say", store.ErrInvalid, key, r.Source.URL, r.Range.Off)
		default:
			buf = fmt.Appendf(append(append(buf, '['), urls[m.source[i]-1]...), ",%d,%d]", r.Range.Off, r.Range.Len)
		}
		if len(buf) > 64<<10 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	_, err := w.Write(append(buf, "\n}}\n"...))
	return err
}
