"""Finds the server of this process, or starts one that ends with it."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

#: The server that is to be used, as the user says. It is never started.
SERVER = "DOSNA_SERVER"
#: The server that a parent process has started, as long as that is there.
INHERITED = "DOSNA_HELPER"

#: What tells the processes of one job on one node that they belong together.
_JOBS = (
    ("OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE", "OMPI_MCA_orte_hnp_uri"),
    ("PMI_JOBID", "HYDI_CONTROL_FD"),
    ("SLURM_JOB_ID", "SLURM_STEP_ID"),
)


def binary() -> str:
    """The program ``dosna``: ``DOSNA_BINARY``, the one in this package, or the one on the path."""
    named = os.environ.get("DOSNA_BINARY")
    if named:
        return named
    ours = Path(__file__).parent / "_bin" / "dosna"
    if ours.exists():
        return str(ours)
    found = shutil.which("dosna")
    if found:
        return found
    raise FileNotFoundError("there is no program dosna: this package was built without it; install a wheel, or name the program in DOSNA_BINARY")


class Helper:
    """A server of this process and its children, which ends with this process."""

    def __init__(self) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()
        program = binary()
        try:
            self.process = subprocess.Popen(
                [program, "serve", "--json", "--until-eof"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True, cwd="/",
            )
        except OSError as err:
            raise ConnectionError(f"start {program}: {err}") from err
        self.pid = os.getpid()
        line = self.process.stdout.readline()
        self.process.stdout.close()
        try:
            self.address: str = json.loads(line)["socket"]
        except (ValueError, KeyError):
            self.process.wait()
            raise ConnectionError(f"{program} serve ended at once: {self.last_words() or self.process.returncode}") from None
        atexit.register(self.stop)

    def alive(self) -> bool:
        return os.getpid() != self.pid or self.process.poll() is None

    def last_words(self) -> str:
        """The end of what the server has written to its standard error."""
        try:
            size = os.fstat(self._log.fileno()).st_size
            return os.pread(self._log.fileno(), 2000, max(0, size - 2000)).decode(errors="replace").strip()
        except OSError:
            return ""

    def ending(self) -> str:
        """How the server has ended."""
        if os.getpid() != self.pid:
            return "it was started by another process, which may have ended"
        try:
            code = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "it is still there, and answers no more"
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        if code == -9:
            how += ", perhaps for lack of memory"
        words = self.last_words()
        return f"{how}: {words}" if words else how

    def stop(self) -> None:
        """Ends the server. It has ended when this returns, unless it hangs."""
        if os.getpid() != self.pid:
            return
        atexit.unregister(self.stop)
        if os.environ.get(INHERITED) == self.address:
            del os.environ[INHERITED]
        try:
            self.process.stdin.close()
            self.process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self._log.close()

    def disown(self) -> None:
        """Is called in a child after a fork: the parent's end is not to wait for the child's."""
        try:
            os.close(self.process.stdin.fileno())
        except (OSError, ValueError):
            pass
        self.process.returncode = 0  # not a child of this process: nothing to wait for
        self._log.close()


def job() -> str | None:
    """A name for the job whose processes on this node share a server, or None."""
    if "DOSNA_PRIVATE" in os.environ:
        return None
    for names in _JOBS:
        values = [os.environ.get(name, "") for name in names]
        if any(values):
            text = "\0".join(values)
            return hashlib.sha256(text.encode()).hexdigest()[:16]
    return None


def shared(name: str) -> str:
    """The address of the server that processes of a job share; the first one starts it. It
    ends when none has been connected for a few seconds."""
    directory = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"dosna-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    about = directory.lstat()
    if about.st_uid != os.getuid() or not stat.S_ISDIR(about.st_mode) or about.st_mode & 0o077:
        raise PermissionError(f"{directory} is not a directory of this user alone, as one for sockets has to be")
    address = str(directory / f"{name}.socket")
    import fcntl

    with open(directory / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if answers(address):
            return address
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(
            [binary(), "serve", "--json", "--idle", "5s", address],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True, cwd="/",
        )
        line = process.stdout.readline()
        process.stdout.close()
        if not line:
            log.seek(0)
            raise ConnectionError(f"start a server at {address}: {log.read().decode(errors='replace').strip()}")
        process.returncode = 0  # it outlives this process
        return address


def answers(address: str) -> bool:
    """Whether there is a server at an address."""
    from ._wire import Wire

    try:
        Wire(address, timeout=5).close()
        return True
    except OSError:
        return False


def wait_for(address: str, seconds: float) -> bool:
    """Waits until there is a server at an address."""
    end = time.monotonic() + seconds
    while not answers(address):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
