"""R28, behind a proxy: malformed framing makes nginx and the server disagree on nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from harness import Server, save
from nginx import Nginx, free_port
from raw_http import Connection, ask_all, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNDER = "/a/b"

# Framing on which a proxy and what is behind it might disagree. <S> is a request to smuggle, <L> its length.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nX: "
BODIES = [
    b"Content-Length: <L>\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n2e\r\n<S>\r\n0\r\n\r\n",
    b"Content-Length: 0\r\nContent-Length: <L>\r\n\r\n<S>",
    b"Content-Length: <L>\r\nContent-Length: 0\r\n\r\n<S>",
    b"Content-Length: 0, <L>\r\n\r\n<S>",
    b"Content-Length: +0\r\n\r\n<S>",
    b"Content-Length: -1\r\n\r\n<S>",
    b"Content-Length: 0x0\r\n\r\n<S>",
    b"Content-Length: 0 0\r\n\r\n<S>",
    b"Content-Length : <L>\r\n\r\n<S>",
    b"Content-Length: 18446744073709551616\r\n\r\n<S>",
    b"Content_Length: <L>\r\n\r\n<S>",
    b"Content-Length\x00: <L>\r\n\r\n<S>",
    b"Content-Length: \x0b<L>\r\n\r\n<S>",
    b"\x00Content-Length: <L>\r\n\r\n<S>",
    b"Transfer-Encoding: xchunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding : chunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding:\tchunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: \x0bchunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: chunked, identity\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: identity, chunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: ChUnKeD\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer_Encoding: chunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding:\r\n chunked\r\nContent-Length: <L>\r\n\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n0;a=b\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n0;\n<S>\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n0\n\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: <S>\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n00000000000000000\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n1\r\nAA\r\n0\r\n\r\n<S>",
    b"Transfer-Encoding: chunked\r\n\r\n1_0\r\n<S>",
    b"Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\nContent-Length: <L>\r\n\r\n<S>",
    b"Expect: 100-continue\r\nContent-Length: <L>\r\n\r\n<S>",
    b"Connection: Content-Length\r\nContent-Length: <L>\r\n\r\n<S>",
    b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n<S>",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n<S>",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1337\r\nSec-WebSocket-Key: a\r\n\r\n<S>",
    b"\nContent-Length: <L>\r\n\r\n<S>",
    b"\r\n\r\n<S>",
]
LINES = [
    b"GET @/images HTTP/1.1",
    b"POST @/images/photo/statistics HTTP/1.1",
    b"HEAD @/images HTTP/1.1",
    b"POST @/images/photo/statistics HTTP/1.0",
]
TARGETS = [
    b"GET @/images HTTP/1.1\r\nX: y HTTP/1.1",
    b"GET @/images%20HTTP/1.1%0d%0aHost:%20localhost%0d%0a%0d%0aGET%20/smuggled HTTP/1.1",
    b"GET @/images%0d%0a%0d%0aGET%20/smuggled HTTP/1.1",
    b"GET @/images?%0d%0aX:%20y HTTP/1.1",
    b"GET http://127.0.0.1/a/b/smuggled/../images HTTP/1.1",
    b"GET http://evil.example/a/b/images HTTP/1.1",
    b"GET @/../../smuggled HTTP/1.1",
    b"GET @/%2e%2e/%2e%2e/smuggled HTTP/1.1",
    b"GET /a/b../smuggled HTTP/1.1",
    b"GET @//evil.example/%2e%2e HTTP/1.1",
    b"GET @/images HTTP/1.2",
    b"GET @/images HTTP/2.0",
    b"GET @/images",
    b"GET\t@/images\tHTTP/1.1",
    b"GET @/im\x00ages HTTP/1.1",
    b"GET @/images HTTP/1.1\n",
    b"PRI * HTTP/2.0",
    b"CONNECT 127.0.0.1:1 HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"TRACE @/images HTTP/1.1",
]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[Server, Nginx]]:
    """A server that logs what it is asked, and nginx before it."""
    files = save(tmp_path, {"photo": np.zeros((300, 300), np.uint8)})
    with Server(*files, "--log", "json") as server, Nginx(tmp_path, free_port(), server.port) as proxy:
        yield server, proxy


@pytest.mark.timeout(600)
def test_no_framing_makes_the_two_disagree(behind, full, figure):
    """After each attempt the connections between them still carry each request to its own answer."""
    server, proxy = behind
    host = f"\r\nHost: 127.0.0.1:{proxy.port}\r\n".encode()
    length = str(len(SMUGGLED)).encode()
    attempts = [line + host + body for line in (LINES if full else LINES[1:2]) for body in BODIES] + [
        line + host + b"\r\n" for line in TARGETS
    ]
    wrong, answers = [], 0
    for number, attempt in enumerate(attempts):
        raw = attempt.replace(b"@", UNDER.encode()).replace(b"<L>", length).replace(b"<S>", SMUGGLED)
        with Connection(proxy.port) as connection:
            connection.socket.settimeout(0.2)
            connection.send(raw + b"\r\n\r\n")
            try:
                while (answer := connection.answer(raw[:4].decode().strip())).status:
                    answers += 1
                    if answer.status == 101 or (answer.status >= 500 and answer.status not in (501, 505)):
                        wrong.append((attempt, answer.status))
            except (TimeoutError, ValueError, AssertionError, IndexError):
                # It waits for more of a body, or speaks HTTP/0.9: what matters is what others get.
                pass
        names = [f"after-{number}-{each}" for each in range(3)]
        asked = [
            request(f"{UNDER}/images?n={name}", [f"Host: 127.0.0.1:{proxy.port}", f"X-Request-ID: {name}"])
            for name in names
        ]
        for name, answer in zip(names, ask_all(proxy.port, asked), strict=True):
            if (
                answer.status != 200
                or answer.headers.get("x-request-id") != name
                or b'"photo"' not in answer.body
            ):
                wrong.append((attempt, name, answer.status, answer.headers.get("x-request-id")))
    lines = [json.loads(line) for line in server.stderr().splitlines() if line.startswith("{")]
    smuggled = [line for line in lines if line.get("path", "").startswith("/smuggled")]
    figure(
        "R28",
        "malformed framing sent to nginx, which keeps connections to the server",
        "no request is smuggled, every later one has its own answer",
        attempts=len(attempts),
        answers=answers,
        smuggled=len(smuggled),
        wrong=len(wrong),
    )
    assert lines, "nothing was logged"
    assert not wrong, wrong[:5]
    assert not smuggled, smuggled[:5]
