package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"strings"
	"sync"

	"github.com/dosna/dosna"
	stores "github.com/dosna/dosna/store"
)

// DiffOptions say when nodes differ; the zero value compares structure, attributes,
// shapes, types, fill values, names of dimensions and elements, these exactly.
type DiffOptions struct {
	// Abs and Rel are how far apart numbers a and b may be to count as equal, as
	// atol and rtol of numpy.isclose: |a-b| ≤ Abs + Rel·|b|, of finite b. Fill
	// values, times and texts are compared exactly in any case.
	Abs, Rel float64
	// NaNDiffers makes a NaN, or a NaT, differ from another one, which it else
	// equals. A struct's are bytes as others.
	NaNDiffers bool
	// Metadata compares how datasets are stored as well: chunks, shards, codecs and
	// names of keys.
	Metadata bool
	// First ends the comparison with the first difference.
	First bool
	// Report, if not nil, is given the differences, one at a time: nodes in order,
	// as Walk has them, and of each first what its metadata says.
	Report func(Difference)
}

func (o DiffOptions) check() error {
	for _, x := range []float64{o.Abs, o.Rel} {
		if !(x >= 0) || math.IsInf(x, 0) {
			return fmt.Errorf("%w: the tolerance %v is not a finite number from 0", dosna.ErrInvalid, x)
		}
	}
	return nil
}

// DiffKind says in what two nodes differ.
type DiffKind string

// The kinds of differences, those of metadata that Metadata asks for last.
const (
	DiffOnlyA      DiffKind = "only in A"
	DiffOnlyB      DiffKind = "only in B"
	DiffKinds      DiffKind = "kind"
	DiffAttribute  DiffKind = "attribute"
	DiffShapes     DiffKind = "shape"
	DiffTypes      DiffKind = "dtype"
	DiffFillValues DiffKind = "fill value"
	DiffDimensions DiffKind = "dimension names"
	DiffChunks     DiffKind = "chunks"
	DiffShards     DiffKind = "shards"
	DiffCodecs     DiffKind = "codecs"
	DiffKeys       DiffKind = "chunk keys"
	DiffValues     DiffKind = "values"
)

// Difference is something in which two nodes differ.
type Difference struct {
	Kind DiffKind
	// Path is where the nodes are, from those that were compared: "/" is themselves.
	Path string
	// Name is that of an attribute; dots lead into objects, "axes.x.unit".
	Name string
	// A and B are what they have, as JSON; nil if nothing. Of a node on one side
	// only it is what it is, "group" or "dataset".
	A, B json.RawMessage
	// Values is of that kind only.
	Values *ValueDifference
}

// DiffSummary counts what was compared.
type DiffSummary struct {
	Nodes       int // that are on both sides
	Datasets    int // of them, those the elements of which were compared
	Elements    int // of these
	Differences int // that were reported
}

// Diff compares two nodes, in any stores, with everything below them if they are
// groups. Of two datasets it compares the elements, if their shapes are the same and
// their types can be compared: numbers with numbers, exactly, whatever their types,
// and others with their like. How they are cut into chunks, encoded and ordered
// makes no difference, but where both are stored alike, only objects whose bytes
// differ are decoded, and those that neither has are not looked for.
//
// It works, and reports progress, as the options of a's connection say. Memory is
// bounded, however large nodes are: about two blocks of 8 MiB for each worker, or
// two chunks, if they are larger, up to 128 MiB each, and beside them what texts take.
//
// Nodes that cannot be read are an error, but the others are compared all the same.
func Diff(ctx context.Context, a, b dosna.Node, o DiffOptions) (DiffSummary, error) {
	d := &differ{o: o, a: below(a), b: below(b), progress: counter{report: a.Connection().Options().Progress}}
	err := o.check()
	if err == nil {
		err = d.nodes(ctx, "", a, b)
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	if d.more > 0 {
		d.faults = append(d.faults, fmt.Errorf("and %d more that cannot be compared", d.more))
	}
	if err = errors.Join(append(d.faults, err)...); err != nil {
		return d.sum, fmt.Errorf("compare %s and %s: %w", nodeAt(a), nodeAt(b), err)
	}
	return d.sum, nil
}

func nodeAt(n dosna.Node) string {
	if n.Path() == "/" {
		return n.Connection().URL()
	}
	return n.Connection().URL() + "#" + n.Path()
}

// errEnough ends a comparison that asks for the first difference.
var errEnough = errors.New("the nodes differ")

// differ is a Diff at work.
type differ struct {
	o        DiffOptions
	a, b     string // what addresses of nodes in the two begin with
	sum      DiffSummary
	progress counter
	faults   []error
	more     int // faults that are not told
}

// maxFaults is how many nodes that cannot be read are named.
const maxFaults = 10

// fault notes that a node cannot be compared; the error is for those after which
// there is no use in going on.
func (f *differ) fault(ctx context.Context, err error) error {
	switch {
	case err == nil || errors.Is(err, errEnough):
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, stores.ErrTemporary) || errors.Is(err, stores.ErrClosed):
		return err
	case len(f.faults) == maxFaults:
		f.more++
	default:
		f.faults = append(f.faults, err)
	}
	return nil
}

// found reports a difference.
func (f *differ) found(d Difference) error {
	if d.Path == "" {
		d.Path = "/"
	}
	f.sum.Differences++
	if f.o.Report != nil {
		f.o.Report(d)
	}
	if f.o.First {
		return errEnough
	}
	return nil
}

// either reports a difference unless two texts of JSON are the same.
func (f *differ) either(path string, kind DiffKind, a, b json.RawMessage) error {
	if string(a) == string(b) {
		return nil
	}
	return f.found(Difference{Kind: kind, Path: path, A: a, B: b})
}

func (f *differ) nodes(ctx context.Context, path string, a, b dosna.Node) error {
	f.sum.Nodes++
	if err := f.either(path, DiffKinds, kindOf(a), kindOf(b)); err != nil {
		return err
	}
	if err := f.attributes(path, "", a.Attrs(), f.likeLinks(a, b)); err != nil {
		return err
	}
	switch a := a.(type) {
	case *dosna.Group:
		if b, ok := b.(*dosna.Group); ok {
			return f.groups(ctx, path, a, b)
		}
	case *dosna.Dataset:
		if b, ok := b.(*dosna.Dataset); ok {
			return f.fault(ctx, f.datasets(ctx, path, a, b))
		}
	}
	return nil
}

// below is what addresses of nodes below one begin with.
func below(n dosna.Node) string {
	at := dosna.Address(n)
	if n.Path() == "/" {
		return at + "#/"
	}
	return at + "/"
}

// likeLinks returns the attributes of b. If a and b are links to the same node, or to nodes that
// are compared with one another, they say so as those of a do.
func (f *differ) likeLinks(a, b dosna.Node) dosna.Attributes {
	attrs := b.Attrs()
	x, ok := a.(*dosna.Link)
	y, both := b.(*dosna.Link)
	if !ok || !both || x.Address() == "" {
		return attrs
	}
	to, inA := strings.CutPrefix(x.Address(), f.a)
	as, inB := strings.CutPrefix(y.Address(), f.b)
	if x.Address() != y.Address() && !(inA && inB && to == as) {
		return attrs
	}
	ours, ok := attrs["dosna"].(map[string]any)
	theirs, both := a.Attrs()["dosna"].(map[string]any)
	if ok && both {
		ours, attrs = maps.Clone(ours), maps.Clone(attrs)
		ours["link"], attrs["dosna"] = theirs["link"], ours
	}
	return attrs
}

func kindOf(n dosna.Node) json.RawMessage {
	switch n.(type) {
	case *dosna.Group:
		return json.RawMessage(`"group"`)
	case *dosna.Link:
		return json.RawMessage(`"link"`)
	}
	return json.RawMessage(`"dataset"`)
}

// groups compares what is in two groups, which both yield in the order of names.
func (f *differ) groups(ctx context.Context, path string, a, b *dosna.Group) error {
	inA, stopA := f.children(ctx, a)
	defer stopA()
	inB, stopB := f.children(ctx, b)
	defer stopB()
	x, err := inA()
	if err != nil {
		return err
	}
	y, err := inB()
	for err == nil && (x != nil || y != nil) && !x.unlisted() && !y.unlisted() {
		at := 0 // which comes next: a's if it is less than 0, b's if more, or both
		switch {
		case x == nil:
			at = 1
		case y == nil:
			at = -1
		default:
			at = strings.Compare(x.name, y.name)
		}
		switch {
		case at < 0 && x.node != nil:
			err = f.found(Difference{Kind: DiffOnlyA, Path: path + "/" + x.name, A: kindOf(x.node)})
		case at > 0 && y.node != nil:
			err = f.found(Difference{Kind: DiffOnlyB, Path: path + "/" + y.name, B: kindOf(y.node)})
		case at == 0 && x.node != nil && y.node != nil:
			err = f.nodes(ctx, path+"/"+x.name, x.node, y.node)
		}
		if err == nil && at <= 0 {
			x, err = inA()
		}
		if err == nil && at >= 0 {
			y, err = inB()
		}
	}
	return err
}

// child is a node in a group; nil stands for the end.
type child struct {
	name string     // "" if the group cannot be listed
	node dosna.Node // nil if it cannot be opened
}

func (c *child) unlisted() bool { return c != nil && c.name == "" }

// children returns a function that returns the nodes in a group one by one. Those
// that cannot be opened are faults.
func (f *differ) children(ctx context.Context, g *dosna.Group) (next func() (*child, error), stop func()) {
	pull, stop := iter.Pull2(g.Children(ctx))
	return func() (*child, error) {
		n, err, ok := pull()
		var broken *dosna.NodeError
		switch {
		case !ok:
			return nil, context.Cause(ctx)
		case err == nil:
			return &child{n.Name(), n}, nil
		case !errors.As(err, &broken):
			return nil, err
		}
		name := ""
		if broken.Path != g.Path() {
			name = broken.Path[strings.LastIndexByte(broken.Path, '/')+1:]
		}
		return &child{name: name}, f.fault(ctx, err)
	}, stop
}

// counter adds up the parts of all datasets that are compared, for a progress.
type counter struct {
	report func(done, total int)

	mu          sync.Mutex
	done, total int
}

func (c *counter) expect(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total = max(c.total, c.total+n) // which may be more than there are integers
}

func (c *counter) tick() {
	if c.report == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	c.report(c.done, c.total)
}
