package zarr

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// parseFillV2 reads a fill value as Zarr v2 has it (specification 2, section "Fill
// value encoding"), and as zarr-python reads it beyond that: true and false may be 1
// and 0, integers may have a point, NaN may be without quotes, and the empty text of
// elements of any length may be 0. null says that what was never written may be
// anything: it is zero here.
func parseFillV2(raw json.RawMessage, d dtype.Descr) ([]byte, error) {
	t := d.Type
	if isNull(raw) {
		return t.Zero(), nil
	}
	switch t.Kind() {
	case dtype.Boolean:
		switch string(raw) {
		case "0", "0.0":
			return []byte{0}, nil
		case "1", "1.0":
			return []byte{1}, nil
		}
	case dtype.Int, dtype.Uint, dtype.Datetime, dtype.Timedelta:
		switch s := string(raw); s {
		case "true":
			raw = json.RawMessage("1")
		case "false":
			raw = json.RawMessage("0")
		default:
			if whole, zeros, ok := strings.Cut(s, "."); ok && strings.Trim(zeros, "0") == "" {
				raw = json.RawMessage(whole)
			}
		}
	case dtype.Float, dtype.Complex:
		return parseFloatFillV2(t, raw)
	case dtype.Struct:
		return parseStructFillV2(d, raw)
	case dtype.Text, dtype.ByteString:
		if string(raw) == "0" {
			return t.Zero(), nil
		}
	}
	return t.ParseFill(raw)
}

func parseFloatFillV2(t dtype.Type, raw json.RawMessage) ([]byte, error) {
	if leading(raw) == NonFinite(raw) {
		raw = json.RawMessage(strconv.Quote(string(raw)))
	}
	if t.Kind() != dtype.Complex {
		return t.ParseFill(raw)
	}
	if len(raw) > 0 && raw[0] != '[' { // a real number
		raw = fmt.Appendf(nil, "[%s,0.0]", raw)
	}
	return t.ParseFill(mask2(raw))
}

// mask2 puts numbers that JSON does not have in quotes.
func mask2(raw json.RawMessage) json.RawMessage {
	v, err := decodeValue(raw)
	if err != nil {
		return raw
	}
	out, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return out
}

// parseStructFillV2 reads all bytes of an element in base64, in the order in which
// they are stored.
func parseStructFillV2(d dtype.Descr, raw json.RawMessage) ([]byte, error) {
	var text string
	if err := decode(raw, &text); err != nil {
		return nil, err
	}
	elem, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(elem) != d.Type.Size() {
		return nil, fmt.Errorf("%s is not the %d bytes of an element in base64", clip(raw), d.Type.Size())
	}
	d.Swap(elem)
	d.Type.Tidy(elem)
	return elem, nil
}

// formatFillV2 writes a fill value, that of structs in the byte order of the array.
func formatFillV2(t dtype.Type, elem []byte, o dtype.Order) (json.RawMessage, error) {
	switch t.Kind() {
	case dtype.Datetime, dtype.Timedelta:
		return dtype.Int64.FormatFill(elem), nil // NaT too
	case dtype.Struct:
		stored := append([]byte(nil), elem...)
		if o != dtype.Native {
			t.Swap(stored)
		}
		return json.Marshal(base64.StdEncoding.EncodeToString(stored))
	}
	raw := t.FormatFill(elem)
	if (t.Kind() == dtype.Float || t.Kind() == dtype.Complex) && strings.Contains(string(raw), `"0x`) {
		return nil, errors.New("which NaN it is cannot be said in Zarr v2")
	}
	return raw, nil
}
