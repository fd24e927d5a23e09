package interop

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// TestLinksAreEmptyGroups: zarr-python sees a link as an empty group, of both formats,
// and keeps it when it changes the group; what it makes is found through links, and an
// array is not taken for one. TensorStore refuses to take it for an array.
func TestLinksAreEmptyGroups(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, format := range []int{3, 2} {
		dir := t.TempDir()
		c, err := dosna.Open(ctx, filepath.Join(dir, "pool"), &dosna.Options{Mode: dosna.Create, Format: format})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		d, err := c.CreateDataset(ctx, "g/x", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Uint8})
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		for path, target := range map[string]string{"l": "g", "g/near": "x"} {
			if _, err := c.CreateLink(ctx, path, target); err != nil {
				t.Fatal(err)
			}
		}
		out := testenv.RunPython(t, []string{"numpy", "zarr", "tensorstore"}, `
import json, sys, warnings, tensorstore, zarr
warnings.simplefilter("ignore")
root = zarr.open_group(sys.argv[1], mode="r+")
link = root["l"]
seen = {"members": len(list(link.members())), "target": link.attrs["dosna"]["link"]["target"], "format": link.metadata.zarr_format,
    "below": sorted(name for name, _ in root.members(max_depth=None))}
link.attrs["note"] = "theirs"
root["g"].create_array("theirs", shape=(2,), dtype="u2", fill_value=9)
driver = {3: "zarr3", 2: "zarr"}[link.metadata.zarr_format]
try:
    tensorstore.open({"driver": driver, "kvstore": {"driver": "file", "path": sys.argv[1] + "/l"}}).result()
    seen["tensorstore"] = "opened"
except ValueError:
    seen["tensorstore"] = "refused"
print(json.dumps(seen))`, filepath.Join(dir, "pool"))
		compare(t, out, map[string]any{"members": 0.0, "target": "g", "format": float64(format), "below": []any{"g", "g/near", "g/x", "l"}, "tensorstore": "refused"})
		l, err := c.OpenLink(ctx, "l")
		if err != nil || l.Target() != "g" || l.Attrs()["note"] != "theirs" {
			t.Errorf("format %d: %v, %v", format, l, err)
		}
		theirs, err := c.OpenDataset(ctx, "l/theirs")
		if err != nil || theirs.Path() != "/g/theirs" {
			t.Errorf("format %d: %v, %v", format, theirs, err)
		}
		near, err := c.OpenDataset(ctx, "l/near")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := dosna.ReadAll[uint8](ctx, near, nd.Selection{}); err != nil || got[2] != 3 {
			t.Errorf("format %d: %v, %v", format, got, err)
		}
		if err := l.SetTarget(ctx, "/g/x"); err != nil {
			t.Error(err)
		}
		if err := c.Move(ctx, "l", "deep/down/l"); err != nil {
			t.Error(err)
		}
		if n, err := c.Open(ctx, "deep/down/l"); err != nil || n.Path() != "/g/x" {
			t.Errorf("format %d: moved it leads to %v: %v", format, n, err)
		}
		if l, err = c.OpenLink(ctx, "deep/down/l"); err != nil || l.Target() != "../../g/x" || l.Attrs()["note"] != "theirs" {
			t.Errorf("format %d: %v: %v", format, l.Target(), err)
		}
		if v, err := c.Verify(ctx, "", dosna.VerifyOptions{}); err != nil || len(v.Findings) > 0 && v.Findings[dosna.Dangling] > 0 {
			t.Errorf("format %d: %+v, %v", format, v, err)
		}
	}
}

// TestLinksToWebServers: followed where the server, and that to which it redirects,
// is allowed.
func TestLinksToWebServers(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	web := create(t, filepath.Join(dir, "web"))
	d, err := web.CreateDataset(ctx, "g/x", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Uint8})
	if err != nil {
		t.Fatal(err)
	}
	if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.FileServer(http.Dir(filepath.Join(dir, "web"))).ServeHTTP(w, r)
	}))
	defer secret.Close()
	served := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := r.URL.Path, len(r.URL.Path) > 6 && r.URL.Path[:6] == "/away/"; ok {
			http.Redirect(w, r, secret.URL+rest[5:], http.StatusFound)
			return
		}
		served.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, k := range []struct {
		target  string
		allow   []string
		follows bool
	}{
		{server.URL + "/web#/g/x", nil, false},
		{server.URL + "/web#/g/x", []string{server.URL + "/we"}, false},
		{server.URL + "/web#/g/x", []string{server.URL + "/web"}, true},
		{server.URL + "/away#/g/x", []string{server.URL}, false},
		{server.URL + "/away#/g/x", []string{server.URL, secret.URL}, true},
	} {
		before := asked
		o := &dosna.Options{Mode: dosna.Create}
		if k.allow != nil {
			if o.Allow, err = store.AllowPrefixes(k.allow...); err != nil {
				t.Fatal(err)
			}
		}
		c, err := dosna.Open(ctx, filepath.Join(dir, "pool"), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.CreateLink(ctx, "l", k.target); err != nil {
			t.Fatal(err)
		}
		d, err := c.OpenDataset(ctx, "l")
		if (err == nil) != k.follows {
			t.Errorf("%s with %v: %v", k.target, k.allow, err)
		}
		if err == nil {
			if got, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{}); err != nil || got[2] != 3 {
				t.Errorf("%s: %v, %v", k.target, got, err)
			}
		} else if asked != before {
			t.Errorf("%s with %v: a server was asked that is not allowed", k.target, k.allow)
		}
		if err := c.Delete(ctx, "l"); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
