package interop

import (
	"path/filepath"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// bucketPeers reads what is in the bucket sys.argv[2] of the server sys.argv[1] with each reader of
// buckets, and writes the tree that writeTrees writes, under its name.
const bucketPeers = `
import os, sys, warnings
import numpy as np, zarr, obstore, tensorstore as ts
warnings.simplefilter('ignore')
endpoint, bucket = sys.argv[1:]
data = np.arange(7000, dtype='i4').reshape(100, 70)

def obstored(path):
    s = obstore.store.S3Store(bucket, prefix=path, endpoint=endpoint, region='us-east-1', virtual_hosted_style_request=False, client_options={'allow_http': True})
    return zarr.storage.ObjectStore(s)

def s3fs(path):
    return zarr.storage.FsspecStore.from_url(f's3://{bucket}/{path}', storage_options={'client_kwargs': {'endpoint_url': endpoint}})

for name, store in ('obstore', obstored), ('s3fs', s3fs):
    ours = zarr.open_group(store('dosna'), mode='r')
    for path in 'a', 'sub/b':
        np.testing.assert_array_equal(ours[path][:], data, name + ' ' + path)
        np.testing.assert_array_equal(ours[path][20:40, 5], data[20:40, 5], name + ' ' + path)
    group = zarr.open_group(store(name), mode='w')
    group.create_array('a', shape=(100, 70), chunks=(30, 30), dtype='i4')[:] = data
    group.create_array('sub/b', shape=(100, 70), chunks=(10, 10), shards=(50, 70), dtype='i4')[:] = data
    group.create_array('sub/c', shape=(100, 70), chunks=(30, 30), dtype='i4', compressors=None, fill_value=7)[:30, :30] = np.arange(900, dtype='i4').reshape(30, 30)

def spec(path):
    return {'driver': 'zarr3', 'kvstore': {'driver': 's3', 'bucket': bucket, 'path': path + '/', 'endpoint': endpoint, 'aws_region': 'us-east-1', 'aws_credentials': {'type': 'environment'}}}

for path in 'a', 'sub/b':
    np.testing.assert_array_equal(ts.open(spec('dosna/' + path), read=True).result().read().result(), data, 'tensorstore ' + path)
def write(path, box, values, chunks, fill=0):
    o = dict(spec('tensorstore/' + path), create=True, metadata={'shape': [100, 70], 'data_type': 'int32', 'fill_value': fill, 'chunk_grid': {'name': 'regular', 'configuration': {'chunk_shape': chunks}}})
    ts.open(o).result()[box].write(values).result()
write('a', np.s_[:, :], data, [30, 30])
write('sub/b', np.s_[:, :], data, [50, 70])
write('sub/c', np.s_[:30, :30], np.arange(900, dtype='i4').reshape(30, 30), [30, 30], 7)
`

// bucketReferences reads references to objects in a bucket, as kerchunk's users do.
const bucketReferences = `
import sys
import fsspec, numpy as np, zarr
endpoint, refs = sys.argv[1:]
fs = fsspec.filesystem('reference', fo=refs, remote_protocol='s3', remote_options={'client_kwargs': {'endpoint_url': endpoint}, 'asynchronous': True}, asynchronous=True)
group = zarr.open_group(zarr.storage.FsspecStore(fs, read_only=True, path=''), mode='r')
for path in 'a', 'sub/b':
    np.testing.assert_array_equal(group[path][:], np.arange(7000, dtype='i4').reshape(100, 70))
`

// TestBuckets: what we put into a bucket others read there, and we what they put there.
func TestBuckets(t *testing.T) {
	server := testenv.VersityGW(t) // sets the environment, so that this test runs alone
	server.Bucket(t, "pool")
	at := func(name string) string { return "s3://pool/" + name + "?endpoint=" + server.Endpoint }
	ctx := t.Context()
	c, err := dosna.Open(ctx, at("dosna"), &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data := make([]int32, 7000)
	for i := range data {
		data[i] = int32(i)
	}
	for path, spec := range map[string]dosna.DatasetSpec{
		"a":     {Chunks: []int{30, 30}},
		"sub/b": {Chunks: []int{10, 10}, Shards: []int{50, 70}},
	} {
		spec.Shape, spec.Type = []int{100, 70}, dtype.Int32
		d, err := c.CreateDataset(ctx, path, spec)
		if err == nil {
			err = dosna.Write(ctx, d, nd.Selection{}, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	testenv.RunPython(t, []string{"numpy", "zarr", "s3fs", "obstore", "tensorstore"}, bucketPeers, server.Endpoint, "pool")
	root, err := c.Root(ctx)
	if err == nil {
		err = root.Consolidate(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	refs := filepath.Join(t.TempDir(), "refs.json")
	if _, err := dosna.WriteReferences(ctx, root, refs, nil); err != nil {
		t.Fatal(err)
	}
	testenv.RunPython(t, []string{"numpy", "zarr", "s3fs"}, bucketReferences, server.Endpoint, refs)
	t.Setenv("AWS_ENDPOINT_URL", server.Endpoint)
	by, err := dosna.Open(ctx, refs, &dosna.Options{Allow: func(u store.URL) error {
		if u.Scheme == "s3" && u.Host == "pool" {
			return nil
		}
		return store.ErrPermission
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer by.Close()
	d, err := by.OpenDataset(ctx, "sub/b")
	if err != nil {
		t.Fatal(err)
	}
	checkValues(t, refs, "sub/b", d)
	for _, name := range []string{"obstore", "s3fs"} {
		checkTree(t, at(name))
	}
	for _, path := range []string{"a", "sub/b", "sub/c"} { // TensorStore makes no groups
		checkArray(t, at("tensorstore/"+path), path)
	}
}
