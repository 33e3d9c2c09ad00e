"""R26: by which names the server answers. What has another name in `Host` is turned away before any work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from harness import Server, save
from raw_http import Request, ask, ask_all, request
from routes import Route, routes

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ["GET", "HEAD", "OPTIONS", "POST"]
OURS = [
    b"localhost",
    b"localhost:PORT",
    b"localhost:1",
    b"LOCALHOST",
    b"LocalHost:65535",
    b" \t localhost \t ",
    b"127.0.0.1",
    b"127.0.0.1:PORT",
    b"[::1]",
    b"[::1]:PORT",
    b"[0:0:0:0:0:0:0:1]",
    b"[::0001]:80",
    b"tiles.example",
    b"TILES.example:443",
]
FOREIGN = [
    b"evil.example",
    b"evil.example:PORT",
    b"localhost.evil.example",
    b"127.0.0.1.nip.io",
    b"127.0.0.1.evil.example:PORT",
    b"tiles.example.evil.example",
    b"evil-tiles.example",
    b"a.tiles.example",
    b"tiles",
    b"example",
    b"localhost.",
    b"127.0.0.1.",
    b"tiles.example.",
    b"xlocalhost",
    b"localhostx",
    b"a.localhost",
    b".localhost",
    b"localhost.localdomain",
    b"ip6-localhost",
    b"host.docker.internal",
    b"metadata.google.internal",
    b"xn--lcalhost-54a",
    b"0.0.0.0",
    b"0.0.0.0:PORT",
    b"10.0.0.1:8000",
    b"192.168.1.10",
    b"169.254.169.254",
    b"127.0.0.2",
    b"127.1",
    b"127.0.1",
    b"2130706433",
    b"0x7f000001",
    b"0x7f.0.0.1",
    b"0177.0.0.1",
    b"127.0.0.01",
    b"127.0.0.1.localhost",
    b"[::]",
    b"[::ffff:127.0.0.1]",
    b"[::ffff:7f00:1]",
    b"[::127.0.0.1]",
    b"[fe80::1]",
    b"...",
    b"_",
    b"-",
]
MALFORMED = [
    b"",
    b":",
    b":80",
    b"localhost:",
    b"localhost:x",
    b"localhost:65536",
    b"localhost:+80",
    b"localhost:-1",
    b"localhost:000080",
    b"localhost:80:80",
    b"localhost: 80",
    b"user@localhost",
    b"user:password@localhost:80",
    b"localhost@evil.example",
    b"localhost/",
    b"localhost/evil.example",
    b"localhost#evil.example",
    b"localhost?evil.example",
    b"localhost\\evil.example",
    b"local host",
    b"localhost\tevil.example",
    b"localhost,evil.example",
    b"localhost;evil.example",
    b'"localhost"',
    b"<localhost>",
    b"*",
    b"*.example",
    b"http://localhost",
    b"//localhost",
    b"%6cocalhost",
    b"localhost%00",
    b"localhost%2eevil.example",
    b"[::1",
    b"::1",
    b"[::1]8000",
    b"[::1]:",
    b"[::1]:x",
    b"[::1%lo]",
    b"[fe80::1%25lo]",
    b"[localhost]",
    b"[127.0.0.1]",
    b"[]",
    b"[[::1]]",
    b"\xff\xfe",
    "löcalhost".encode(),
    "ⓛocalhost".encode(),
    "127.0.0.1:８０".encode(),
    b"a" * 256,
    b"a" * 8192,
]
# Heads with another number of names than one, or with a name in the address itself.
HEADS = [
    (b"M / HTTP/1.1\r\n\r\n", 400),
    (b"M / HTTP/1.0\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n", 400),
    (b"M / HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nHost: local\r\n host\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nHost: localhost\x00\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nHost: localhost\x0b\r\n\r\n", 400),
    (b"M / HTTP/1.1\r\nX-Forwarded-Host: localhost\r\nHost: evil.example\r\n\r\n", 421),
    (b"M / HTTP/1.1\r\nForwarded: host=localhost\r\nX-Host: localhost\r\nHost: evil.example\r\n\r\n", 421),
    (b"M http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 421),
    (b"M http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    (b"M http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    (b"M http://127.0.0.1.nip.io/images HTTP/1.1\r\nHost: localhost\r\n\r\n", 421),
    (b"M http://user@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"M http://localhost@evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"M http://localhost/ HTTP/1.1\r\n\r\n", 400),
]
OUR_HEADS = [
    b"M http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"M http://127.0.0.1/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"M / HTTP/1.1\r\nX-Forwarded-Host: evil.example\r\nHost: localhost\r\n\r\n",
    b"M / HTTP/1.1\r\nhOST:localhost\r\n\r\n",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    array = np.random.default_rng(26).integers(0, 256, (300, 500), np.uint8)
    files = save(tmp_path_factory.mktemp("host"), {"a": array})
    with Server(*files, "--allow-host", "tiles.example", "--allow-upload=1M") as server:
        yield server


def named(server: Server, route: Route, method: str, host: bytes) -> Request:
    """Ask for a route by a method, under a name."""
    value = host.replace(b"PORT", str(server.port).encode()).decode("latin-1")
    return request(route.target(), [f"Host: {value}"], method)


def worked(server: Server) -> dict[str, str]:
    """Tell what was done so far: answers of protocols, and tiles that were looked up."""
    text = server.ok("/metrics").body.decode()
    counters = re.findall(r"^(projectile_(?:requests_total|tile_cache\w*)\S*) (\S+)$", text, re.MULTILINE)
    return {
        name: value for name, value in counters if 'protocol="none"' not in name and "metrics" not in name
    }


def test_every_address_and_method_is_answered_by_our_names_only(server, full, figure):
    known = routes(server.json("/api/openapi.json"))
    kinds = ("/", "/healthz", "/metrics", "/images", "/images/{id}/{z}/{x}/{y}.{format}", "/upload", "/api")
    asked = [route for route in known if full or route.path in kinds]
    assert len(asked) >= len(kinds)
    pairs = [(route, method) for route in asked for method in METHODS if not route.is_stream]
    plain = list(ask_all(server.port, [named(server, *pair, b"127.0.0.1") for pair in pairs]))
    expected = [answer.status for answer in plain]
    assert not {0, 421, 500} & set(expected)
    wrong = []
    tried = 0
    for host in OURS:
        answers = ask_all(server.port, [named(server, *pair, host) for pair in pairs])
        for pair, status, answer in zip(pairs, expected, answers, strict=True):
            tried += 1
            if answer.status != status:
                wrong.append((host, pair, answer.status))
    before = worked(server)
    for hosts, status in ((FOREIGN, 421), (MALFORMED, 400)):
        for host in hosts:
            answers = ask_all(server.port, [named(server, *pair, host) for pair in pairs])
            for pair, answer in zip(pairs, answers, strict=True):
                tried += 1
                if answer.status != status or b"images" in answer.body:
                    wrong.append((host, pair, answer.status))
    after = worked(server)
    # A stream that is turned away ends, too.
    streams = [route for route in known if route.is_stream]
    for host in (b"evil.example", b"127.0.0.1.nip.io", b"0.0.0.0"):
        for route in streams:
            answer = ask(server.port, named(server, route, "GET", host))
            tried += 1
            if answer.status != 421:
                wrong.append((host, route, answer.status))
    names = len(OURS) + len(FOREIGN) + len(MALFORMED)
    figure(
        "R26",
        "names in Host, by raw socket, on every kind of address by four methods",
        "only ours are answered, others 421 or 400 before any work",
        names=names,
        requests=tried,
        wrong=len(wrong),
        work_done=sum(after[name] != before.get(name) for name in after),
    )
    assert names >= 60
    assert not wrong, wrong[:10]
    assert after == before


@pytest.mark.parametrize("method", METHODS)
def test_a_request_has_one_name(server, method, figure):
    wrong = []
    plain = ask(server.port, request("/", ["Host: localhost"], method)).status
    for head, expected in [*HEADS, *((head, plain) for head in OUR_HEADS)]:
        answer = ask(server.port, Request(head.replace(b"M ", method.encode() + b" ", 1), method))
        if answer.status != expected:
            wrong.append((head, answer.status, expected))
    figure(
        "R26",
        f"no name, several, and names in the address, by {method}",
        "400 or 421 unless all of them are ours",
        heads=len(HEADS) + len(OUR_HEADS),
        wrong=len(wrong),
    )
    assert not wrong
