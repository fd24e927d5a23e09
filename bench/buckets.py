"""A bucket on a server of S3 on this machine, for the suites that are measured on one."""
import os, socket, subprocess, time

HERE = os.path.dirname(os.path.abspath(__file__))
BUCKET = "bench"
ROUNDTRIP = "20ms"


class Server:
    """versitygw over the directory data/s3, and a delay before it."""

    def __init__(self, data):
        self.dir = f"{data}/s3"
        self.bucket = f"{self.dir}/{BUCKET}"
        os.makedirs(self.bucket, exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as s:
            near = "127.0.0.1:%d" % s.getsockname()[1]
        self.keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "benchbench", "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1"}
        self.server = subprocess.Popen(
            [f"{HERE}/../.tools/versitygw", "--port", near, "--quiet", "--keep-alive", "posix", self.dir],
            env={**os.environ, "ROOT_ACCESS_KEY": "bench", "ROOT_SECRET_KEY": "benchbench"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.delay = subprocess.Popen([f"{HERE}/bin/delay", "--to", near, "--roundtrip", ROUNDTRIP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoints = {"near": "http://" + near, "far": "http://" + self.delay.stdout.readline().strip()}
        for _ in range(500):
            try:
                socket.create_connection(near.split(":")).close()
                break
            except OSError:
                time.sleep(0.02)

    def env(self, where):
        return self.keys | {"AWS_ENDPOINT_URL": self.endpoints[where]}

    def seed(self, ref, layout):
        """Puts a stored array into the bucket, through the server, so that its objects have entity tags."""
        if any(os.path.exists(f"{self.bucket}/ref/{layout}{done}") for done in (".zarr/zarr.json", ".h5")):
            return
        import obstore
        store = obstore.store.S3Store(BUCKET, endpoint=self.endpoints["near"], region="us-east-1", access_key_id="bench", secret_access_key="benchbench",
                                      virtual_hosted_style_request=False, client_options={"allow_http": True})
        whole = f"{ref}/{layout}.h5"
        if os.path.exists(whole):
            with open(whole, "rb") as f:
                obstore.put(store, f"ref/{layout}.h5", f)
            return
        files = [os.path.join(d, name) for d, _, names in os.walk(f"{ref}/{layout}.zarr") for name in names]
        for path in sorted(files, key=lambda p: p.endswith("zarr.json")):  # the document last
            with open(path, "rb") as f:
                obstore.put(store, "ref/" + os.path.relpath(path, ref), f.read())

    def stop(self):
        self.delay.stdin.close()
        self.server.terminate()
        self.delay.wait()
        self.server.wait()
