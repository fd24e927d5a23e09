"""Frames on a Unix socket: see docs/protocol.md of the project."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

_PREFIX = struct.Struct("<IQ")
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_RIGHTS = socket.CMSG_SPACE(8 * 4) if hasattr(socket, "CMSG_SPACE") else 0
_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class Wire:
    """A connection, for one request at a time.

    After an error the connection is of no use, and closed: the server then gives up
    what it was doing for it.
    """

    def __init__(self, address: str, timeout: float | None = None):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = b""
        self._fds: list[int] = []
        try:
            self.sock.settimeout(timeout)
            self.sock.connect(address)
            self.sock.settimeout(None)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self.sock.fileno()

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        self.sock.close()

    def send(self, header: dict[str, Any], body: Any = b"") -> None:
        """Sends a frame. The body is bytes, or memory in C order."""
        head = _encode(header).encode()
        with memoryview(body) as view:
            size = view.nbytes
            first = _PREFIX.pack(len(head), size) + head
            if size <= 1 << 16:
                self.sock.sendall(first + view.tobytes())
            else:
                self.sock.sendall(first)
                self.sock.sendall(view)

    def receive(self) -> tuple[dict[str, Any], bytearray, int]:
        """Returns the header and the body of the next frame, and the descriptor that came
        with it, or -1."""
        buffer = self._buffer
        while len(buffer) < _PREFIX.size:
            buffer += self._more()
        head, size = _PREFIX.unpack_from(buffer)
        start = _PREFIX.size + head
        while len(buffer) < start:
            buffer += self._more()
        header = json.loads(buffer[_PREFIX.size : start])
        body = bytearray(buffer[start : start + size])
        self._buffer = buffer[start + size :]
        if len(body) < size:
            have = len(body)
            body.extend(bytes(size - have))
            with memoryview(body) as view:
                while have < size:
                    n = self.sock.recv_into(view[have:])
                    if not n:
                        raise EOFError("the server has closed the connection")
                    have += n
        return header, body, self._fds.pop(0) if self._fds else -1

    def _more(self) -> bytes:
        data, control, _, _ = self.sock.recvmsg(1 << 17, _RIGHTS, _CLOEXEC)
        for level, kind, value in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self._fds.extend(struct.unpack(f"{len(value) // 4}i", value[: len(value) // 4 * 4]))
        if not data:
            raise EOFError("the server has closed the connection")
        return data
