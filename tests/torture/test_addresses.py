"""R31: addresses that clients give. None is fetched by default, and with prefixes only what is under them."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

import numpy as np
import pytest
from harness import Server, save
from opened_files import CALLS, called, watched
from raw_http import ask_all, request
from remote_server import RemoteServer
from routes import routes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIDE = 2600


class Canary:
    """Listens on a port by each of this machine's own addresses, and counts who comes; a context."""

    ADDRESSES = ("127.0.0.1", "127.0.0.2", "::1")

    def __enter__(self) -> Self:
        self.hits: list[str] = []
        self._sockets: list[socket.socket] = []
        self.port = 0
        for address in self.ADDRESSES:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listening = socket.socket(family, socket.SOCK_STREAM)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind((address, self.port))
            except OSError:
                # A machine without IPv6 has nobody there to be reached either.
                listening.close()
                assert family == socket.AF_INET6
                continue
            listening.listen(64)
            self.port = listening.getsockname()[1]
            self._sockets.append(listening)
            threading.Thread(target=self._count, args=(listening, address), daemon=True).start()
        return self

    def _count(self, listening: socket.socket, address: str) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                self.hits.append(address)

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            each.shutdown(socket.SHUT_RDWR)
            each.close()


def elsewhere(here: int, there: int) -> list[str]:
    """Tell addresses that lead away from `http://127.0.0.1:{here}/deep/`, mostly to the port `there`."""
    ours, theirs = f"127.0.0.1:{here}", f"127.0.0.1:{there}"
    tail = f":{there}/deep/field.npy"
    hosts = [
        *[
            "127.0.0.1",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "127.0.0.1.",
            "127.0.0.2",
            "0.0.0.0",  # noqa: S104
            "0",
            "127.1",
        ],
        *[
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7F.0x0.0x0.0x1",
            "0177.0.0.1",
            "017700000001",
            "0x7f.1",
            "[::1]",
        ],
        *[
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:7f00:0001]",
            "[::127.0.0.1]",
            "[fe80::1%25lo]",
        ],
        *[
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "127.0.0.1%00.example",
            "127.0.0.1.nip.io",
            "ⓛocalhost",
        ],
    ]
    return [
        *[f"http://{host}{tail}" for host in hosts],
        # The machine's own services in clouds.
        *[
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
            "http://[fd00:ec2::254]/latest/",
        ],
        *[
            "http://2852039166/latest/",
            "http://0xa9fea9fe/",
            "http://[::ffff:169.254.169.254]/",
            "http://100.100.100.200/",
        ],
        *[
            "http://metadata.google.internal/computeMetadata/v1/",
            "http://169.254.169.254.nip.io/",
            "http://10.0.0.1/",
        ],
        # The right host, and the wrong place.
        *[
            f"http://{ours}/field.npy",
            f"http://{ours}/deeper/field.npy",
            f"http://{ours}/DEEP/field.npy",
            f"http://{ours}/",
        ],
        *[
            f"http://{ours}/deep/../field.npy",
            f"http://{ours}/deep/%2e%2e/field.npy",
            f"http://{ours}/deep/..%2ffield.npy",
        ],
        *[
            f"http://{ours}/deep/%252e%252e/field.npy",
            f"http://{ours}/deep\\..\\field.npy",
            f"http://{ours}//deep/field.npy",
        ],
        *[
            f"http://{ours}/deep%2f..%2ffield.npy",
            f"http://{ours}/./deep/../field.npy",
            f"http://{ours}/deep/..;/field.npy%00",
        ],
        *[
            f"https://{ours}/deep/field.npy",
            f"http://{ours}/?/deep/field.npy",
            f"http://{ours}#/deep/field.npy",
        ],
        # A user who looks like a host.
        *[
            f"http://{ours}@{theirs}/deep/field.npy",
            f"http://{ours}%40{theirs}/deep/field.npy",
            f"http://a:b@{ours}/deep/f.npy",
        ],
        *[
            f"http://{ours}\\@{theirs}/deep/field.npy",
            f"http://{ours}#@{theirs}/deep/f",
            f"http://{ours}?@{theirs}/deep/f",
        ],
        *[
            f"http://{ours};@{theirs}/deep/field.npy",
            f"http://{ours} @{theirs}/deep/field.npy",
            f"http://@{theirs}/deep/f",
        ],
        *[
            f"http://{ours}\t@{theirs}/deep/f",
            f"http://{ours}\r\nHost: {theirs}/deep/f",
            f"http://{theirs}/deep/#{ours}",
        ],
        # Other schemes, and what is no address.
        *[
            "file:///etc/passwd",
            "file://localhost/etc/passwd",
            "FILE:/etc/passwd",
            "/etc/passwd",
            "etc/passwd",
            "demo",
            "",
        ],
        *[
            f"gopher://{theirs}/_GET%20/",
            f"ftp://{theirs}/a.npy",
            f"dict://{theirs}/",
            f"ldap://{theirs}/",
            f"ws://{theirs}/",
        ],
        *[
            f"smb://{theirs}/a.npy",
            f"jar:http://{theirs}/a!/",
            "data:image/png;base64,AAAA",
            "unix:///var/run/docker.sock",
        ],
        *[
            f"//{theirs}/deep/field.npy",
            f"http:{theirs}/deep/field.npy",
            f"http:/{theirs}/deep/f",
            f"http:///{theirs}/deep/f",
        ],
        *[
            f"\\\\{theirs}\\deep\\field.npy",
            f" http://{theirs}/deep/f",
            f"ht\ttp://{theirs}/deep/f",
            f"http:\\\\{theirs}/deep/f",
        ],
        # Stores, with an endpoint of the client's own.
        *[
            "s3://other/a.npy",
            "s3://scans/private/a.npy",
            "s3://scans/public/../private/a.npy",
            "gs://scans/public/a.npy",
        ],
        *[
            f"s3://scans@{theirs}/public/a.npy",
            f"s3://{theirs}/public/a.npy",
            "az://scans/public/a.npy",
            "s3:///public/a.npy",
        ],
        *[
            f"s3+http://{theirs}/public/a.npy",
            f"s3://other/a.npy?endpoint=http://{theirs}",
            "abfs://scans/public/a.npy",
        ],
        # One address inside of another.
        f"http://{theirs}/a.zarr::http://{ours}/deep/field.npy",
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What lies elsewhere: under the prefix, and beside it."""
    made = tmp_path / "remote"
    (made / "deep").mkdir(parents=True)
    array = np.arange(SIDE * SIDE, dtype="f4").reshape(SIDE, SIDE)
    np.save(made / "deep" / "field.npy", array)
    np.save(made / "field.npy", array)
    return made


@pytest.fixture
def canary() -> Iterator[Canary]:
    """Who must never be called."""
    with Canary() as canary:
        yield canary


def test_by_default_no_address_is_fetched(folder, tmp_path, canary, figure):
    """Neither by POST, nor in any parameter of any address."""
    log = tmp_path / "calls"
    log.touch()
    with (
        RemoteServer(folder) as web,
        watched(Server(*save(tmp_path, {"a": np.zeros((90, 90))})), log, CALLS) as server,
    ):
        targets = [*elsewhere(int(web.url.rsplit(":", 1)[1]), canary.port), f"{web.url}/deep/field.npy"]
        statuses = {server.post("/open", {"url": target}).status for target in targets}
        inside = [
            target for target in targets if target.isascii() and target.isprintable() and " " not in target
        ]
        asked = []
        for number, route in enumerate(routes(server.json("/api/openapi.json"))):
            if route.is_stream or route.method != "GET":
                continue
            for target in [f"{web.url}/deep/field.npy", inside[number % len(inside)]]:
                written = target.replace("&", "%26").replace("#", "%23")
                asked += [request(route.target(**{name: written})) for name in route.in_query]
                asked += [
                    request(route.target(**{name: written.replace("/", "%2f")})) for name in route.in_path
                ]
        for name in ("url", "src", "source", "image", "file", "path", "callback", "endpoint", "proxy"):
            asked += [
                request(f"/images?{name}={web.url}/deep/field.npy"),
                request(f"/?{name}={web.url}/deep/field.npy"),
            ]
        list(ask_all(server.port, asked))
        fetched = list(web.requests)
    spoken = called(log)
    figure(
        "R31",
        "addresses given to a server without --allow-remote",
        "no connection is made",
        addresses=len(targets),
        requests=len(asked),
        connections=len(spoken) + len(canary.hits) + len(fetched),
    )
    assert statuses == {403}
    assert not spoken
    assert not fetched
    assert not canary.hits


def test_with_prefixes_only_what_is_under_them(folder, tmp_path, monkeypatch, canary, figure):
    log = tmp_path / "calls"
    log.touch()
    for name, value in [
        ("AWS_ENDPOINT_URL", f"http://127.0.0.1:{canary.port}"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "someone"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("HTTP_PROXY", ""),
        ("NO_PROXY", "*"),
    ]:
        monkeypatch.setenv(name, value)
    with RemoteServer(folder) as web:
        port = int(web.url.rsplit(":", 1)[1])
        options = ["--allow-remote", f"{web.url}/deep/", "--allow-remote", "s3://scans/public"]
        with watched(Server("demo", *options), log, CALLS) as server:
            targets = elsewhere(port, canary.port)
            answers = {target: server.post("/open", {"url": target}).status for target in targets}
            fetched, spoken, hits = list(web.requests), called(log), list(canary.hits)
            # The prefix itself works, so that the others were refused for what they are.
            assert server.post("/open", {"url": f"{web.url}/deep/field.npy"}).json() == {"images": ["field"]}
            reached = called(log)
    figure(
        "R31",
        "addresses that lead away from the prefixes of --allow-remote",
        "refused, and no connection is made",
        addresses=len(targets),
        connections=len(spoken),
        hits=len(hits) + len(fetched),
    )
    assert len(targets) >= 80
    assert set(answers.values()) <= {400, 403}, {
        target: status for target, status in answers.items() if status not in (400, 403)
    }
    assert not spoken
    assert not fetched
    assert not hits
    assert ("127.0.0.1", port) in reached


def test_redirections_are_looked_at_again(folder, tmp_path, canary, figure):
    """At opening and at every later read; through any number of steps that are allowed."""
    log = tmp_path / "calls"
    log.touch()
    with RemoteServer(folder) as web:
        port = int(web.url.rsplit(":", 1)[1])
        ours, theirs = f"127.0.0.1:{port}", f"127.0.0.1:{canary.port}"
        leads = [
            *[
                target
                for target in elsewhere(port, canary.port)
                if target.isascii() and target.isprintable() and target
            ],
            *[
                f"//{theirs}/deep/field.npy",
                "/field.npy",
                "../field.npy",
                "/deep/../field.npy",
                "..%2ffield.npy",
                "\\field.npy",
            ],
            *[
                f"/\\{theirs}/deep/field.npy",
                f"http://{ours}/deep/../field.npy",
                "?/../field.npy/../../",
                "/deep/loop.npy",
            ],
        ]
        web.redirects = {f"/deep/lead{number}.npy": lead for number, lead in enumerate(leads)}
        web.redirects |= {f"/deep/far{step}.npy": f"/deep/far{step + 1}.npy" for step in range(3)}
        web.redirects |= {
            "/deep/far3.npy": f"http://{theirs}/deep/field.npy",
            "/deep/loop.npy": "/deep/loop.npy",
        }
        with watched(Server("demo", "--allow-remote", f"{web.url}/deep/"), log, CALLS) as server:
            names = [*web.redirects]
            answers = {name: server.post("/open", {"url": web.url + name}).status for name in names}
            beside = [path for path, _ in web.requests if not path.startswith("/deep/")]
            # What was right when it was opened leads away when it is read.
            assert server.post("/open", {"url": f"{web.url}/deep/field.npy"}).status == 200
            zoom = server.json("/images/field")["native_zoom"]
            web.redirects["/deep/field.npy"] = f"http://{theirs}/deep/field.npy"
            later = [server.get(f"/images/field/{zoom}/{at}/{at}.npy").status for at in range(0, 10, 3)]
            beside += [path for path, _ in web.requests if not path.startswith("/deep/")]
    spoken = {address for address in called(log) if address[1] != port}
    figure(
        "R31",
        "redirections that lead away from the prefix, at opening and later",
        "not followed",
        redirections=len(leads) + 2,
        followed=len(canary.hits) + len(spoken) + len(beside),
    )
    opened = {
        name: (web.redirects[name], status)
        for name, status in answers.items()
        if not 400 <= status < 600 or status == 500
    }
    assert not opened
    assert not canary.hits
    assert not spoken
    assert not beside
    assert any(status >= 400 for status in later), later
