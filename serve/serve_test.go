package serve

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves for the test, and returns the socket and what ends the server.
func start(t *testing.T, o Options) (socket string, stop func()) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := New(o)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server does not end")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if used, _ := s.budget.now(); used != 0 {
			t.Errorf("%d bytes of segments are left", used)
		}
	}
	t.Cleanup(stop)
	return socket, stop
}

// client is one connection, as a client in another language would make it.
type client struct {
	t    *testing.T
	conn *net.UnixConn
	last uint64
}

type m = map[string]any

func dial(t *testing.T, socket string, greeting m) *client {
	t.Helper()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: t, conn: conn}
	h := m{"op": "hello", "protocol": []int{1}, "session": strings.Repeat("s", 16), "memory": false}
	for k, v := range greeting {
		h[k] = v
	}
	c.send(h, nil)
	return c
}

func greet(t *testing.T, socket string, greeting m) *client {
	t.Helper()
	c := dial(t, socket, greeting)
	if a, _ := c.receive(); a["error"] != nil {
		t.Fatal(a)
	}
	return c
}

func (c *client) send(h m, body []byte) uint64 {
	c.t.Helper()
	c.last++
	if h["id"] == nil {
		h["id"] = c.last
	}
	text, err := json.Marshal(h)
	if err != nil {
		c.t.Fatal(err)
	}
	frame := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	frame = binary.LittleEndian.AppendUint64(frame, uint64(len(body)))
	if _, err := c.conn.Write(slices.Concat(frame, text, body)); err != nil {
		c.t.Fatal(err)
	}
	return c.last
}

func (c *client) receive() (m, []byte) {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	header, body, err := readFrame(c.conn)
	if err != nil {
		c.t.Fatal(err)
	}
	var a m
	if err := json.Unmarshal(header, &a); err != nil {
		c.t.Fatal(err)
	}
	return a, body
}

// call sends a request and returns the answer, which must be no error.
func (c *client) call(op string, at, args m, body []byte) (any, []byte) {
	c.t.Helper()
	a, out := c.ask(op, at, args, body)
	if a["error"] != nil {
		c.t.Fatalf("%s: %v", op, a["error"])
	}
	return a["ok"], out
}

func (c *client) ask(op string, at, args m, body []byte) (m, []byte) {
	c.t.Helper()
	h := m{"op": op}
	if at != nil {
		h["at"] = at
	}
	if args != nil {
		h["args"] = args
	}
	id := c.send(h, body)
	a, out := c.receive()
	if got, _ := a["id"].(float64); uint64(got) != id {
		c.t.Fatalf("the answer to request %d is of %v", id, a)
	}
	return a, out
}

// refused is the kind of the error that a request is answered with.
func (c *client) refused(op string, at, args m, body []byte) string {
	c.t.Helper()
	a, _ := c.ask(op, at, args, body)
	fault, _ := a["error"].(m)
	if fault == nil {
		c.t.Fatalf("%s: no error: %v", op, a)
	}
	kind, _ := fault["kind"].(string)
	return kind
}

func elements[T dtype.Element](values ...T) []byte { return dtype.Bytes(values) }

func newTree(t *testing.T) m { return m{"url": filepath.Join(t.TempDir(), "pool")} }

func in(tree m, path string) m { return m{"url": tree["url"], "path": path} }

func TestReadAndWrite(t *testing.T) {
	socket, _ := start(t, Options{})
	c := greet(t, socket, nil)
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	ds := in(at, "a/b")
	ok, _ := c.call("create-dataset", ds, m{"shape": []int{4, 6}, "dtype": "<i4", "chunks": []int{3, 3}}, nil)
	if kind := ok.(m)["kind"]; kind != "dataset" {
		t.Errorf("a dataset is described as %v", ok)
	}
	c.call("write", ds, m{"sel": []any{1, []any{nil, nil, 2}}, "shape": []int{3}}, elements[int32](1, 2, 3))
	_, got := c.call("read", ds, m{"sel": []any{[]any{0, 2, nil}, "..."}}, nil)
	if want := elements[int32](0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 0); !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", dtype.Slice[int32](got), dtype.Slice[int32](want))
	}
	_, got = c.call("read", ds, m{"sel": []any{m{"ints": []int{2}}, m{"ints": []int{2}}}}, elements[int64](1, 1, 4, 2))
	if want := elements[int32](3, 2); !slices.Equal(got, want) {
		t.Errorf("points are %v", dtype.Slice[int32](got))
	}
	_, got = c.call("read", ds, m{"sel": []any{m{"mask": []int{4}}, 0}}, []byte{0, 1, 0, 1})
	if want := elements[int32](1, 0); !slices.Equal(got, want) {
		t.Errorf("masked are %v", dtype.Slice[int32](got))
	}
	ok, _ = c.call("append", ds, m{"axis": 0, "shape": []int{1, 6}}, elements[int32](9, 9, 9, 9, 9, 9))
	if begin := ok.(m)["at"]; begin != 4.0 {
		t.Errorf("appended at %v", begin)
	}
	_, got = c.call("read", ds, m{"sel": []any{-1, 3}}, nil)
	if !slices.Equal(got, elements[int32](9)) {
		t.Errorf("what was appended is %v", got)
	}
}

func TestTexts(t *testing.T) {
	socket, _ := start(t, Options{})
	c := greet(t, socket, nil)
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	ds := in(at, "names")
	c.call("create-dataset", ds, m{"shape": []int{3}, "dtype": "string"}, nil)
	body := append(elements[int64](1, 1, 4), "aböc"...)
	if kind := c.refused("write", ds, m{"sel": []any{}, "shape": []int{3}, "count": 3}, body); kind != "invalid" {
		t.Errorf("texts with bytes left over: %s", kind)
	}
	body = append(elements[int64](1, 1, 5), "aböc"...)
	c.call("write", ds, m{"sel": []any{}, "shape": []int{3}, "count": 3}, body)
	ok, got := c.call("read", ds, m{"sel": []any{}}, nil)
	if ok.(m)["count"] != 3.0 || !slices.Equal(got, body) {
		t.Errorf("read %v, %q", ok, got)
	}
}

func TestRefused(t *testing.T) {
	socket, _ := start(t, Options{})
	c := greet(t, socket, nil)
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	ds := in(at, "a")
	c.call("create-dataset", ds, m{"shape": []int{4}, "dtype": "<i4"}, nil)
	readOnly := m{"url": at["url"], "path": "a", "mode": "r"}
	for _, r := range []struct {
		op       string
		at, args m
		want     string
	}{
		{"nothing", nil, nil, "invalid"},
		{"node", in(at, "b"), nil, "not-found"},
		{"node", m{"url": "/nowhere/at/all"}, nil, "not-found"},
		{"node", m{"url": "what://x"}, nil, "invalid"},
		{"node", in(at, "a"), m{"unknown": 1}, "invalid"},
		{"create-dataset", ds, m{"shape": []int{4}, "dtype": "<i4"}, "exists"},
		{"create-dataset", in(at, "c"), m{"shape": []int{4}, "dtype": "what"}, "invalid"},
		{"read", ds, m{"sel": []any{4}}, "index"},
		{"read", ds, m{"sel": []any{1.5}}, "index"},
		{"read", ds, m{"sel": []any{[]any{1, 2}}}, "index"},
		{"read", ds, m{"sel": []any{m{"ints": []int{5}}}}, "index"},
		{"read", ds, m{"sel": []any{m{"ints": []int{-5}}}}, "index"},
		{"write", ds, m{"sel": []any{9}, "shape": []int{0}}, "index"},
		{"write", ds, m{"sel": []any{}, "shape": []int{4}}, "invalid"},
		{"write", ds, m{"sel": []any{}, "shape": []int{1 << 40, 1 << 40}}, "invalid"},
		{"write", readOnly, m{"sel": []any{}, "shape": []int{0}}, "permission"},
		{"write", ds, m{"sel": []any{}, "shape": []int{4}, "from": m{"id": 1, "len": 16}}, "invalid"},
		{"chunk", ds, m{"coords": []int{7}, "do": "has"}, "invalid"},
		{"chunk", ds, m{"coords": []int{0}, "do": "dance"}, "invalid"},
		{"alloc", nil, m{"bytes": 100}, "invalid"},
		{"unlock", ds, m{"lock": 3}, "lost"},
		{"read", m{"url": at["url"], "path": "", "handle": "x"}, m{"sel": []any{}}, "invalid"},
	} {
		kind := c.refused(r.op, r.at, r.args, nil)
		// An assignment of nothing may be refused for its shape, before it is for its place.
		if kind != r.want && !(r.op == "write" && r.want == "permission" && kind == "invalid") {
			t.Errorf("%s of %v with %v: %s, want %s", r.op, r.at, r.args, kind, r.want)
		}
	}
}

func TestGreeting(t *testing.T) {
	socket, _ := start(t, Options{})
	for name, g := range map[string]m{
		"another version": {"protocol": []int{2, 3}},
		"no greeting":     {"op": "status"},
		"no session":      {"session": ""},
	} {
		c := dial(t, socket, g)
		if a, _ := c.receive(); a["error"] == nil {
			t.Errorf("%s: %v", name, a)
		}
		if _, _, err := readFrame(c.conn); err != io.EOF {
			t.Errorf("%s: the connection goes on: %v", name, err)
		}
	}
	c := dial(t, socket, nil)
	a, _ := c.receive()
	if w, _ := a["ok"].(m); w["protocol"] != 1.0 || w["memory"] != false {
		t.Errorf("the greeting is answered %v", a)
	}
}

func TestManyInFlight(t *testing.T) {
	socket, _ := start(t, Options{})
	c := greet(t, socket, nil)
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	ds := in(at, "a")
	c.call("create-dataset", ds, m{"shape": []int{1000}, "dtype": "<i8", "chunks": []int{10}}, nil)
	want := map[uint64]int64{}
	for i := range 100 {
		id := c.send(m{"op": "write", "at": ds, "args": m{"sel": []any{i}, "shape": []int{}}}, elements(int64(i)))
		want[id] = 0
	}
	for range 100 {
		if a, _ := c.receive(); a["error"] != nil {
			t.Fatal(a)
		}
	}
	clear(want)
	for i := range 100 {
		want[c.send(m{"op": "read", "at": ds, "args": m{"sel": []any{i}}}, nil)] = int64(i)
	}
	for range 100 {
		a, body := c.receive()
		id, _ := a["id"].(float64)
		if i, ok := want[uint64(id)]; !ok || !slices.Equal(body, elements(i)) {
			t.Errorf("request %v reads %v, want %d", id, body, i)
		}
		delete(want, uint64(id))
	}
}

// A lock that another session holds is waited for, until that is cancelled or the
// client goes; the locks of a client that has gone are free.
func TestCancel(t *testing.T) {
	socket, _ := start(t, Options{})
	c := greet(t, socket, nil)
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	first := greet(t, socket, m{"session": strings.Repeat("1", 16)})
	first.call("lock", at, m{}, nil)
	if kind := c.refused("lock", at, m{"wait": -1}, nil); kind != "held" {
		t.Errorf("a second lock: %s", kind)
	}
	waiting := c.send(m{"op": "lock", "at": at, "args": m{}}, nil)
	c.send(m{"op": "cancel", "id": 0, "of": waiting}, nil)
	a, _ := c.receive()
	if fault, _ := a["error"].(m); a["id"] != float64(waiting) || fault["kind"] != "cancelled" {
		t.Errorf("what was cancelled is answered %v", a)
	}
	// Both wait; one goes.
	gone := greet(t, socket, m{"session": strings.Repeat("2", 16)})
	gone.send(m{"op": "lock", "at": at, "args": m{}}, nil)
	_ = gone.conn.Close()
	id := c.send(m{"op": "lock", "at": at, "args": m{}}, nil)
	_ = first.conn.Close()
	if a, _ := c.receive(); a["id"] != float64(id) || a["error"] != nil {
		t.Errorf("the lock of a client that has gone: %v", a)
	}
}

func TestWritesUnderALock(t *testing.T) {
	socket, _ := start(t, Options{})
	c := greet(t, socket, nil)
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	ds := in(at, "a")
	c.call("create-dataset", ds, m{"shape": []int{4}, "dtype": "<i4"}, nil)
	ok, _ := c.call("lock", ds, m{}, nil)
	held := ok.(m)
	write := m{"op": "write", "at": ds, "lock": held["lock"], "args": m{"sel": []any{0}, "shape": []int{}}}
	c.send(write, elements[int32](1))
	if a, _ := c.receive(); a["error"] != nil {
		t.Error(a)
	}
	c.call("unlock", ds, m{"lock": held["lock"]}, nil)
	delete(write, "id")
	c.send(write, elements[int32](2))
	if a, _ := c.receive(); a["error"] == nil {
		t.Error("a write under a lock that was released is done")
	}
}

func TestIdleServerEnds(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Idle: 50 * time.Millisecond})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(context.Background(), l) }()
	c := greet(t, socket, nil)
	select {
	case err := <-ended:
		t.Fatalf("it ends while there is a client: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	_ = c.conn.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}

func TestTreeRemovedMeanwhile(t *testing.T) {
	socket, _ := start(t, Options{})
	c := greet(t, socket, nil)
	at := m{"url": "mem://"}
	c.call("open", at, m{"create": true}, nil)
	c.call("create-dataset", in(at, "a"), m{"shape": []int{1}, "dtype": "<i4"}, nil)
	ok, _ := c.call("has", in(at, "a"), nil, nil)
	if ok != true {
		t.Errorf("a dataset in RAM is there: %v", ok)
	}
	c.call("delete", in(at, "a"), nil, nil)
	if ok, _ = c.call("has", in(at, "a"), nil, nil); ok != false {
		t.Errorf("a dataset that was deleted is there: %v", ok)
	}
	if err := dosna.Init(t.Context(), "mem://"); err != nil {
		t.Error(err)
	}
}
