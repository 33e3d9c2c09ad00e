"""Requests that two servers would read in two ways: refused, the connection closed, and nothing answered after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import sockets
from harness import Server, save

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Figures

SMUGGLED = b"GET /images HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /images/a/statistics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"

# What is sent; `SMUGGLED` follows each, and must not be answered.
REFUSED = {
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "length and chunked": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": POST + b"Content-Length: +2\r\n\r\n{}",
    "a hexadecimal length": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "a length beyond 64 bits": POST + b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "an empty length": POST + b"Content-Length:\r\n\r\n{}",
    "space before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "tab before the colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "chunked, then another coding": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "another coding, then chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding like chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked by a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked of HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a line that goes on": GET + b"X-A: b\r\n c: d\r\n\r\n",
    "a length on a line that goes on": POST + b"X-A: b\r\n Content-Length: 2\r\n\r\n",
    "a first line that goes on": b"GET /healthz HTTP/1.1\r\n Host: localhost\r\nHost: localhost\r\n\r\n",
    "bare LF": b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
    "bare LF after the request line": b"GET /healthz HTTP/1.1\nHost: localhost\r\n\r\n",
    "bare LF in a header": GET + b"X-A: b\nX-B: c\r\n\r\n",
    "bare LF as the end": GET + b"X-A: b\r\n\n",
    "bare LF before it": b"\n" + GET + b"\r\n",
    "bare CR in a header": GET + b"X-A: b\rX-B: c\r\n\r\n",
    "NUL in a value": GET + b"X-A: b\0c\r\n\r\n",
    "NUL in a name": GET + b"X\0A: b\r\n\r\n",
    "NUL in the address": b"GET /health\0z HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a name with a space": GET + b"X A: b\r\n\r\n",
    "no name": GET + b": b\r\n\r\n",
    "no colon": GET + b"just words\r\n\r\n",
    "garbage before": b"\x00\x01\x02" + GET + b"\r\n",
    "garbage that is text": b"}\r\n" + GET + b"\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "a version of two digits": b"GET /healthz HTTP/1.10\r\nHost: localhost\r\n\r\n",
    "lowercase version": b"GET /healthz http/1.1\r\nHost: localhost\r\n\r\n",
    "two spaces": b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "space in the address": b"GET /health z HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tab in the request line": b"GET\t/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
}

# Bodies that are wrong: the request is refused, or its body is nothing that the address takes.
BROKEN_BODIES = {
    "a chunk that is too long": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "a chunk's size beyond 64 bits": POST
    + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk's size with 0x": POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk that ends by bare LF": POST + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
    "an extension with bare LF": POST + b"Transfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n",
    "a body of a GET": GET + b"Content-Length: 2\r\n\r\n{}",
    "chunks of a GET": GET + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a request as the body of a GET": GET + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
}

# What is unusual and has one meaning: answered, and so is what follows, unless the connection ends by it.
TAKEN = {
    "an absolute address": (b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", True),
    "empty lines before": (b"\r\n\r\n" + GET + b"\r\n", True),
    "an empty body": (GET + b"Content-Length: 0\r\n\r\n", True),
    "a length with spaces": (POST + b"Content-Length:   2  \r\n\r\n{}", True),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", False),
    "chunks with extensions": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n2;a=b;c\r\n{}\r\n0;d\r\n\r\n",
        False,
    ),
    "chunks with a trailer": (
        POST + b"Transfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\nX-A: b\r\n\r\n",
        False,
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a small image."""
    array = np.arange(64, dtype=np.uint8).reshape(8, 8)
    with Server(*save(tmp_path_factory.mktemp("framing"), {"a": array})) as server:
        yield server


def statuses(received: bytes) -> list[int]:
    """Tell the statuses of all that was answered; bodies here hold no status line."""
    return [int(part.split(b" ")[1]) for part in received.split(b"HTTP/1.")[1:]]


def exchange(server: Server, pieces: list[bytes]) -> tuple[list[int], bool]:
    """Send pieces, and read until the end; tell the statuses and whether the server closed."""
    with sockets.connect(server) as connection:
        connection.setsockopt(sockets.socket.IPPROTO_TCP, sockets.socket.TCP_NODELAY, 1)
        for piece in pieces:
            try:
                connection.sendall(piece)
            except ConnectionError:
                break
        received, is_closed = sockets.all_of(connection, 2)
    return statuses(received), is_closed


def cut(raw: bytes, size: int) -> list[bytes]:
    """Cut bytes into pieces."""
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def test_what_can_be_read_in_two_ways_is_refused_and_nothing_is_smuggled(
    server: Server, full: bool, figure: Figures
) -> None:
    sizes = [1, 7, 10_000] if full else [7, 10_000]
    wrong, tried, smuggled = [], 0, 0
    for name, raw in REFUSED.items():
        for size in sizes:
            for before in ((b"", []), (GET + b"\r\n", [200])):
                tried += 1
                found, is_closed = exchange(server, cut(before[0] + raw + SMUGGLED, size))
                smuggled += len(found) > len(before[1]) + 1
                if found != [*before[1], 400] or not is_closed:
                    wrong.append((name, size, found, is_closed))
    for name, raw in BROKEN_BODIES.items():
        for size in sizes:
            tried += 1
            found, is_closed = exchange(server, cut(raw + SMUGGLED, size))
            smuggled += len(found) > 1
            if len(found) != 1 or found[0] not in (400, 413) or not is_closed:
                wrong.append((name, size, found, is_closed))
    alive = server.get("/healthz").status
    figure(
        "R28",
        f"{len(REFUSED) + len(BROKEN_BODIES)} requests that can be read in two ways",
        "400 (413 for a body that is not wanted) and closed, nothing smuggled",
        tried=tried,
        wrong=len(wrong),
        smuggled=smuggled,
    )
    assert not wrong, "\n".join(map(str, wrong))
    assert smuggled == 0
    assert alive == 200


def test_what_has_one_meaning_is_taken(server: Server, figure: Figures) -> None:
    wrong = []
    for name, (raw, goes_on) in TAKEN.items():
        for size in (1, 10_000):
            close = SMUGGLED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            found, is_closed = exchange(server, cut(raw + close, size))
            if found != [200] * (1 + goes_on) or not is_closed:
                wrong.append((name, size, found, is_closed))
    figure("R28", f"{len(TAKEN)} unusual requests of one meaning", "answered", wrong=len(wrong))
    assert not wrong, "\n".join(map(str, wrong))
