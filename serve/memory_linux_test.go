package serve

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// receiveMemory receives an answer and maps the segment that comes with it.
func (c *client) receiveMemory() (m, []byte) {
	c.t.Helper()
	buf, oob := make([]byte, 1<<16), make([]byte, 64)
	n, oobn, _, _, err := c.conn.ReadMsgUnix(buf, oob)
	if err != nil {
		c.t.Fatal(err)
	}
	header, _, err := readFrame(bytes.NewReader(buf[:n]))
	if err != nil {
		c.t.Fatal(err)
	}
	var a m
	if err := json.Unmarshal(header, &a); err != nil {
		c.t.Fatal(err)
	}
	if oobn == 0 {
		return a, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		c.t.Fatal(messages, err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		c.t.Fatal(fds, err)
	}
	defer unix.Close(fds[0])
	size := int(a["segment"].(m)["size"].(float64))
	data, err := unix.Mmap(fds[0], 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = unix.Munmap(data) })
	if err := unix.Ftruncate(fds[0], 0); err == nil {
		c.t.Error("a client can shrink a segment, and with that end the server")
	}
	return a, data
}

func TestSegments(t *testing.T) {
	socket, _ := start(t, Options{Memory: 3 << 20})
	c := greet(t, socket, m{"memory": true})
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	ds := in(at, "a")
	c.call("create-dataset", ds, m{"shape": []int{1 << 20}, "dtype": "u1"}, nil)

	c.send(m{"op": "alloc", "args": m{"bytes": 1 << 20}}, nil)
	a, memory := c.receiveMemory()
	first := a["segment"].(m)
	copy(memory, bytes.Repeat([]byte("abcd"), 1<<18))
	c.call("write", ds, m{"sel": []any{}, "shape": []int{1 << 20}, "from": m{"id": first["id"], "len": 1 << 20}}, nil)
	clear(memory)

	// Given back, it is used again, and its descriptor not sent again.
	c.send(m{"op": "read", "at": ds, "args": m{"sel": []any{}}, "free": []any{[]any{first["id"], first["use"]}}}, nil)
	a, again := c.receiveMemory()
	second := a["segment"].(m)
	if second["id"] != first["id"] || again != nil || second["use"] == first["use"] {
		t.Errorf("the segment is not used again: %v, then %v", first, second)
	}
	if !bytes.Equal(memory[:1<<20], bytes.Repeat([]byte("abcd"), 1<<18)) {
		t.Error("what was written is not read")
	}

	// What is said of an earlier use of it does not count.
	c.send(m{"op": "read", "at": ds, "args": m{"sel": []any{}}, "free": []any{[]any{first["id"], first["use"]}}}, nil)
	a, other := c.receiveMemory()
	third := a["segment"].(m)
	if third["id"] == first["id"] || other == nil {
		t.Errorf("memory that is in use was lent again: %v", third)
	}

	// The client may have the elements put where it has memory.
	c.call("read", ds, m{"sel": []any{[]any{1, 5, nil}}, "into": m{"id": third["id"], "off": 16, "len": 4}}, nil)
	if string(other[16:20]) != "bcda" {
		t.Errorf("what was read into the client's memory is %q", other[16:20])
	}
	for _, into := range []m{{"id": third["id"], "off": 1 << 40, "len": 4}, {"id": third["id"], "off": -1, "len": 4}, {"id": 99, "len": 4}, {"id": third["id"], "len": 3}} {
		if kind := c.refused("read", ds, m{"sel": []any{[]any{1, 5, nil}}, "into": into}, nil); kind != "invalid" {
			t.Errorf("memory %v: %s", into, kind)
		}
	}

	// There is only so much.
	c.send(m{"op": "read", "at": ds, "args": m{"sel": []any{}}}, nil)
	if a, _ = c.receiveMemory(); a["error"] != nil {
		t.Error(a)
	}
	if kind := c.refused("read", ds, m{"sel": []any{}}, nil); kind != "memory" {
		t.Errorf("a fourth MiB of three: %s", kind)
	}
}

func TestMemoryIsGivenBack(t *testing.T) {
	b := &budget{limit: 1 << 22}
	p := &pool{budget: b, used: map[uint64]*segment{}}
	g, err := p.take(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	g.data[5] = 1
	p.give(g.id, g.use, false)
	p.trim(time.Now())
	if used, _ := b.now(); used != len(g.data) {
		t.Errorf("%d bytes are in use, and the segment is still warm", used)
	}
	p.trim(time.Now().Add(time.Hour))
	if used, _ := b.now(); used != 0 {
		t.Errorf("%d bytes are in use after an hour", used)
	}
	var st unix.Stat_t
	if err := unix.Fstat(g.fd, &st); err != nil || st.Blocks != 0 {
		t.Errorf("%d blocks are left of the segment, %v", st.Blocks, err)
	}
	again, err := p.take(1 << 20)
	if err != nil || again != g || g.data[5] != 0 {
		t.Errorf("taken again: %v, %v", again == g, err)
	}
	if used, _ := b.now(); used != len(g.data) {
		t.Errorf("%d bytes are in use, of a segment that is", used)
	}
	p.close()
	if used, _ := b.now(); used != 0 {
		t.Errorf("%d bytes are in use at the end", used)
	}
}

func TestSizeClass(t *testing.T) {
	for _, n := range []int{1, 65536, 65537, 1 << 20, 1<<20 + 1, 512 << 20, 3_000_000_000} {
		if c := sizeClass(n); c < n || c > max(n+n/4+1, 1<<16) {
			t.Errorf("%d bytes get a segment of %d", n, c)
		}
	}
}

// Descriptors of segments are not left behind by connections that end in the midst.
func TestDescriptors(t *testing.T) {
	socket, stop := start(t, Options{})
	c := greet(t, socket, m{"memory": true, "session": strings.Repeat("x", 16)})
	at := newTree(t)
	c.call("open", at, m{"create": true}, nil)
	ds := in(at, "a")
	c.call("create-dataset", ds, m{"shape": []int{1 << 20}, "dtype": "u1"}, nil)
	for i := range 20 {
		one := greet(t, socket, m{"memory": true, "session": strings.Repeat("y", 16+i)})
		one.send(m{"op": "read", "at": ds, "args": m{"sel": []any{}}}, nil)
		_ = one.conn.Close()
	}
	_ = c.conn.Close()
	stop()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if to, err := os.Readlink("/proc/self/fd/" + n.Name()); err == nil && strings.Contains(to, "memfd:dosna") {
			t.Errorf("a segment is left: %s", to)
		}
	}
}
