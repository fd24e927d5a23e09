package archtest

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestCheckDocs(t *testing.T) {
	const makefile = ".PHONY: check\nall: check\ncheck test: bin/x\n\tgo vet ./...: recipe\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"there", "[a](format.md) [b](../LICENSE \"licence\") ![c](pictures/slice.png) [d](../docs/) [e](<format.md>)\n", nil},
		{"gone", "[a](gone.md) and [b](../gone)\n", []string{"docs/tour.md: link to gone.md: no such file", "link to ../gone: no such file"}},
		{"named", "[a][1]\n\n[1]: gone.md\n[2]: format.md\n", []string{"link to gone.md"}},
		{"anchors", "[a](format.md#shard-index-v3) [b](#on-top) [c](format.md#a-1)\n# On top\n", nil},
		{"no anchor", "[a](format.md#nothing) [b](#code)\n```\n# code\n```\n", []string{"format.md#nothing: no such heading", "#code: no such heading"}},
		{"elsewhere", "[a](https://example.com/gone.md) [b](mailto:a@example.com) [c](//example.com/x)\n", nil},
		{"absolute", "[a](/etc/passwd)\n", []string{"an absolute path"}},
		{"out", "[a](../../x.md)\n", []string{"it leads out"}},
		{"code", "`[a](gone.md)`\n\n```\nm[i](gone)\n```\n", nil},
		{"targets", "Run `make check` and `make test V=1`.\n\n    make all   # everything\n\n```sh\n$ make check test\n```\n", nil},
		{"no targets", "`make nothing`\n\n```\nmake check never\n```\n", []string{"make never: the Makefile has no", "make nothing: "}},
		{"prose", "To be sure,\nmake sure of it; we make peace. `make`, `makes it`.\n", nil},
		{"recipes are no targets", "`make go`\n", []string{"make go: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults, err := CheckDocs(fstest.MapFS{
				"Makefile":                text(makefile),
				"LICENSE":                 text(""),
				"docs/tour.md":            text(c.text),
				"docs/format.md":          text("# Shard index (v3)\n## a\n## A\n"),
				"docs/pictures/slice.png": text(""),
			})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, faults, c.want)
		})
	}
}

func TestAnchors(t *testing.T) {
	got := anchors("# One & two: `x_y`\ntext\n## Grüße ##\n# Grüße\n")
	if want := []string{"one--two-x_y", "grüße", "grüße-1"}; !slices.Equal(got, want) {
		t.Errorf("anchors = %q, want %q", got, want)
	}
}
