package testenv

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Ceph is a Ceph cluster of one node on this machine, with its S3 gateway. What it
// holds is in memory.
type Ceph struct {
	Endpoint, AccessKey, SecretKey string // of the gateway, radosgw 16.2
	Conf, Pool                     string // the path of ceph.conf, and a pool
}

// StartCeph starts a cluster for the test, which takes a few seconds. It ends with
// the test, or with this process however that ends.
func StartCeph(t testing.TB) Ceph {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(filepath.Join(root, ".tools", "ceph", "testdeps.stamp"))
	Require(t, "ceph", err == nil, "Ceph is not unpacked here; make testdeps does it on Debian 12")
	// Sockets have short paths, and those of t.TempDir are long.
	dir, err := os.MkdirTemp("", "ceph")
	if err != nil {
		t.Fatal(err)
	}
	var complaint strings.Builder
	cmd := exec.Command(filepath.Join(root, "scripts", "ceph"), "serve", filepath.Join(dir, "c"))
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the cluster ended badly: %v: %s", err, &complaint)
		}
		_ = os.RemoveAll(dir)
	})
	var c Ceph
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the cluster does not start: %v: %s", err, &complaint)
	}
	if _, err := fmt.Sscan(line, &c.Endpoint, &c.AccessKey, &c.SecretKey, &c.Conf, &c.Pool); err != nil {
		t.Fatalf("scripts/ceph prints %q: %v", line, err)
	}
	return c
}
