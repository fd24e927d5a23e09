//go:build !static && (linux || darwin) && (amd64 || arm64)

package dl

import (
	"errors"
	"strings"
	"testing"
	"unsafe"
)

// libc is present wherever these tests run on Linux and macOS.
func libc(t testing.TB) *Library {
	t.Helper()
	l, err := Open(Spec{Name: "libc", Sonames: []string{"libc.so.6", "/usr/lib/libSystem.B.dylib"}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOpenTriesSonamesInOrder(t *testing.T) {
	want := libc(t).Path()
	l, err := Open(Spec{Name: "libc", Sonames: []string{"libdoesnotexist.so.9", want}})
	if err != nil {
		t.Fatal(err)
	}
	if l.Path() != want || l.Name() != "libc" {
		t.Errorf("loaded %s as %s", l.Path(), l.Name())
	}
}

func TestOpenError(t *testing.T) {
	s := Spec{
		Name: "libnowhere", Env: "DOSNA_LIBNOWHERE", Sonames: []string{"libnowhere.so.3"},
		Debian: "libnowhere3", Conda: "nowhere",
	}
	_, err := Open(s)
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"libnowhere.so.3", "Debian package libnowhere3", "conda-forge package nowhere", "DOSNA_LIBNOWHERE"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not mention %q", err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	l := libc(t)
	s := Spec{Name: "libc", Env: "DOSNA_TEST_LIBC", Sonames: []string{l.Path()}}

	t.Setenv(s.Env, "off")
	if _, err := Open(s); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "DOSNA_TEST_LIBC=off") {
		t.Errorf("off: %v", err)
	}
	t.Setenv(s.Env, "/nonexistent/libc.so")
	if _, err := Open(s); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "/nonexistent/libc.so") {
		t.Errorf("wrong path: %v", err)
	}
	t.Setenv(s.Env, l.Path())
	s.Sonames = nil
	if _, err := Open(s); err != nil {
		t.Errorf("right path: %v", err)
	}
}

func TestCall(t *testing.T) {
	l := libc(t)
	strlen, err := l.Func("strlen")
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("nineteen characters\x00")
	if n := strlen.Call(uintptr(unsafe.Pointer(&text[0]))); n != 19 {
		t.Errorf("strlen = %d", n)
	}
	if n := strlen.Call6(uintptr(unsafe.Pointer(&text[0])), 0, 0, 0, 0, 0); n != 19 {
		t.Errorf("strlen = %d", n)
	}
	call := func() { strlen.Call6(uintptr(unsafe.Pointer(&text[0])), 0, 0, 0, 0, 0) }
	if n := testing.AllocsPerRun(100, call); n >= 1 {
		t.Errorf("a call allocates %v times", n)
	}
	var bound func(string) int
	if err := l.Bind(&bound, "strlen"); err != nil {
		t.Fatal(err)
	}
	if n := bound("four"); n != 4 {
		t.Errorf("bound strlen = %d", n)
	}
	if err := l.Bind(3, "strlen"); err == nil {
		t.Error("binding to an int succeeded")
	}
}

func TestGoString(t *testing.T) {
	strerror, err := libc(t).Func("strerror")
	if err != nil {
		t.Fatal(err)
	}
	if s := GoString(strerror.Call(2)); s != "No such file or directory" {
		t.Errorf("strerror(ENOENT) = %q", s)
	}
	if s := GoString(0); s != "" {
		t.Errorf("null pointer: %q", s)
	}
}

func TestMissingFunction(t *testing.T) {
	l := libc(t)
	var f Func
	err := l.Funcs(map[string]*Func{"no_such_function_at_all": &f})
	if err == nil || !strings.Contains(err.Error(), "no_such_function_at_all") || f != 0 {
		t.Errorf("f = %v, err = %v", f, err)
	}
}

func BenchmarkCall(b *testing.B) {
	abs, err := libc(b).Func("abs")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		abs.Call6(7, 0, 0, 0, 0, 0)
	}
}
