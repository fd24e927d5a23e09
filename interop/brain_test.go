package interop

import (
	"bytes"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

// makeBrain turns the NIfTI file sys.argv[1] into the .npy file sys.argv[2], as
// float32, with nothing but NumPy.
const makeBrain = `
import gzip, struct, sys
import numpy as np
raw = gzip.open(sys.argv[1]).read()
shape = struct.unpack('<8h', raw[40:56])[1:4]
offset = int(struct.unpack('<f', raw[108:112])[0])
assert struct.unpack('<h', raw[70:72])[0] == 2, 'voxels are not uint8'
voxels = np.frombuffer(raw, 'u1', offset=offset, count=int(np.prod(shape)))
np.save(sys.argv[2], voxels.reshape(shape, order='F').astype('f4'))
`

// checkBrain compares what we blurred with SciPy, and what zarr-python and
// TensorStore read from the tree with the file.
const checkBrain = `
import sys
import numpy as np, scipy.ndimage, zarr, tensorstore
volume, blurred, tree = np.load(sys.argv[1]), np.load(sys.argv[2]), sys.argv[3]
assert volume.shape == blurred.shape == (197, 233, 189), (volume.shape, blurred.shape)
assert 100 < volume.max() <= 255, volume.max()
want = scipy.ndimage.gaussian_filter(volume, 2)
np.testing.assert_allclose(blurred, want, rtol=1e-5)
assert not np.allclose(blurred, volume, rtol=1e-2)
group = zarr.open_group(tree, mode='r')
np.testing.assert_array_equal(group['brain/raw'][:], volume)
np.testing.assert_array_equal(group['brain/sharded'][:], volume)
spec = {'driver': 'zarr3', 'kvstore': {'driver': 'file', 'path': tree + '/brain/blurred'}}
np.testing.assert_array_equal(tensorstore.open(spec).result().read().result(), blurred)
print(float(abs(blurred - want).max()))
`

// TestRealVolume takes a real volume through the command line: imported from
// .npy, blurred, shown, exported, verified, and read by others.
func TestRealVolume(t *testing.T) {
	t.Parallel()
	brain := testenv.Brain(t)
	dir := t.TempDir()
	bin := filepath.Join(dir, "dosna")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/dosna")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), bin, args...)
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("dosna %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
		}
		return string(out)
	}
	testenv.RunPython(t, []string{"numpy"}, makeBrain, brain, filepath.Join(dir, "brain.npy"))

	run("import", "brain.npy", "pool#/brain/raw", "--chunks", "64,64,64")
	run("import", "brain.npy", "pool#/brain/sharded", "--chunks", "32,32,32", "--shards", "128,128,128")
	run("blur", "pool#/brain/raw", "pool#/brain/blurred", "--sigma", "2")
	run("blur", "pool#/brain/sharded", "pool#/brain/again", "--sigma", "2")
	run("verify", "-r", "pool")
	run("export", "pool#/brain/blurred", "blurred.npy")
	run("export", "pool#/brain/again", "again.npy")
	for _, name := range []string{"raw", "blurred"} {
		run("show", "pool#/brain/"+name, "100", "-o", name+".png", "--colormap", "viridis")
		f, err := os.Open(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil || img.Bounds().Dx() != 189 || img.Bounds().Dy() != 233 {
			t.Errorf("the picture of %s: %v, %v", name, img.Bounds(), err)
		}
	}
	worst := testenv.RunPython(t, []string{"numpy", "scipy", "zarr", "tensorstore"}, checkBrain,
		filepath.Join(dir, "brain.npy"), filepath.Join(dir, "blurred.npy"), filepath.Join(dir, "pool"))
	t.Logf("differs from SciPy by at most %s", bytes.TrimSpace(worst))
	one, err := os.ReadFile(filepath.Join(dir, "blurred.npy"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(dir, "again.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Error("the blur of other chunks is another")
	}
}
