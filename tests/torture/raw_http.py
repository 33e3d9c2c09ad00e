"""HTTP as bytes: what no library would send, and many requests on one connection."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PATIENCE = 30.0
PIECE = 1 << 16


@dataclass(frozen=True)
class Answer:
    """One answer; a status of 0 is a connection that was closed without any."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether nothing more comes on this connection."""
        return self.status == 0 or self.headers.get("connection", "").lower() == "close"

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)

    def text(self) -> str:
        """Tell head and body, for looking for what must not be there."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{head}\n\n{self.body.decode('utf-8', 'replace')}"


class Connection:
    """One connection to a port of this machine; a context."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, request: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(request)

    def answer(self, method: str = "GET", head_only: bool = False) -> Answer:
        """Read the next answer."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return Answer(0, {}, b"")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            value = value.strip()
            name = name.lower()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        status = int(first.split(" ", 2)[1])
        if head_only or method == "HEAD" or status in (204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, headers, self._chunks())
        if "content-length" in headers:
            return Answer(status, headers, self._exactly(int(headers["content-length"])))
        return Answer(status, headers, self._rest())

    def is_closed(self) -> bool:
        """Tell whether the other side ends the connection with nothing more to say."""
        return not self._read and not self._more()

    def _more(self) -> bool:
        try:
            piece = self.socket.recv(PIECE)
        except ConnectionError:
            return False
        self._read += piece
        return bool(piece)

    def _until(self, end: bytes) -> bytes | None:
        while (at := self._read.find(end)) < 0:
            if not self._more():
                return None
        return self._taken(at + len(end))[:at]

    def _exactly(self, length: int) -> bytes:
        while len(self._read) < length:
            assert self._more(), "the answer broke off"
        return self._taken(length)

    def _chunks(self) -> bytes:
        whole = b""
        while True:
            size = self._until(b"\r\n")
            assert size is not None, "the answer broke off"
            length = int(size.split(b";")[0], 16)
            whole += self._exactly(length)
            assert self._exactly(2) == b"\r\n"
            if not length:
                return whole

    def _rest(self) -> bytes:
        while self._more():
            pass
        return self._taken(len(self._read))

    def _taken(self, length: int) -> bytes:
        taken = bytes(self._read[:length])
        del self._read[:length]
        return taken


@dataclass(frozen=True)
class Request:
    """A request to send as it is."""

    raw: bytes
    method: str = "GET"


def request(
    target: str | bytes, headers: Sequence[str] = ("Host: localhost",), method: str = "GET", body: bytes = b""
) -> Request:
    """Write a request of HTTP/1.1, with nothing added but the length of a body."""
    target = target.encode("latin-1") if isinstance(target, str) else target
    lines = [*headers, *([f"Content-Length: {len(body)}"] if body else [])]
    head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    return Request(method.encode() + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n" + body, method)


def ask(port: int, asked: Request, head_only: bool = False) -> Answer:
    """Ask once, on a connection of its own."""
    with Connection(port) as connection:
        connection.send(asked.raw)
        return connection.answer(asked.method, head_only)


def ask_all(port: int, requests: Sequence[Request], depth: int = 32) -> Iterator[Answer]:
    """Ask many, `depth` at a time on one connection; where it is closed, go on with another."""
    done = 0
    while done < len(requests):
        with Connection(port) as connection:
            sent = min(done + depth, len(requests))
            connection.send(b"".join(each.raw for each in requests[done:sent]))
            while done < sent:
                answer = connection.answer(requests[done].method)
                done += 1
                yield answer
                if answer.closes:
                    break
                # Half of what is under way is answered before more is sent, so that sending never waits for reading.
                if sent - done <= depth // 2 and sent < len(requests):
                    more = min(done + depth, len(requests))
                    connection.send(b"".join(each.raw for each in requests[sent:more]))
                    sent = more
