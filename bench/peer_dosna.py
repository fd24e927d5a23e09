#!/usr/bin/env python3
"""The Python package dosna, with the processor time and the memory of its server."""
import json, os, sys
import common
from layouts import metadata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
os.environ.setdefault("DOSNA_BINARY", os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "dosna-command"))
import dosna  # noqa: E402

HERE, CLOCK = os.getpid(), os.sysconf("SC_CLK_TCK")


def server():
    """The process that does the work."""
    return dosna._client.client().welcome["pid"]


def with_server(own, of):
    return lambda: own() + of(server())


def server_cpu(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def status(pid, *names):
    with open(f"/proc/{pid}/status") as f:
        return sum(int(line.split()[1]) / 1024 for line in f if line.startswith(names))


def server_rss(pid):
    """What it has, and what both share, which is counted once."""
    return status(pid, "RssAnon:", "RssShmem:") - status(HERE, "RssShmem:")


common.cpu_s = with_server(common.cpu_s, server_cpu)
common.rss_mib = with_server(common.rss_mib, server_rss)


class Impl:
    def create(self, path, layout, dtype, n):
        os.makedirs(path)
        with open(path + "/zarr.json", "w") as f:
            json.dump(metadata(layout, dtype, n), f)
        return self.open(path, True)

    def open(self, path, write):
        con = dosna.Connection("file://" + os.path.abspath(path), open_mode="a" if write else "r")
        con.connect()
        return con.get_dataset("/")

    def read(self, d):
        return d[...]

    def write(self, d, a):
        d[...] = a

    def box(self, d, at):
        return d[at]

    def points(self, d, p):
        return d[p[:, 0], p[:, 1], p[:, 2]]

    def put(self, d, at, a):
        d[at] = a


common.main("dosna-python", Impl())
