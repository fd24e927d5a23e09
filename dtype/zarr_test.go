package dtype_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

// zarrCase is a line of what testdata/zarr_cases.py prints or reads.
type zarrCase struct {
	Type  json.RawMessage `json:"type"`
	Fill  json.RawMessage `json:"fill"`
	Size  int             `json:"size"`
	Elem  string          `json:"elem"`
	Fault string          `json:"fault,omitempty"`
}

func zarrCases(t *testing.T, args ...string) []zarrCase {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "zarr_cases.py"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []zarrCase
	lines := bufio.NewScanner(bytes.NewReader(testenv.RunPython(t, []string{"numpy", "zarr"}, string(script), args...)))
	for lines.Scan() {
		var c zarrCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

// TestZarrPython reads types and fill values that zarr-python writes, and has it
// read ours.
func TestZarrPython(t *testing.T) {
	if dtype.Native == dtype.Big {
		t.Skip("the elements that zarr-python prints are little-endian")
	}
	var ours bytes.Buffer
	var want []string
	theirs := zarrCases(t)
	for _, c := range theirs {
		typ, err := dtype.ParseJSON(c.Type)
		if err != nil {
			t.Error(err)
			continue
		}
		elem, err := typ.ParseFill(c.Fill)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := hex.EncodeToString(elem); got != c.Elem || typ.Size() != c.Size {
			t.Errorf("%s of %s has the bytes %s, and for zarr-python %s", c.Fill, c.Type, got, c.Elem)
		}
		if typ.Kind() == dtype.Struct {
			continue // which 3.1 knows by its old name only
		}
		line, err := json.Marshal(zarrCase{Type: typ.JSON(), Fill: typ.FormatFill(elem)})
		if err != nil {
			t.Fatal(err)
		}
		ours.Write(append(line, '\n'))
		want = append(want, c.Elem)
	}
	file := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(file, ours.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	sent := strings.Split(strings.TrimSpace(ours.String()), "\n")
	read := zarrCases(t, file)
	if len(read) != len(want) || len(want) < 60 {
		t.Fatalf("%d cases read of %d", len(read), len(want))
	}
	for i, c := range read {
		if c.Fault != "" || c.Elem != want[i] {
			t.Errorf("zarr-python reads %s as %s %s, want %s", sent[i], c.Elem, c.Fault, want[i])
		}
	}
}
