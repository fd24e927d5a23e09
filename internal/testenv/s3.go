package testenv

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// S3 is an S3 server on this machine.
type S3 struct {
	Endpoint, AccessKey, SecretKey string
	Dir                            string // of versitygw: below it a directory is a bucket
}

// VersityGW starts versitygw, a server of S3 over directories, for the test.
// Programs that read the environment find its keys there. Options are those of its
// command line; with "--cert" the server speaks TLS.
func VersityGW(t testing.TB, options ...string) *S3 {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(root, ".tools", "versitygw")
	_, err = os.Stat(program)
	Require(t, "s3", err == nil, fmt.Sprintf("there is no %s; make testdeps builds it", program))
	l, err := net.Listen("tcp", "127.0.0.1:0") // to learn of a port that is free
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	scheme := "http://"
	if slices.Contains(options, "--cert") {
		scheme = "https://"
	}
	s := &S3{Endpoint: scheme + address, AccessKey: "tester", SecretKey: "testertester", Dir: t.TempDir()}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	args := append([]string{"--port", address, "--quiet", "--keep-alive"}, options...)
	cmd := exec.Command(program, append(args, "posix", s.Dir)...)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.SecretKey)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = dieWithParent()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("versitygw does not answer: %v; it says: %s", err, text)
		}
	}
	s.Environment(t)
	return s
}

// Environment puts the server's keys where programs find them.
func (s *S3) Environment(t testing.TB) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", s.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.SecretKey)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// User makes a user of a versitygw that was started with "--iam-dir". The role is
// admin, user or userplus.
func (s *S3) User(t testing.TB, access, secret, role string) {
	t.Helper()
	s.admin(t, "create-user", "-a", access, "-s", secret, "-r", role)
}

// RemoveUser undoes User.
func (s *S3) RemoveUser(t testing.TB, access string) {
	t.Helper()
	s.admin(t, "delete-user", "-a", access)
}

func (s *S3) admin(t testing.TB, args ...string) {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"admin", "-a", s.AccessKey, "-s", s.SecretKey, "--er", s.Endpoint}, args...)
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, ".tools", "versitygw"), args...).CombinedOutput(); err != nil {
		t.Fatalf("versitygw %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// Bucket makes a bucket.
func (s *S3) Bucket(t testing.TB, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.Dir, name), 0o777); err != nil {
		t.Fatal(err)
	}
}
