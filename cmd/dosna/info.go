package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/compress/zstd"
)

func (a *app) infoCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "info ADDRESS",
		Short: "Tell about a store, a group or a dataset",
		Long: `Tell what is at an address: of a dataset its shape, type, chunks, codecs and what
it occupies; of a group its children; of a root also the store and the zstd
implementation in use.`,
		Example: `  dosna info /tmp/pool
  dosna info /tmp/pool#/scan/raw
  dosna info /tmp/pool#/scan/raw --json`,
		Args: exactArgs("the address"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.info(cmd.Context(), args[0], follow) },
	}
	cmd.Flags().BoolVarP(&follow, "follow", "L", false, "tell about what a link leads to")
	cmd.ValidArgsFunction = a.completeAddress(1)
	return cmd
}

func (a *app) info(ctx context.Context, address string, follow bool) error {
	return a.at(ctx, address, dosna.ReadOnly, func(p place) error {
		n, err := p.entry(ctx)
		if err != nil {
			return err
		}
		if l, ok := n.(*dosna.Link); ok {
			if !follow {
				return a.infoLink(ctx, l)
			}
			if n, err = l.Follow(ctx); err != nil {
				return err
			}
		}
		p = placeOf(n)
		if d, ok := n.(*dosna.Dataset); ok {
			return a.infoDataset(ctx, p, d)
		}
		return a.infoGroup(ctx, p, n.(*dosna.Group))
	})
}

// unlisted is said where there is no telling what a store has.
const unlisted = "not known: the store has no listing"

// usedInfo is a dataset with what it occupies.
type usedInfo struct {
	datasetInfo
	Objects     *int    `json:"objects"` // null, like StoredBytes: the store has no listing
	Cells       int     `json:"objects_if_full"`
	StoredBytes *int64  `json:"stored_bytes"`
	Ratio       *number `json:"ratio"` // null: nothing is stored
}

func (a *app) infoDataset(ctx context.Context, p place, d *dosna.Dataset) error {
	u, err := d.Usage(ctx)
	info := usedInfo{datasetInfo: describe(d), Objects: &u.Objects, Cells: u.Cells, StoredBytes: &u.Stored}
	stored := ""
	switch {
	case err == nil:
		stored = storedText(d, u)
	case errors.Is(err, errors.ErrUnsupported):
		info.Objects, info.StoredBytes, stored = nil, nil, unlisted
	default:
		return err
	}
	if u.Stored > 0 && d.Bytes() > 0 {
		r := number(float64(d.Bytes()) / float64(u.Stored))
		info.Ratio = &r
	}
	return a.show(info, func(w *strings.Builder) {
		rows := [][]string{
			{"dataset", p.String()},
			{"shape", tuple(d.Shape()) + dims(d)},
			{"dtype", d.Type().String()},
			{"size", sizeText(d)},
		}
		if d.Format() != 3 {
			rows = append(rows, []string{"format", "Zarr v2"})
		}
		if shards := d.Shards(); shards != nil {
			rows = append(rows, []string{"chunks", tuple(d.Chunks())}, []string{"shards", cells(shards, d.Edges())})
		} else {
			rows = append(rows, []string{"chunks", cells(d.Chunks(), d.Edges())})
		}
		rows = append(rows,
			[]string{"codecs", codecsText(d.Codecs())},
			[]string{"checksum", map[bool]string{true: "every chunk is checked", false: "none"}[d.Checked()]},
			[]string{"fill value", d.Type().Format(d.Fill())},
			[]string{"stored", stored})
		table(w, append(rows, attrRows(d.Attrs())...))
	})
}

// sizeText says how many elements there are, and of how many bytes, if that is known.
func sizeText(d *dosna.Dataset) string {
	if d.Type().Variable() {
		return count(d.Size(), "element") + " of any length"
	}
	return fmt.Sprintf("%s, %s", count(d.Size(), "element"), size(int64(d.Bytes())))
}

// amount says how much n elements are: bytes, where they are of a fixed size.
func amount(d *dosna.Dataset, n int) string {
	if d.Type().Variable() {
		return count(n, "element")
	}
	return size(int64(n * d.Type().Size()))
}

// pace is how much that is in a second.
func pace(d *dosna.Dataset, n int, took time.Duration) string {
	if d.Type().Variable() {
		return fmt.Sprintf("%.0f elements/s", float64(n)/max(took.Seconds(), 1e-9))
	}
	return speed(int64(n*d.Type().Size()), took)
}

func dims(d *dosna.Dataset) string {
	if names := d.DimensionNames(); names != nil {
		return " named " + strings.Join(names, ", ")
	}
	return ""
}

// smaller says how much smaller than the elements what is stored is, if all of it
// is.
func smaller(d *dosna.Dataset, u dosna.Usage) string {
	if u.Objects < u.Cells || u.Stored == 0 || d.Type().Variable() {
		return ""
	}
	if int64(d.Bytes()) < u.Stored {
		return ", " + ratio(u.Stored, int64(d.Bytes())) + " larger"
	}
	return ", " + ratio(int64(d.Bytes()), u.Stored) + " smaller"
}

// storedText says what of a dataset is stored.
func storedText(d *dosna.Dataset, u dosna.Usage) string {
	switch {
	case u.Objects == 0:
		return "nothing: all is fill"
	case u.Objects < u.Cells:
		return fmt.Sprintf("%s in %d of %d objects, the rest is fill", size(u.Stored), u.Objects, u.Cells)
	}
	return objects(u.Objects, u.Stored) + smaller(d, u)
}

// objects prints stored objects and their bytes.
func objects(n int, bytes int64) string { return size(bytes) + " in " + count(n, "object") }

// storedIn says how many bytes are in how many objects of datasets and documents of
// nodes.
func storedIn(n, documents int, bytes int64) string {
	return objects(n, bytes) + " and " + count(documents, "document")
}

// attrRows are attributes as rows of a table.
func attrRows(attrs dosna.Attributes) [][]string {
	var rows [][]string
	for i, name := range sortedNames(attrs) {
		title := ""
		if i == 0 {
			title = "attributes"
		}
		raw, err := json.Marshal(attrs[name])
		if err != nil {
			raw = []byte(err.Error())
		}
		rows = append(rows, []string{title, name + " = " + clipped(string(raw), 100)})
	}
	return rows
}

func sortedNames(attrs dosna.Attributes) []string {
	var names []string
	for name := range attrs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// clipped shortens a text to about so many characters.
func clipped(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// rootInfo is a group that is the root of a store.
type rootInfo struct {
	groupInfo
	Store string `json:"store"`
	Zstd  string `json:"zstd"`
}

func (a *app) infoGroup(ctx context.Context, p place, g *dosna.Group) error {
	t, err := below(ctx, g, false)
	if err != nil {
		return err
	}
	children, found := t.nodes, fmt.Sprint(len(t.nodes))
	fault := t.err()
	if len(children) == 0 && errors.Is(fault, errors.ErrUnsupported) {
		found, fault = unlisted, nil
	}
	info := groupInfo{Path: g.Path(), Kind: "group", Format: g.Format(), Children: []string{}, Attrs: g.Attrs()}
	for _, n := range children {
		info.Children = append(info.Children, n.Name())
	}
	rows := [][]string{{"group", p.String()}}
	var v any = info
	if g.Path() == "/" {
		impl, reason := zstd.Implementation()
		text := impl
		if reason != nil {
			text += " (" + oneLine(reason) + ")"
		}
		rows = [][]string{{"root of", p.URL()}, {"zstd", text}}
		v = rootInfo{info, p.URL(), impl}
	}
	err = a.show(v, func(w *strings.Builder) {
		if g.Format() != 3 {
			rows = append(rows, []string{"format", "Zarr v2"})
		}
		rows = append(rows, []string{"children", found})
		table(w, append(rows, attrRows(g.Attrs())...))
		if len(children) > 0 {
			fmt.Fprintln(w)
			table(w, listing(children, func(n dosna.Node) string { return n.Name() }))
		}
	})
	return errors.Join(err, fault)
}
