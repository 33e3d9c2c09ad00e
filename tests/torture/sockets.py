"""Clients that send exactly what they are told to, by the byte, and thousands of them at a time."""

from __future__ import annotations

import asyncio
import contextlib
import re
import resource
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness import Server


def many_open_files() -> None:
    """Let this process have as many sockets as the system allows it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connect(server: Server, receive_buffer: int | None = None, timeout: float = 20) -> socket.socket:
    """Open a connection; a small receive buffer keeps the system from taking an answer that nobody reads."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(timeout)
    connection.connect((server.host, server.port))
    return connection


def begin(server: Server) -> socket.socket:
    """Begin to connect, without waiting until the server's queue has room for it."""
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex((server.host, server.port))
    return connection


def request(path: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Write a request with further header lines."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]
    return "\r\n".join(head).encode() + body


@dataclass(frozen=True)
class Answer:
    """One answer from a socket."""

    status: int
    headers: dict[str, str]
    body: bytes


def taken_apart(head: bytes) -> tuple[int, dict[str, str]]:
    """Read the head of an answer: its status, and its headers by lowercase name."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, value in pairs}


def answer(connection: socket.socket, method: str = "GET") -> Answer | None:
    """Read one answer; `None` where the connection ends before there is all of it."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return None
            received += piece
        head, body = received.split(b"\r\n\r\n", 1)
        status, headers = taken_apart(head)
        has_body = method != "HEAD" and status not in (204, 304)
        length = int(headers.get("content-length", 0)) if has_body else 0
        while len(body) < length:
            piece = connection.recv(1 << 20)
            if not piece:
                return None
            body += piece
        return Answer(status, headers, body)
    return None


def all_of(connection: socket.socket, seconds: float = 5) -> tuple[bytes, bool]:
    """Read until the server closes, or nothing comes for some seconds; tell whether it closed."""
    connection.settimeout(seconds)
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        return received, True
    except TimeoutError:
        return received, False
    return received, True


def ask(server: Server, raw: bytes, method: str = "GET") -> Answer | None:
    """Send bytes on a connection of their own, and read one answer."""
    with connect(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(raw)
        return answer(connection, method)


def metrics(server: Server) -> dict[str, float]:
    """Read what the server counts, by name and labels."""
    found = ask(server, request("/metrics", "Connection: close"))
    assert found is not None
    assert found.status == 200, found
    lines = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", found.body.decode(), re.MULTILINE)
    return {name: float(value) for name, value in lines}


def renders(server: Server, *outcomes: str) -> int:
    """Count renders that ended so, or all."""
    chosen = outcomes or ("made", "failed", "cancelled")
    counted = metrics(server)
    return int(sum(counted[f'projectile_renders_total{{outcome="{outcome}"}}'] for outcome in chosen))


def in_flight(server: Server) -> int:
    """Count requests that are being answered, this one aside, and work on their behalf."""
    counted = metrics(server)
    names = ("requests_in_flight", "pool_running", "pool_waiting")
    return int(sum(counted[f"projectile_{name}"] for name in names)) - 1


async def opened(
    server: Server, client: str = "127.0.0.1"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection of an event loop, from an address of this machine."""
    return await asyncio.open_connection(server.host, server.port, limit=1 << 20, local_addr=(client, 0))


async def exchange(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], raw: bytes) -> Answer:
    """Send a request and read its answer on a connection that is kept."""
    reader, writer = streams
    writer.write(raw)
    status, headers = taken_apart(await reader.readuntil(b"\r\n\r\n"))
    length = int(headers.get("content-length", 0)) if status not in (204, 304) else 0
    return Answer(status, headers, await reader.readexactly(length))


def close_all(connections: Iterable[socket.socket]) -> None:
    """Close connections."""
    for connection in connections:
        connection.close()


def quantile(seconds: Sequence[float], part: float) -> float:
    """Tell within how long so many of all were done."""
    return float(np.quantile(np.asarray(seconds), part))


def until(deadline: float, what: str, is_so: Callable[[], bool]) -> float:
    """Wait until something is so; answer for how long."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < deadline, f"{what}: not within {deadline} s"
        time.sleep(0.02)
    return time.monotonic() - began
